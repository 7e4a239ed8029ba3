"""State, activity, cost and marks of clusters of a local AWS."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions.activity import Verdict
from mlinfra.functions.contract import Activity, Metric, NodeReport, Table, Tag
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG
from mlinfra.operations import clusters as operations
from tests.unit.declarations.test_adopted import an_adopted
from tests.unit.operations.audit.story import a_group
from tests.unit.operations.clusters.account import (
    ENVIRONMENT,
    LAST_DAY,
    NAME,
    now,
    only_one,
    put_record,
    record_cost,
    report,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]


class TestList:
    def test_a_cluster_is_described(self, client: Client, make: Callable[..., list[str]]) -> None:
        for node in make():
            report(client, node, busy_minutes_ago=40)
        found = only_one()
        assert (found.name, found.experiment, found.owner, found.declared) == (
            NAME, "two-tower-v2", "ana@example.com", True,
        )  # fmt: skip
        assert (found.state, found.nodes, found.wanted, found.instance_types) == ("running", 2, 2, ("g5.xlarge",))
        assert found.usd_per_hour == pytest.approx(2.012)
        assert found.work is Verdict.IDLE
        assert found.idle_minutes in {39, 40, 41}
        assert found.expires == datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), timezone.utc)
        assert found.spend_limit_usd == 500
        assert found.usd_so_far is not None

    def test_the_busiest_node_decides_how_long_a_cluster_is_idle(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        first, second = make()
        report(client, first)
        report(client, second, busy_minutes_ago=3)
        found = only_one()
        assert found.work is Verdict.BUSY
        assert found.idle_minutes in {2, 3, 4}

    def test_without_metrics_it_is_not_known_how_long(self, client: Client, make: Callable[..., list[str]]) -> None:
        first, _second = make()
        report(client, first)
        found = only_one()
        assert found.work is Verdict.UNKNOWN
        assert found.idle_minutes is None

    def test_an_old_report_says_nothing_of_now(self, client: Client, make: Callable[..., list[str]]) -> None:
        for node in make():
            client("cloudwatch").put_metric_data(
                Namespace=Metric.NAMESPACE,
                MetricData=[
                    {
                        "MetricName": Metric.GPU_UTILISATION,
                        "Dimensions": [{"Name": Metric.INSTANCE, "Value": node}],
                        "Timestamp": now() - timedelta(minutes=30),
                        "Value": 1,
                    }
                ],
            )
        assert only_one().idle_minutes is None

    def test_a_stopped_one(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        found = only_one()
        assert (found.state, found.nodes, found.since, found.usd_per_hour) == ("stopped", 0, None, 0)

    def test_an_undeclared_cluster_is_listed(self, make: Callable[..., list[str]]) -> None:
        make(f"{ENVIRONMENT.names.prefix}-hackathon", nodes=1, **{Tag.EXPERIMENT: "hackathon"})
        assert not only_one().declared

    def test_those_of_other_environments_are_not(self, make: Callable[..., list[str]]) -> None:
        make("recsys-staging-two-tower-v2", nodes=1)
        assert operations.list_clusters(ENVIRONMENT) == []

    @pytest.mark.parametrize(("instance_type", "price"), [("p5e.48xlarge", 63.296), ("mac2.metal", None)])
    def test_an_unknown_price_is_that_of_the_family_or_unknown(
        self, client: Client, make: Callable[..., list[str]], instance_type: str, price: float | None
    ) -> None:
        make(nodes=0)
        client("ec2").create_launch_template_version(
            LaunchTemplateName=NAME, SourceVersion="1", LaunchTemplateData={"InstanceType": instance_type}
        )
        client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=1)
        found = only_one()
        assert found.usd_per_hour == price

    def test_failed_launches_are_marked_with_their_reason(self, make: Callable[..., list[str]]) -> None:
        make(**{LAUNCH_ERROR_TAG: "InsufficientInstanceCapacity"})
        (mark,) = only_one().marks
        assert mark.kind == "launches-failed"
        assert mark.text.startswith("launches have failed since ")
        assert mark.text.endswith("AWS has no capacity of this instance type in the Availability Zones of the cluster")

    def test_suspended_launching_is_marked(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        client("autoscaling").suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
        client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=1)
        (mark,) = only_one().marks
        assert mark.kind == "launches-suspended"
        assert mark.text.startswith("launching is suspended (User suspended at ")

    def test_the_report_of_the_guard_counts_without_gpu_metrics(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        for node, minutes in zip(make(), (50, 30), strict=True):
            put_record(
                client,
                f"{Table.NODE_PREFIX}{node}",
                **{
                    NodeReport.REPORTED_AT: now().timestamp(),
                    NodeReport.ACTIVITY: Activity.IDLE,
                    NodeReport.IDLE_SECONDS: 60 * minutes,
                },
            )
        found = only_one()
        assert (found.work, found.idle_minutes) == (Verdict.IDLE, 30)

    def test_one_over_its_limit_and_past_its_expiry_is_marked(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        yesterday = now().date() - timedelta(days=1)
        make(**{Tag.EXPIRES: yesterday.isoformat()})
        record_cost(client, 510)
        found = only_one()
        assert [mark.kind for mark in found.marks] == ["over-limit", "in-grace"]
        assert found.forced_end == datetime.combine(now().date() + timedelta(days=1), datetime.min.time(), timezone.utc)

    def test_without_a_table_clusters_are_listed_and_marked_as_not_stopped_automatically(
        self, make_without_records: Callable[..., list[str]]
    ) -> None:
        make_without_records(**{Tag.EXPIRES: "2026-01-31"})
        found = only_one()
        assert (found.nodes, found.work) == (2, Verdict.UNKNOWN)
        assert found.forced_end is None
        expired, no_shutdown = found.marks
        assert expired.text == "it expired at 2026-02-01T00:00:00Z: it is not stopped automatically"
        assert no_shutdown.kind == "no-shutdown"
        assert no_shutdown.text == (
            "no function stops it automatically, because the table recsys-dev-clusters does not exist in account "
            "123456789012, us-east-1: the shutdown of 'dev' is not deployed there. To deploy it: "
            f"{own_command()} up dev dev-training, or add a Shutdown to the stack of the cluster"
        )


def test_an_account_that_answers_only_in_part_is_an_error(
    make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(nodes=0)
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9")
    with pytest.raises(OperationError, match="The clusters of 'dev' could not be listed completely"):
        operations.list_clusters(ENVIRONMENT)


def test_json_has_everything(make: Callable[..., list[str]]) -> None:
    from mlinfra.cli.clusters import _facts

    make(nodes=0)
    facts = json.loads(json.dumps(_facts(only_one())))
    assert facts["expires"] == LAST_DAY.isoformat()
    assert facts["work"] == "empty"
    assert facts["usd_so_far"] == 0


class TestAdoptedGroups:
    @pytest.mark.usefixtures("records")
    def test_adopted_groups_of_all_regions_are_listed_with_their_owner(self, client: Client) -> None:
        a_group(client, "legacy", "g5.xlarge", 1, "us-east-1")
        a_group(client, "hackathon", "g5.xlarge", 2, "eu-west-1")
        adopted = [
            an_adopted(type="aws_autoscaling_group", id="legacy", name="legacy", arguments={}),
            an_adopted(
                type="aws_autoscaling_group", id="hackathon", name="hackathon", region="eu-west-1", arguments={}
            ),
            an_adopted(type="aws_autoscaling_group", id="deleted", name="deleted", arguments={}),
        ]
        environment = ENVIRONMENT.model_copy(update={"adopted": tuple(adopted)})
        found = operations.list_clusters(environment)
        assert [(each.name, each.nodes, each.owner, each.declared) for each in found] == [
            ("hackathon", 2, "ana@example.com", True),
            ("legacy", 1, "ana@example.com", True),
        ]
        assert [[mark.text for mark in each.marks] for each in found] == [
            [
                (
                    "no function stops it automatically, because its tag AutoStop is not true. To stop it, and lose "
                    f"what is running on it: aws autoscaling set-desired-capacity --auto-scaling-group-name {name} "
                    f"--desired-capacity 0 --region {region}"
                )
            ]
            for name, region in (("hackathon", "eu-west-1"), ("legacy", "us-east-1"))
        ]
        assert [each.forced_end for each in found] == [None, None]

    @pytest.mark.usefixtures("records")
    @pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
    def test_an_adopted_group_is_not_stopped_and_the_refusal_says_why_and_how(
        self, client: Client, region: str
    ) -> None:
        a_group(client, "legacy", "g5.xlarge", 1, region)
        given = None if region == ENVIRONMENT.region else region
        adopted = an_adopted(type="aws_autoscaling_group", id="legacy", name="legacy", region=given, arguments={})
        environment = ENVIRONMENT.model_copy(update={"adopted": (adopted,)})
        with pytest.raises(OperationError) as refused:
            operations.stop_cluster(environment, "legacy")
        assert refused.value.message == (
            "legacy is an adopted Auto Scaling group. mlinfra lists it, and does not start, stop or extend it: its "
            "nodes have no node guard, so that a running job is not known. Nothing was changed. To stop it, and lose "
            "what is running on it: aws autoscaling set-desired-capacity --auto-scaling-group-name legacy "
            f"--desired-capacity 0 --region {region}"
        )
        (group,) = client("autoscaling", region).describe_auto_scaling_groups(AutoScalingGroupNames=["legacy"])[
            "AutoScalingGroups"
        ]
        assert group["DesiredCapacity"] == 1

    @pytest.mark.usefixtures("records")
    def test_a_group_with_a_minimum_is_stopped_after_the_minimum_is_lowered(self, client: Client) -> None:
        a_group(client, "legacy", "g5.xlarge", 1, "us-east-1")
        client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="legacy", MinSize=1)
        adopted = an_adopted(type="aws_autoscaling_group", id="legacy", name="legacy", arguments={})
        environment = ENVIRONMENT.model_copy(update={"adopted": (adopted,)})
        with pytest.raises(OperationError, match=r"change min_size from 1 to 0 in environments/dev\.adopted\.json and"):
            operations.stop_cluster(environment, "legacy")


def test_the_only_running_cluster_is_found(make: Callable[..., list[str]]) -> None:
    make()
    here = ENVIRONMENT.model_copy(update={"emulated": True})
    assert operations.only_running_cluster([here]).name == NAME


def test_without_a_running_cluster_the_error_says_how_to_start_one(make: Callable[..., list[str]]) -> None:
    make(nodes=0)
    with pytest.raises(OperationError, match=r"No cluster has a node. Start one: .* clusters start ENV EXPERIMENT"):
        operations.only_running_cluster([ENVIRONMENT.model_copy(update={"emulated": True})])


def test_of_several_running_clusters_none_is_chosen(make: Callable[..., list[str]]) -> None:
    make()
    make("recsys-dev-ranker", **{Tag.EXPERIMENT: "ranker"})
    with pytest.raises(OperationError, match=r"Several clusters are running.* one of dev ranker, dev two-tower-v2"):
        operations.only_running_cluster([ENVIRONMENT.model_copy(update={"emulated": True})])
