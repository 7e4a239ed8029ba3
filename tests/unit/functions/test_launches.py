"""Failed launches: reported after 15 minutes with the reason, and resumed where AWS suspended them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.functions.contract import Event, Tag
from mlinfra.functions.fleet import Node, Target
from mlinfra.functions.launches import Launches
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG, MESSAGES
from tests.unit.functions.cloud import NAME, OWNER

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud

NOW = datetime(2026, 12, 18, 14, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
BY_AWS = {"Launch": "Administrative suspension"}


class World:
    """Auto Scaling, quotas, a table and a topic in memory."""

    def __init__(self) -> None:
        self.activities: list[dict[str, Any]] = []
        self.quota = 0.0
        self.resumed: list[str] = []
        self.notified: dict[str, str] = {}
        self.sent: list[dict[str, Any]] = []
        self.logged: list[str] = []
        self.dry_run = False
        self.denied = False
        self.autoscaling = SimpleNamespace(
            describe_scaling_activities=self._activities,
            resume_processes=lambda **request: self.resumed.append(request["AutoScalingGroupName"]),
        )
        self.servicequotas = SimpleNamespace(get_service_quota=self._quota)
        self.region = "us-east-1"

    def _activities(self, **_: Any) -> dict[str, Any]:
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "DescribeScalingActivities")
        return {"Activities": sorted(self.activities, key=lambda each: each["StartTime"], reverse=True)}

    def _quota(self, **request: Any) -> dict[str, Any]:
        assert request == {"ServiceCode": "ec2", "QuotaCode": "L-417A185B"}
        return {"Quota": {"QuotaName": "Running On-Demand P instances", "Value": self.quota}}

    def remember_notification(self, _cluster: str, about: str, what: str) -> bool:
        fresh = self.notified.get(about) != what
        self.notified[about] = what
        return fresh

    def notify(self, detail_type: str, **fields: Any) -> bool:
        self.sent.append({"type": detail_type, **fields})
        return True

    def log(self, message: str, **_: Any) -> None:
        self.logged.append(message)

    def activity(
        self, minutes_ago: float, status: str = "Failed", code: str | None = None, *, what: str = "Launching a new EC2"
    ) -> None:
        found = {"Description": what, "StartTime": NOW - minutes_ago * MINUTE, "StatusCode": status}
        self.activities.append(found | ({"StatusMessage": MESSAGES[code]} if code else {}))

    def check(self, *, nodes: int = 1, desired: int = 4, after: timedelta = timedelta(0), **more: Any) -> list[str]:
        """The subjects of the notifications of a run."""
        before = len(self.sent)
        present = tuple(Node(f"i-{index}", "p5.48xlarge") for index in range(nodes))
        tags = {Tag.ENVIRONMENT: "dev", Tag.EXPERIMENT: "two-tower"}
        target = Target("recsys-dev-two-tower", "group", tags, present, desired, launch_type="p5.48xlarge", **more)
        launches = Launches(self, self, self, NOW + after, dry_run=self.dry_run)  # type: ignore[arg-type]
        launches.check(target)
        return [each["what"] for each in self.sent[before:]]


@pytest.fixture
def world() -> World:
    return World()


def test_failures_are_reported_after_15_minutes_with_their_reason(world: World) -> None:
    world.activity(14, code="InsufficientInstanceCapacity")
    assert world.check() == []
    world.activity(15, code="InsufficientInstanceCapacity")
    assert world.check() == ["3 nodes could not be launched"]
    (notice,) = world.sent
    assert (notice["type"], notice["code"], notice["missing"]) == (
        Event.LAUNCH_FAILED,
        "InsufficientInstanceCapacity",
        3,
    )
    assert notice["why"].startswith(
        "AWS has no capacity of this instance type in the Availability Zones of the cluster. Launches have failed "
        "since 2026-12-18T13:45:00Z. EC2's message: We currently do not have sufficient p5.48xlarge capacity"
    )
    assert "Another zone, another instance type" in notice["action"]


def test_each_reason_is_reported_once_a_day(world: World) -> None:
    world.activity(20, code="InsufficientInstanceCapacity")
    assert len(world.check()) == 1
    assert world.check(after=timedelta(hours=1)) == []
    assert len(world.check(after=timedelta(days=1))) == 1
    world.activity(0, code="Unsupported")
    assert len(world.check(after=timedelta(days=1))) == 1
    assert "not offered in an Availability Zone" in world.sent[-1]["why"]


def test_failures_before_the_last_success_do_not_count(world: World) -> None:
    world.activity(60, code="InsufficientInstanceCapacity")
    world.activity(30, "Successful")
    world.activity(5, code="InsufficientInstanceCapacity")
    assert world.check() == []


def test_terminations_and_launches_in_progress_do_not_count_as_failures_and_a_cancelled_launch_is(world: World) -> None:
    world.activity(1, "InProgress")
    world.activity(20, "Failed", what="Terminating EC2 instance: i-1")
    assert world.check() == []
    world.activity(20, "Cancelled")
    assert world.check() == ["3 nodes could not be launched"]
    assert world.sent[0]["why"].startswith("EC2 refused the launch.")


def test_a_complete_cluster_is_not_checked(world: World) -> None:
    world.activity(20, code="InsufficientInstanceCapacity")
    assert world.check(nodes=4) == []


def test_an_exhausted_quota_is_named_with_its_value_and_the_command_to_raise_it(world: World) -> None:
    world.activity(20, code="VcpuLimitExceeded")
    world.quota = 96
    world.check()
    (notice,) = world.sent
    assert "(quota 'Running On-Demand P instances', L-417A185B: 96 vCPUs)" in notice["why"]
    assert notice["action"].endswith(
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-417A185B --desired-value "
        "VCPUS --region us-east-1"
    )


def test_launching_that_aws_suspended_is_resumed_four_times_a_day(world: World) -> None:
    world.activity(60, code="InsufficientInstanceCapacity")
    assert world.check(suspended=BY_AWS) == ["launching is resumed"]
    assert "It is resumed to try again" in world.sent[0]["why"]
    for hours in (1, 4, 6, 10):  # 15:00, 18:00, 20:00, 00:00
        world.check(suspended=BY_AWS, after=timedelta(hours=hours))
    assert len(world.resumed) == 3


def test_launching_is_not_resumed_while_the_quota_is_exhausted_and_is_at_once_when_it_was_raised(world: World) -> None:
    world.activity(60, code="VcpuLimitExceeded")
    assert world.check(suspended=BY_AWS) == ["launching is suspended by AWS"]
    assert world.resumed == []
    assert "Then resume it: aws autoscaling resume-processes --auto-scaling-group-name" in world.sent[0]["action"]
    world.quota = 192
    assert world.check(suspended=BY_AWS) == ["launching is resumed"]
    assert world.resumed == ["recsys-dev-two-tower"]
    assert "It is resumed because the quota was raised" in world.sent[1]["why"]
    world.check(suspended=BY_AWS)
    assert len(world.resumed) == 1


def test_a_dry_run_resumes_nothing_and_reports_the_suspension(world: World) -> None:
    world.dry_run = True
    assert world.check(suspended=BY_AWS) == ["launching is suspended by AWS"]
    assert world.resumed == []


def test_launching_that_a_user_suspended_is_reported_and_left(world: World) -> None:
    assert world.check(suspended={"Launch": "User suspended at 2026-12-18T09:00:00Z"}) == [
        "launching is suspended by a user"
    ]
    assert world.resumed == []


def test_other_suspended_processes_are_not_reported(world: World) -> None:
    assert world.check(suspended={"AZRebalance": "User suspended at 2026-12-18T09:00:00Z"}) == []


def test_a_refused_call_is_logged_and_nothing_else(world: World) -> None:
    world.denied = True
    assert world.check() == []
    assert world.logged == ["Launches Not Checked"]


def test_the_janitor_reports_failed_launches_and_resumes_them(cloud: Cloud) -> None:
    since = cloud.now - timedelta(hours=30)
    cloud.group(nodes=0, **{LAUNCH_ERROR_TAG: f"VcpuLimitExceeded since {since:%Y-%m-%dT%H:%M:%SZ}"})
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
    assert [each["ProcessName"] for each in cloud.described()["SuspendedProcesses"]] == ["Launch"]
    # The local AWS's quota is above the limit of 0 in EC2's message: it was raised.
    tag = {"ResourceType": "auto-scaling-group", "ResourceId": NAME, "Key": LAUNCH_ERROR_TAG}
    cloud.autoscaling.delete_tags(Tags=[tag])
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.LAUNCH_FAILED)
    assert (event["what"], event["whose"]) == ("launching is resumed", OWNER)
    assert "'Running On-Demand G and VT instances', L-DB2E81BA: 4096 vCPUs" in event["why"]
    assert (cloud.described()["SuspendedProcesses"], len(cloud.nodes())) == ([], 2)
