"""Training queues as they are declared."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import DeclarationError, Environment, Queue
from mlinfra.catalog.instances import instance_types
from mlinfra.catalog.offers import gpu_models
from mlinfra.declarations.training_queue import NVIDIA_GPUS
from tests.conftest import an_environment, an_experiment


def a_declared_queue(**changes: Any) -> Queue:
    """A valid queue with `changes`."""
    values: dict[str, Any] = {
        "name": "ranking",
        "owner": "ana@example.com",
        "gpu": "A10G",
        "gpus_per_node": 4,
        "max_nodes": 16,
        "teams": {"ranking": 2.0, "search": 1.0},
    }
    return Queue(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gpu": "A10"}, r"gpu: 'A10' is not an accelerator of the catalog. Nearest: a10g"),
        ({"gpus_per_node": 3}, r"gpu: no instance type has 3 x a10g. Nearest: g5.12xlarge \(4 x a10g"),
        ({"gpu": None, "gpus_per_node": None}, "gpu: neither gpu nor instance_types is given"),
        ({"instance_types": ["g5.xlarge"]}, "gpu: both gpu and instance_types are given"),
        ({"gpu": None, "instance_types": ["g5.xlarge"]}, "gpus_per_node: 4 is given without gpu"),
        (
            {"gpu": None, "gpus_per_node": None, "instance_types": ["m5.large"]},
            "instance_types: 'm5.large' is not an accelerator instance type",
        ),
        (
            {"gpu": None, "gpus_per_node": None, "instance_types": ["g5.xlarge", "g6.xlarge"]},
            r"instance_types: the types have different GPUs \(a10g, l4\)",
        ),
        (
            {"gpu": "trainium", "gpus_per_node": 16},
            "gpu: trn1.32xlarge has trainium, which AWS Batch does not count as GPUs",
        ),
        (
            {"gpu": None, "gpus_per_node": None, "instance_types": ["g6f.xlarge"]},
            "instance_types: g6f.xlarge has a fraction of a GPU, and AWS Batch assigns whole GPUs only",
        ),
        ({"gpu": "T4G", "gpus_per_node": 1}, "gpu: g5g.xlarge is arm64, for which AWS Batch has no GPU image"),
        ({"gpu": "V100"}, "gpu: p3.8xlarge has v100, and no current image of AWS Batch has a driver for it"),
        ({"gpus_per_node": 1, "efa": True}, "efa: g5.xlarge has no Elastic Fabric Adapter"),
        ({"max_nodes": 0}, "max_nodes: 0: input should be greater than or equal to 1"),
        ({"max_nodes": 1001}, "max_nodes: 1001: input should be less than or equal to 1000"),
        ({"teams": {}}, "teams: {}: dictionary should have at least 1 item"),
        ({"teams": {"ml-platform": 1}}, "teams: 'ml-platform' is not a valid share identifier of AWS Batch"),
        (
            {"teams": {"ranking": 0}},
            "teams.ranking: 0 is not a valid share. Expected: 0.01 to 100; a team with 2 gets twice",
        ),
        ({"teams": {"ranking": 1e4}}, "teams.ranking: 10000 is not a valid share"),
        ({"owner": "ana"}, "owner: 'ana': string should match pattern"),
        ({"name": "Ranking"}, "name: 'Ranking': string should match pattern"),
        ({"name": "r" * 33}, "name: .*at most 32 characters"),
        ({"image_id": "latest"}, "image_id: 'latest': string should match pattern"),
        ({"root_volume_gib": 10}, "root_volume_gib: 10: .* Expected: .* 50 to 16384 GiB"),
        ({"share_decay_seconds": 60}, "share_decay_seconds: 60: .* Expected: .* 600"),
        ({"compute_reservation_percent": 100}, "compute_reservation_percent: 100: .* Expected: .* 0 to 99"),
        ({"capacity_wait_seconds": 90_000}, "capacity_wait_seconds: 90000: .* Expected: .* 600"),
        (
            {"log_retention_days": 31},
            "log_retention_days: 31: .* Expected: How long .* in days that CloudWatch Logs offers",
        ),
    ],
)
def test_an_invalid_queue_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=f"queue '.*': 1 problem\n  - {message}"):
        a_declared_queue(**changes)


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(DeclarationError, match="queue 'ranking': 3 problems") as refused:
        a_declared_queue(owner="ana", teams={"a-b": 1}, gpu="A10")
    assert [line.split(":")[0] for line in str(refused.value).splitlines()[1:]] == ["  - owner", "  - teams", "  - gpu"]


class TestInAnEnvironment:
    def test_a_queue_is_found_by_name(self) -> None:
        environment = an_environment(queues=[a_declared_queue()])
        assert environment.queue("ranking").owner == "ana@example.com"
        with pytest.raises(KeyError, match="no queue 'search'; it has: ranking"):
            environment.queue("search")

    def test_names_must_be_unique(self) -> None:
        with pytest.raises(DeclarationError, match="queues: 'ranking' "):
            an_environment(queues=[a_declared_queue(), a_declared_queue(owner="li@example.com")])

    def test_a_name_that_gives_too_long_a_role_name_is_refused(self) -> None:
        with pytest.raises(
            DeclarationError, match=r"the role name 'recommendations-r-production-q*-node', .* so shorten it by 2\."
        ):
            an_environment(project="recommendations-r", name="production", queues=[a_declared_queue(name="q" * 32)])

    def test_a_queue_and_an_experiment_have_different_names(self) -> None:
        with pytest.raises(
            DeclarationError, match=r"queues\.ranking\.name: 'ranking' is also the name of an experiment.* another name"
        ):
            an_environment(queues=[a_declared_queue()], experiments=[an_experiment(name="ranking")])

    def test_the_image_of_a_queue_is_not_taken_to_another_region(self) -> None:
        environment = an_environment(queues=[a_declared_queue(image_id="ami-0123456789abcdef0")])
        with pytest.raises(
            DeclarationError, match=r"queues\.ranking\.image_id: 'ami-0123456789abcdef0' exists only in us-"
        ):
            environment.in_region("eu-west-1")


@pytest.mark.parametrize("model", [Queue, Environment])
def test_every_field_with_a_default_states_it(model: type[Queue | Environment]) -> None:
    for name, field in model.model_fields.items():
        assert field.is_required() or "Default: " in (field.description or ""), name


def test_the_catalog_says_which_cards_take_an_adapter() -> None:
    with_adapters = [each for each in instance_types().values() if each.efa_count and each.accelerator in NVIDIA_GPUS]
    assert len(with_adapters) > 30
    for each in with_adapters:
        assert each.network_cards is not None, each.name
        assert each.efa_count in {each.network_cards, each.network_cards - 1}, each.name


def test_every_accelerator_of_the_catalog_is_known_to_be_a_gpu_of_batch_or_not() -> None:
    not_nvidia = {"inferentia", "inferentia2", "radeon-pro-v520", "trainium", "trainium2"}
    assert set(gpu_models()) == NVIDIA_GPUS | not_nvidia
