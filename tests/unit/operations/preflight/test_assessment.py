"""Obstacles, remarks and actions, from given answers of AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import pytest

from mlinfra import CapacityBlock, CapacityReservation, Environment, Spot
from mlinfra.operations.preflight import CapacityLine, Reservation, Verdict, demands
from mlinfra.operations.preflight.answers import Answers, QuotaValue, RunningInstance
from mlinfra.operations.preflight.assessment import assess, block_days, block_search
from tests.conftest import an_environment, an_experiment

TODAY = date(2026, 11, 29)
P5 = "p5.48xlarge"
CHECKED: dict[str, Any] = {"today": TODAY, "monthly_spend_limit_usd": 9_000_000}
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
ON_DEMAND_P, SPOT_G, ON_DEMAND_G = "L-417A185B", "L-3819A6DF", "L-DB2E81BA"
RESERVED = "cr-0123456789abcdef0"
START, END = datetime(2026, 12, 1, 11, 30, tzinfo=timezone.utc), datetime(2026, 12, 8, 11, 30, tzinfo=timezone.utc)
RESERVATION = Reservation(
    RESERVED, P5, "us-east-1a", 2, 2, "active", is_block=False, is_targeted=True, starts=None, ends=None
)
BLOCK = replace(RESERVATION, is_block=True, state="scheduled", starts=START, ends=END)


def of(**experiment: Any) -> Environment:
    return an_environment(experiments=[an_experiment(**{"instance_type": P5, **experiment})], **CHECKED)


def answers(**changes: Any) -> Answers:
    """The answers of an account with a sufficient quota in which nothing runs."""
    quotas = {
        code: QuotaValue(code, f"Quota {code}", 1000, is_default=False) for code in (ON_DEMAND_P, SPOT_G, ON_DEMAND_G)
    }
    given: dict[str, Any] = {
        "offered": {P5: ZONES, "g5.xlarge": ZONES, "g6.xlarge": ZONES},
        "network_zones": ZONES,
        "running": [],
        "quotas": quotas,
        "spot": {"g5.xlarge": {"us-east-1a": [0.4, 0.5], "us-east-1b": [0.6]}},
        "reservations": [],
    }
    return Answers(**given | changes)


def assessed(environment: Environment, given: Answers | None) -> CapacityLine:
    everything = demands(environment)
    return assess(environment, everything[0], everything, given)


def with_quota(value: float, code: str = ON_DEMAND_P) -> Answers:
    return answers(quotas={code: QuotaValue(code, "Running On-Demand P instances", value, is_default=False)})


def running(instance_type: str = P5, *, vcpus: int = 192, market: str = "on_demand", name: str = "") -> RunningInstance:
    owner = ("recsys", "dev") if name else ("", "")
    return RunningInstance(instance_type, market, vcpus, *owner, name)


class TestZones:
    def test_without_an_obstacle_nothing_is_to_be_done(self) -> None:
        line = assessed(of(instance_type="g5.xlarge"), answers())
        assert (line.verdict, line.obstacles, line.actions, line.zones) == (Verdict.NO_OBSTACLE, (), (), ZONES)
        assert (line.usd_per_hour, line.zones_source) == (1.006, "aws")

    def test_a_region_without_the_type_is_an_obstacle(self) -> None:
        line = assessed(of(), answers(offered={P5: ()}))
        assert line.verdict is Verdict.UNAVAILABLE
        assert line.obstacles == ("us-east-1 does not offer p5.48xlarge.",)
        assert line.actions[0].startswith("Use another region, such as ap-")

    def test_a_zone_without_the_type_is_an_obstacle(self) -> None:
        line = assessed(of(zone="us-east-1d"), answers())
        assert line.obstacles == ("us-east-1d does not offer p5.48xlarge.",)
        assert line.actions == ("Set zone to one of us-east-1a, us-east-1b, us-east-1c, or omit it.",)

    def test_a_network_without_a_zone_that_offers_the_type_is_an_obstacle(self) -> None:
        environment = of()
        beyond = ("us-east-1e", "us-east-1f")
        given = answers(offered={P5: ("us-east-1f",)}, network_zones=(*ZONES, *beyond))
        line = assessed(environment, given)
        assert line.obstacles == (
            (
                "The network of dev has subnets in us-east-1a, us-east-1b, us-east-1c, and p5.48xlarge is offered in "
                "us-east-1f."
            ),
        )
        assert line.actions[0].startswith("Set availability_zones=5 in the environment")

    def test_a_type_in_local_zones_only_is_an_obstacle(self) -> None:
        line = assessed(of(), answers(offered={P5: ("us-east-1-atl-2a",)}))
        assert line.actions == ("Use another region or instance type: the network has no subnets in Local Zones.",)

    def test_without_aws_the_catalog_decides(self) -> None:
        line = assessed(of(), None)
        assert line.zones_source == "catalog"
        assert line.zones
        assert line.verdict is Verdict.UNKNOWN
        elsewhere = of().in_region("eu-west-3", experiments=of(instance_type="p4de.24xlarge").experiments)
        assert assessed(elsewhere, None).obstacles == (
            "eu-west-3 does not offer p4de.24xlarge, by the catalog of 2026-05.",
        )

    def test_zones_that_neither_knows_are_unknown(self) -> None:
        line = assessed(of(instance_type="g5.xlarge"), answers(offered=None))
        assert (line.zones, line.zones_source, line.verdict) == (None, "unknown", Verdict.UNKNOWN)


class TestQuotas:
    def test_a_quota_below_the_demand_is_an_obstacle_with_the_command_that_requests_more(self) -> None:
        line = assessed(of(nodes=2), with_quota(192))
        assert line.obstacles == (
            (
                "The quota 'Running On-Demand P instances' is 192 vCPUs in us-east-1, of which 0 are in use. 384 more "
                "are needed, and 192 are left."
            ),
        )
        assert line.actions[0] == (
            "Request a quota of 384 vCPUs, which takes AWS minutes to days: aws service-quotas "
            "request-service-quota-increase --region us-east-1 --service-code ec2 --quota-code L-417A185B "
            "--desired-value 384"
        )

    def test_the_running_nodes_of_the_experiment_are_not_asked_again(self) -> None:
        given = with_quota(384)
        given.running = [running(name="two-tower-v2")]
        line = assessed(of(nodes=2), given)
        (quota,) = line.quotas
        assert (quota.used, quota.asked, quota.free, line.obstacles) == (192, 192, 192, ())

    def test_other_running_instances_use_the_quota(self) -> None:
        given = with_quota(384)
        given.running = [running(), running(market="spot"), running("m5.large", vcpus=2)]
        assert assessed(of(nodes=2), given).obstacles == (
            (
                "The quota 'Running On-Demand P instances' is 384 vCPUs in us-east-1, of which 192 are in use. 384 "
                "more are needed, and 192 are left."
            ),
        )

    def test_unused_reservations_use_the_quota_and_blocks_do_not(self) -> None:
        given = with_quota(384)
        given.reservations = [RESERVATION, BLOCK]
        (quota,) = assessed(of(), given).quotas
        assert quota.used == 384

    def test_all_experiments_together_may_exceed_a_quota(self) -> None:
        environment = an_environment(
            experiments=[an_experiment(instance_type=P5), an_experiment(name="ranker", instance_type=P5)], **CHECKED
        )
        line = assessed(environment, with_quota(200))
        assert line.verdict is Verdict.NO_OBSTACLE
        assert line.notes == (
            (
                "All declared capacity together needs 384 more vCPUs of the quota 'Running On-Demand P instances', and "
                "200 of 200 are left."
            ),
        )
        assert "--desired-value 384" in line.actions[0]

    def test_a_spot_cluster_needs_two_quotas_if_a_part_is_on_demand(self) -> None:
        spot = Spot(on_demand_nodes=1)
        line = assessed(of(instance_type="g5.xlarge", nodes=3, purchase=spot), answers())
        assert [(each.code, each.asked) for each in line.quotas] == [(SPOT_G, 8), (ON_DEMAND_G, 4)]

    def test_an_open_reservation_serves_nodes_that_need_no_more_quota(self) -> None:
        given = with_quota(384)
        given.reservations = [replace(RESERVATION, is_targeted=False)]
        (quota,) = assessed(of(nodes=3), given).quotas
        assert (quota.used, quota.asked, quota.free) == (384, 192, 0)

    def test_spot_nodes_may_be_of_types_with_another_quota(self) -> None:
        environment = of(instance_type="g5.xlarge", nodes=2, purchase=Spot(instance_types=("p4d.24xlarge",)))
        quotas = {
            code: QuotaValue(code, code, limit, is_default=False) for code, limit in ((SPOT_G, 0), ("L-7212CCBC", 999))
        }
        line = assessed(environment, answers(quotas=quotas))
        assert [(each.purchase, each.is_exceeded) for each in line.quotas] == [("spot", True), ("spot", False)]
        assert (line.obstacles, len(line.notes) > 0) == ((), True)

    @pytest.mark.parametrize(("exists", "used"), [(True, 8), (False, 200)])
    def test_p5_spot_instances_have_the_quota_that_aws_has(self, exists: bool, used: int) -> None:  # noqa: FBT001
        code = "L-C4BD4855" if exists else "L-7212CCBC"
        given = answers(
            quotas={"L-C4BD4855": QuotaValue(code, code, 1000, is_default=False)}, requested={"L-C4BD4855": 2000}
        )
        given.running = [running(vcpus=8, market="spot"), running("p4d.24xlarge", vcpus=192, market="spot")]
        (quota,) = assessed(of(purchase=Spot()), given).quotas
        assert (quota.code, quota.used, quota.limit, quota.requested) == (code, used, 1000, 2000)

    def test_an_open_request_replaces_the_command(self) -> None:
        given = with_quota(192)
        given.requested = {ON_DEMAND_P: 384}
        assert assessed(of(nodes=2), given).actions[0] == (
            "Wait for AWS: a quota of 384 vCPUs is already requested, and 384 are sufficient."
        )
        given.requested = {ON_DEMAND_P: 200}
        assert assessed(of(nodes=2), given).actions[0] == (
            "A quota of 200 vCPUs is already requested, and 384 are needed: ask for more in the support case of the "
            "request. AWS accepts no second request for L-417A185B while it is open."
        )

    @pytest.mark.parametrize("missing", ["running", "reservations"])
    def test_unknown_usage_is_not_zero(self, missing: str) -> None:
        line = assessed(of(instance_type="g5.xlarge"), answers(**{missing: None}))
        assert (line.verdict, line.quotas[0].used, line.quotas[0].free) == (Verdict.UNKNOWN, None, None)

    def test_an_unknown_quota_makes_the_verdict_unknown(self) -> None:
        line = assessed(of(), answers(quotas={}))
        assert (line.verdict, line.quotas[0].basis, line.obstacles) == (Verdict.UNKNOWN, "unknown", ())


class TestSpot:
    def test_the_present_prices_are_shown_by_zone(self) -> None:
        line = assessed(of(instance_type="g5.xlarge", purchase=Spot()), answers())
        (spot,) = line.spot
        assert (dict(spot.prices), spot.low, spot.high) == ({"us-east-1a": 0.4, "us-east-1b": 0.6}, 0.4, 0.6)
        assert (spot.on_demand, spot.source, line.usd_per_hour) == (1.006, "aws", 0.4)
        assert spot.interruptions in {"<5%", "5-10%", "10-15%", "15-20%", ">20%"}

    def test_the_price_is_that_of_all_nodes_with_the_on_demand_base(self) -> None:
        line = assessed(of(instance_type="g5.xlarge", nodes=3, purchase=Spot(on_demand_nodes=1)), answers())
        assert line.usd_per_hour == pytest.approx(2 * 0.4 + 1.006)
        assert assessed(of(nodes=2), answers()).usd_per_hour == pytest.approx(2 * 55.04)
        assert assessed(of(instance_type="p5e.48xlarge"), answers(offered=None)).usd_per_hour is None

    def test_a_price_above_the_declared_maximum_is_an_obstacle(self) -> None:
        line = assessed(of(instance_type="g5.xlarge", purchase=Spot(max_usd_per_hour=0.3)), answers())
        assert line.obstacles == (
            "The lowest spot price is 0.4000 USD per hour, above max_usd_per_hour=0.3. No spot node can be launched.",
        )
        assert line.actions == ("Raise max_usd_per_hour, or omit it to pay up to the on-demand price.",)

    def test_a_spot_price_at_the_on_demand_price_means_no_spare_capacity(self) -> None:
        given = answers(spot={"g5.xlarge": {"us-east-1a": [1.006]}})
        line = assessed(of(instance_type="g5.xlarge", purchase=Spot()), given)
        assert line.notes[0] == (
            "The spot price of g5.xlarge is the on-demand price in all zones, which usually means that there is no "
            "spare capacity."
        )

    def test_without_aws_the_range_of_the_catalog_is_shown(self) -> None:
        (spot,) = assessed(of(instance_type="g5.xlarge", purchase=Spot()), None).spot
        assert (spot.source, dict(spot.prices)) == ("catalog", {})
        assert 0 < spot.low <= spot.high


class TestReservations:
    def test_an_unused_reservation_is_named(self) -> None:
        line = assessed(of(), answers(reservations=[RESERVATION]))
        assert line.notes == (
            (
                "The reservation cr-0123456789abcdef0 has 2 unused p5.48xlarge in us-east-1a, billed at the on-demand "
                "price; declare CapacityReservation to use it."
            ),
        )

    def test_a_declared_reservation_needs_no_quota(self) -> None:
        environment = of(nodes=2, purchase=CapacityReservation(reservation_id=RESERVED))
        line = assessed(environment, answers(reservations=[RESERVATION], quotas={}))
        assert (line.verdict, line.quotas) == (Verdict.NO_OBSTACLE, ())

    @pytest.mark.parametrize(
        ("real", "obstacle"),
        [
            ([], "There is no capacity reservation cr-0123456789abcdef0 of p5.48xlarge in the account and region."),
            ([replace(RESERVATION, state="cancelled")], "The reservation cr-0123456789abcdef0 is cancelled."),
            (
                [replace(RESERVATION, instances=1)],
                "The reservation cr-0123456789abcdef0 has 1 instances, and 2 nodes are declared.",
            ),
            ([BLOCK], "cr-0123456789abcdef0 is a Capacity Block, and a capacity reservation is declared."),
        ],
    )
    def test_a_reservation_that_differs_is_an_obstacle(self, real: list[Reservation], obstacle: str) -> None:
        environment = of(nodes=2, purchase=CapacityReservation(reservation_id=RESERVED))
        line = assessed(environment, answers(reservations=real))
        assert (line.verdict, line.obstacles) == (Verdict.UNAVAILABLE, (obstacle,))

    def test_a_block_with_other_dates_is_an_obstacle(self) -> None:
        declared = CapacityBlock(reservation_id=RESERVED, starts=START, ends=END)
        environment = of(nodes=2, purchase=declared)
        assert assessed(environment, answers(reservations=[BLOCK])).verdict is Verdict.NO_OBSTACLE
        later = replace(BLOCK, ends=datetime(2026, 12, 7, 11, 30, tzinfo=timezone.utc))
        assert assessed(environment, answers(reservations=[later])).obstacles == (
            (
                "The Capacity Block cr-0123456789abcdef0 ends 2026-12-07 11:30 UTC, and the declaration says "
                "2026-12-08T11:30:00+00:00."
            ),
        )

    def test_a_reservation_that_could_not_be_read_is_unknown(self) -> None:
        environment = of(purchase=CapacityReservation(reservation_id=RESERVED))
        assert assessed(environment, answers(reservations=None)).verdict is Verdict.UNKNOWN


class TestBlocks:
    def test_blocks_are_searched_until_the_experiment_expires(self) -> None:
        environment = of(nodes=2, expires=date(2026, 12, 4))
        search = block_search(environment, demands(environment)[0])
        assert search
        assert (search.instance_type, search.instances, search.days) == (P5, 2, 6)

    @pytest.mark.parametrize("experiment", [{"instance_type": "g5.xlarge"}, {"instance_type": P5, "purchase": Spot()}])
    def test_no_block_is_searched_for_types_and_purchases_without_one(self, experiment: dict[str, Any]) -> None:
        environment = of(**experiment)
        assert block_search(environment, demands(environment)[0]) is None

    @pytest.mark.parametrize(
        ("days", "block"), [(-3, 1), (1, 1), (14, 14), (15, 21), (21, 21), (22, 28), (182, 182), (400, 182)]
    )
    def test_the_duration_of_a_block_is_one_that_aws_offers(self, days: int, block: int) -> None:
        assert block_days(days) == block
