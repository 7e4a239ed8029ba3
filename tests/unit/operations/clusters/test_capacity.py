"""Start of clusters with the capacity of all nodes together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.functions.contract import Tag
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG
from mlinfra.operations.clusters import CapacityWait, start_cluster
from tests.unit.operations.clusters.account import ENVIRONMENT, NAME, node_ids, now

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]

ONE_NODE = {LAUNCH_ERROR_TAG: "InsufficientInstanceCapacity above 1"}
NO_CAPACITY = "EC2 has no capacity for 2 g5.xlarge together in us-east-1a"


def reservations(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client("ec2").describe_capacity_reservations()["CapacityReservations"]
    return found


def add_capacity(client: Client) -> None:
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "Key": LAUNCH_ERROR_TAG}
    client("autoscaling").delete_tags(Tags=[tag])


def delay_launches(client: Client) -> None:
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "Key": LAUNCH_ERROR_TAG}
    value = {"Value": "InsufficientInstanceCapacity", "PropagateAtLaunch": False}
    client("autoscaling").create_or_update_tags(Tags=[tag | value])


class Waiting:
    """A wait without the passing of time."""

    def __init__(self, at_second: dict[float, Callable[[], None]] | None = None) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self._at = at_second or {}

    def wait(self, seconds: float) -> CapacityWait:
        return CapacityWait(seconds=seconds, say=self.said.append, sleep=self._sleep, monotonic=lambda: self.now)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in [each for each in self._at if each <= self.now]:
            self._at.pop(at)()


class TestWithCapacity:
    def test_it_is_reserved_for_all_nodes_until_they_are_launched(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(nodes=0, placement_group=True, **{Tag.PROJECT: "recsys", Tag.ENVIRONMENT: "dev"})
        free_at_launch: list[int] = []
        make_call = BaseClient._make_api_call  # noqa: SLF001

        def called(self: BaseClient, operation: str, arguments: Any) -> Any:
            answer = make_call(self, operation, arguments)
            if operation == "SetDesiredCapacity":
                free_at_launch.extend(each["AvailableInstanceCount"] for each in reservations(client))
            return answer

        monkeypatch.setattr(BaseClient, "_make_api_call", called)
        started = start_cluster(ENVIRONMENT, "two-tower-v2")
        (reservation,) = reservations(client)
        assert started.one_by_one is None
        assert len(node_ids(client)) == 2
        assert free_at_launch == [0], "its nodes run in the reservation"
        assert (reservation["State"], reservation["TotalInstanceCount"]) == ("cancelled", 2)
        assert reservation["InstanceMatchCriteria"] == "open"
        assert reservation["PlacementGroupArn"].endswith(f":placement-group/{NAME}")
        assert timedelta(minutes=14) < reservation["EndDate"] - now() <= timedelta(minutes=15)
        tags = {each["Key"]: each["Value"] for each in reservation["Tags"]}
        assert tags == {"Project": "recsys", "Environment": "dev", "Experiment": "two-tower-v2", "Name": NAME}

    def test_it_is_held_until_late_launches(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(nodes=0, placement_group=True)
        make_call = BaseClient._make_api_call  # noqa: SLF001

        def called(self: BaseClient, operation: str, arguments: Any) -> Any:
            if operation == "SetDesiredCapacity":
                delay_launches(client)
            return make_call(self, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", called)
        states: list[str] = []

        def launch() -> None:
            states.extend(each["State"] for each in reservations(client))
            add_capacity(client)

        waiting = Waiting({60.0: launch})
        start_cluster(ENVIRONMENT, "two-tower-v2", capacity=waiting.wait(1800))
        assert (states, waiting.now) == (["active"], 60.0)
        assert len(node_ids(client)) == 2
        assert [each["State"] for each in reservations(client)] == ["cancelled"]

    def test_nodes_that_are_not_launched_end_it_after_three_minutes(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(nodes=0, placement_group=True)
        make_call = BaseClient._make_api_call  # noqa: SLF001

        def called(self: BaseClient, operation: str, arguments: Any) -> Any:
            if operation == "SetDesiredCapacity":
                delay_launches(client)
            return make_call(self, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", called)
        waiting = Waiting()
        started = start_cluster(ENVIRONMENT, "two-tower-v2", capacity=waiting.wait(1800))
        assert (started.cluster.wanted, started.cluster.nodes, waiting.now) == (2, 0, 180.0)
        assert [each["State"] for each in reservations(client)] == ["cancelled"]

    def test_a_start_that_aws_refuses_leaves_no_reservation(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(nodes=0, placement_group=True)
        refuse(monkeypatch, "SetDesiredCapacity", "AccessDenied")
        with pytest.raises(OperationError):
            start_cluster(ENVIRONMENT, "two-tower-v2")
        assert [each["State"] for each in reservations(client)] == ["cancelled"]

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            ({"placement_group": False}, "other instances could take it"),
            ({"placement_group": True, Tag.GANG: "false"}, "its nodes work alone"),
            ({"placement_group": True, Tag.NODES: "1"}, "it has one node"),
        ],
    )
    def test_other_clusters_need_no_reservation(
        self, client: Client, make: Callable[..., list[str]], arguments: dict[str, Any], why: str
    ) -> None:
        make(nodes=0, **arguments)
        assert start_cluster(ENVIRONMENT, "two-tower-v2").one_by_one is None
        assert reservations(client) == [], why

    def test_a_running_cluster_needs_no_reservation(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=1, placement_group=True)
        start_cluster(ENVIRONMENT, "two-tower-v2")
        assert len(node_ids(client)) == 2
        assert reservations(client) == []


class TestWithoutCapacity:
    def test_nodes_are_launched_one_by_one_without_a_wait(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0, placement_group=True, **ONE_NODE)
        started = start_cluster(ENVIRONMENT, "two-tower-v2")
        assert started.one_by_one == "EC2 has no capacity for all nodes together now"
        assert (started.cluster.wanted, len(node_ids(client))) == (2, 1)

    def test_no_node_is_requested_during_the_wait(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0, placement_group=True, **ONE_NODE)
        nodes_meanwhile: list[int] = []

        def appear() -> None:
            nodes_meanwhile.append(len(node_ids(client)))
            add_capacity(client)

        waiting = Waiting({300.0: appear})
        started = start_cluster(ENVIRONMENT, "two-tower-v2", capacity=waiting.wait(1800))
        assert started.one_by_one is None
        assert nodes_meanwhile == [0]
        assert waiting.now == 300.0
        assert len(node_ids(client)) == 2
        assert set(waiting.said) == {f"{NO_CAPACITY}. Nothing is billed meanwhile"}

    def test_after_the_wait_nothing_is_started(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0, placement_group=True, **ONE_NODE)
        with pytest.raises(OperationError) as error:
            start_cluster(ENVIRONMENT, "two-tower-v2", capacity=Waiting().wait(1800))
        first, _, last = error.value.message.partition(" To request")
        assert first == (
            f"{NO_CAPACITY}, for 30 minutes. No node was requested, and nothing is billed. Try again later, or set "
            "another zone or instance type of the experiment and deploy."
        )
        assert last.startswith(" the nodes one by one, each billed from its launch: ")
        assert last.endswith("mlinfra clusters start dev two-tower-v2")
        assert node_ids(client) == []
        assert reservations(client) == []

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("UnauthorizedOperation", "it needs ec2:CreateCapacityReservation"),
            ("VcpuLimitExceeded", "the account's quota of vCPUs for this kind of instance is exhausted"),
            ("InvalidParameterValue", "EC2 refused it, InvalidParameterValue"),
        ],
    )
    def test_a_refused_reservation_prevents_no_start(
        self,
        client: Client,
        make: Callable[..., list[str]],
        monkeypatch: pytest.MonkeyPatch,
        code: str,
        reason: str,
    ) -> None:
        make(nodes=0, placement_group=True)
        refuse(monkeypatch, "CreateCapacityReservation", code)
        started = start_cluster(ENVIRONMENT, "two-tower-v2", capacity=Waiting().wait(1800))
        assert started.one_by_one == f"the capacity of all nodes together could not be reserved: {reason}"
        assert len(node_ids(client)) == 2


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str, code: str) -> None:
    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, name: str, arguments: Any) -> Any:
        if name == operation:
            raise ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)
        return make_call(self, name, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", called)
