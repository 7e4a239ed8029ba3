"""Declarations of experiments, and errors of invalid ones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra import CapacityBlock, CapacityReservation, DeclarationError, Experiment, Image, Lustre, QuietHours, Spot
from tests.conftest import an_environment, an_experiment


def refusal(**changes: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        an_experiment(**changes)
    return str(refused.value)


def here(experiment: Experiment, **changes: Any) -> str:
    """The error of an environment about an experiment that is valid on its own."""
    with pytest.raises(DeclarationError) as refused:
        an_environment(experiments=[experiment], **changes)
    return str(refused.value)


class TestAsk:
    def test_by_default_it_gets_the_small_size(self) -> None:
        choice = an_environment().choice(an_experiment())
        assert choice.instance_type.name == "p3.2xlarge"
        assert choice.reason == "p3.2xlarge (1 x v100 of 16 GiB, 3.06 USD/h); the size small."

    def test_gpus_get_the_cheapest_type_that_has_them(self) -> None:
        experiment = an_experiment(gpu="H100", gpus_per_node=8, nodes=4)
        assert an_environment().instance_type(experiment).name == "p5.48xlarge"

    def test_a_type_by_name(self) -> None:
        assert an_environment().instance_type(an_experiment(instance_type="g6.xlarge")).name == "g6.xlarge"

    def test_two_ways_to_choose_a_type_at_once_are_refused(self) -> None:
        text = refusal(size="small", gpu="H100", instance_type="g6.xlarge")
        assert "size, gpu, instance_type: only one of them can be given. Expected: one of" in text

    def test_a_number_of_gpus_without_a_gpu_is_refused(self) -> None:
        assert "gpus_per_node: 8 is given without gpu" in refusal(gpus_per_node=8)
        assert "gpu_memory_gib: 40 is given without gpu" in refusal(size="small", gpu_memory_gib=40)

    def test_a_gpu_that_does_not_exist_lists_the_nearest(self) -> None:
        assert "gpu: 'H10' is not an accelerator of the catalog. Nearest: h100" in refusal(gpu="H10")

    def test_a_count_without_an_offer_lists_the_nearest(self) -> None:
        text = refusal(gpu="H100", gpus_per_node=2)
        assert "gpu: no instance type has 2 x h100. Nearest: p5.4xlarge (1 x h100" in text

    def test_a_type_that_does_not_exist_lists_its_family(self) -> None:
        assert "instance_type: 'p5.96xlarge' is not" in refusal(instance_type="p5.96xlarge")

    def test_an_accelerator_without_an_image_is_refused_by_the_environment(self) -> None:
        text = here(an_experiment(gpu="radeon-pro-v520"))
        assert "experiments.two-tower-v2: its nodes are g4ad.xlarge, and the catalog has no image" in text
        image = Image(reference="ami-0123456789abcdef0")
        an_environment(experiments=[an_experiment(gpu="radeon-pro-v520")], images={"radeon-pro-v520": image})


class TestEfa:
    @pytest.mark.parametrize(
        ("ask", "expected"),
        [
            ({"gpu": "H100", "gpus_per_node": 8, "nodes": 4}, True),
            ({"gpu": "H100", "gpus_per_node": 8, "nodes": 1}, False),
            ({"gpu": "H100", "gpus_per_node": 8, "nodes": 4, "efa": False}, False),
            ({"gpu": "H100", "gpus_per_node": 8, "nodes": 1, "efa": True}, True),
            ({"size": "small", "nodes": 2}, False),  # p3.2xlarge has none
            ({"instance_type": "g5.12xlarge", "nodes": 2, "purchase": Spot(instance_types=["g5.24xlarge"])}, False),
        ],
    )
    def test_it_is_used_by_several_nodes(self, ask: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
        assert an_environment().uses_efa(an_experiment(**ask)) is expected

    def test_a_type_without_is_refused_with_those_that_have_it(self) -> None:
        text = here(an_experiment(size="small", efa=True))
        assert "experiments.two-tower-v2.efa: p3.2xlarge has no Elastic Fabric Adapter" in text
        assert "one that has: p3dn.24xlarge" in text


class TestPurchase:
    def test_more_on_demand_nodes_than_nodes_are_refused(self) -> None:
        assert "purchase.on_demand_nodes: 3 is more than nodes. Expected: 0 to 2." in refusal(
            nodes=2, purchase=Spot(on_demand_nodes=3)
        )

    def test_a_type_that_does_not_exist_is_refused(self) -> None:
        assert "purchase.instance_types: 'g5.13xlarge' is not an accelerator instance type of the catalog" in refusal(
            purchase=Spot(instance_types=["g5.13xlarge"])
        )

    def test_a_type_with_another_image_is_refused(self) -> None:
        spot = Spot(instance_types=["p3.8xlarge", "g5.24xlarge"])
        text = here(an_experiment(instance_type="g5.12xlarge", purchase=spot))
        assert "p3.8xlarge needs another image than g5.12xlarge" in text
        assert "g5.24xlarge" not in text

    def test_types_with_other_cards_cannot_share_interfaces(self) -> None:
        spot = Spot(instance_types=["g6e.48xlarge"])
        text = here(an_experiment(instance_type="g6e.24xlarge", nodes=2, efa=True, purchase=spot))
        assert "g6e.48xlarge has other network cards than g6e.24xlarge" in text

    @pytest.mark.parametrize("kind", [CapacityReservation, CapacityBlock])
    def test_an_invalid_reservation_is_refused(self, kind: type[CapacityReservation | CapacityBlock]) -> None:
        with pytest.raises(DeclarationError, match="reservation_id: 'h100s'"):
            kind(reservation_id="h100s")


class TestVariables:
    def test_a_name_that_is_not_valid_in_a_shell_is_refused(self) -> None:
        assert "variables: 'WANDB-PROJECT' is not a valid name" in refusal(variables={"WANDB-PROJECT": "x"})

    @pytest.mark.parametrize("name", ["MASTER_ADDR", "MLINFRA_CLUSTER"])
    def test_a_variable_that_mlinfra_sets_is_refused(self, name: str) -> None:
        assert f"variables: {name!r} is set by mlinfra" in refusal(variables={name: "x"})

    def test_several_lines_are_refused(self) -> None:
        assert "variables.NOTE: 'a\\nb' has more than one line. Expected: one line." in refusal(
            variables={"NOTE": "a\nb"}
        )


class TestLustre:
    @pytest.mark.parametrize("capacity", [1200, 2400, 4800])
    def test_a_size_that_fsx_offers(self, capacity: int) -> None:
        assert Lustre(zone="raw", capacity_gib=capacity).capacity_gib == capacity

    @pytest.mark.parametrize("capacity", [0, 1000, 1201, 3600, -2400])
    def test_a_size_that_fsx_does_not_offer_is_refused(self, capacity: int) -> None:
        with pytest.raises(DeclarationError, match=re.escape(f"capacity_gib: {capacity} is not offered")):
            Lustre(zone="raw", capacity_gib=capacity)

    def test_a_zone_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match="zone: 'bronze' is not a zone of the data lake"):
            Lustre(zone="bronze")

    @pytest.mark.parametrize("prefix", ["/clicks/", "clicks", "a//b/"])
    def test_an_invalid_prefix_is_refused(self, prefix: str) -> None:
        with pytest.raises(DeclarationError, match="prefix: "):
            Lustre(zone="raw", prefix=prefix)


class TestLimits:
    def test_without_a_limit_of_its_own_it_has_the_environments(self) -> None:
        environment = an_environment(monthly_spend_limit_usd=5_000)
        assert environment.spend_limit_usd(an_experiment()) == 5_000
        assert environment.spend_limit_usd(an_experiment(spend_limit_usd=300)) == 300

    def test_quiet_hours_are_lifted_only_for_a_reason(self) -> None:
        assert "works_in_quiet_hours: 'yes'" in refusal(works_in_quiet_hours="yes")


class TestQuietHours:
    @pytest.mark.parametrize(
        ("days", "cron"), [("every day", "30 20 * * *"), ("weekdays", "30 20 * * 1-5"), ("weekends", "30 20 * * 0,6")]
    )
    def test_the_schedule(self, days: Any, cron: str) -> None:
        assert QuietHours(begin="20:30", days=days, time_zone="Europe/Berlin").cron == cron

    @pytest.mark.parametrize("begin", ["24:00", "8:00", "20", "20:60"])
    def test_an_invalid_time_is_refused(self, begin: str) -> None:
        with pytest.raises(DeclarationError, match=f"begin: '{begin}'"):
            QuietHours(begin=begin)

    def test_an_invalid_time_zone_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match="time_zone: 'Berlin' is not a time zone"):
            QuietHours(begin="20:00", time_zone="Berlin")


@pytest.mark.parametrize("days", [-1, 0, 183])
def test_a_capacity_block_lasts_1_to_182_days(days: int) -> None:
    starts = datetime(2026, 12, 1, 11, 30, tzinfo=timezone.utc)
    with pytest.raises(DeclarationError, match=r"ends: .* is not 1 to 182 days after starts"):
        CapacityBlock(reservation_id="cr-0123456789abcdef0", starts=starts, ends=starts + timedelta(days=days))


def test_a_capacity_block_has_times_with_a_time_zone() -> None:
    times: dict[str, Any] = {"starts": datetime(2026, 12, 1, 11, 30), "ends": datetime(2026, 12, 8, 11, 30)}  # noqa: DTZ001
    with pytest.raises(DeclarationError, match=r"starts: .* with a time zone, such as datetime\(2026"):
        CapacityBlock(reservation_id="cr-0123456789abcdef0", **times)
