"""What `mlinfra clusters` shows and does, on clusters of a local AWS."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.functions.activity import Verdict
from mlinfra.functions.contract import HEARTBEAT_SECONDS, Activity, JobStatus, Metric, NodeReport, Table, Tag
from mlinfra.local_aws.gaps.autoscaling.scaling_activities import LAUNCH_ERROR_TAG
from mlinfra.operations import clusters as operations
from tests.conftest import an_environment, an_experiment
from tests.local_aws import make_records_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import Environment
    from mlinfra.operations.clusters import Cluster

    Client = Callable[..., Any]

LAST_DAY = (datetime.now(timezone.utc) + timedelta(days=7)).date()
ENVIRONMENT = an_environment(
    account_id="123456789012",
    sizes={"small": "g5.xlarge"},
    experiments=[an_experiment(expires=LAST_DAY, nodes=2, spend_limit_usd=500)],
)
NAME = ENVIRONMENT.names.cluster(ENVIRONMENT.experiments[0])


def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.fixture
def records(client: Client) -> None:
    make_records_table(client, ENVIRONMENT.names.records_table)


@pytest.fixture
def make(client: Client, records: None) -> Callable[..., list[str]]:  # noqa: ARG001
    """Make a cluster as mlinfra does, and return the ids of its nodes."""

    def make_one(name: str = NAME, *, nodes: int = 2, protected: bool = False, **tags: str) -> list[str]:
        image = client("ec2").describe_images(Filters=[{"Name": "name", "Values": ["Deep Learning Base OSS*"]}])[
            "Images"
        ][0]["ImageId"]
        subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        data = {"ImageId": image, "InstanceType": "g5.xlarge"}
        client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        given = {
            Tag.AUTO_STOP: "true",
            Tag.EXPERIMENT: "two-tower-v2",
            Tag.OWNER: "ana@example.com",
            Tag.EXPIRES: LAST_DAY.isoformat(),
            Tag.SPEND_LIMIT_USD: "500",
            Tag.NODES: "2",
        } | tags
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
            MinSize=0,
            MaxSize=2,
            DesiredCapacity=nodes,
            VPCZoneIdentifier=subnet,
            NewInstancesProtectedFromScaleIn=protected,
            Tags=[
                {
                    "Key": key,
                    "Value": value,
                    "PropagateAtLaunch": True,
                    "ResourceId": name,
                    "ResourceType": "auto-scaling-group",
                }
                for key, value in given.items()
            ],
        )
        return node_ids(client, name)

    return make_one


def node_ids(client: Client, name: str = NAME) -> list[str]:
    (group,) = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return [each["InstanceId"] for each in group["Instances"]]


def report(client: Client, node: str, *, busy_minutes_ago: int | None = None, minutes: int = 60) -> None:
    """Have the guard and the agent of `node` report for the last minutes; at most one of them with a busy GPU."""
    client("dynamodb").put_item(
        TableName=ENVIRONMENT.names.records_table,
        Item={
            Table.CLUSTER: {"S": NAME},
            Table.RECORD: {"S": f"{Table.NODE_PREFIX}{node}"},
            NodeReport.REPORTED_AT: {"N": str(now().timestamp())},
            NodeReport.ACTIVITY: {"S": Activity.IDLE},
            NodeReport.IDLE_SECONDS: {"N": str(60 * (minutes if busy_minutes_ago is None else busy_minutes_ago))},
        },
    )
    client("cloudwatch").put_metric_data(
        Namespace=Metric.NAMESPACE,
        MetricData=[
            {
                "MetricName": Metric.GPU_UTILISATION,
                "Dimensions": [{"Name": Metric.INSTANCE, "Value": node}],
                "Timestamp": now() - timedelta(minutes=ago),
                "Value": 90 if ago == busy_minutes_ago else 1,
            }
            for ago in range(minutes)
        ],
    )


def only_one(environment: Environment = ENVIRONMENT) -> Cluster:
    (found,) = operations.list_clusters(environment)
    return found


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

    def test_the_reason_of_failed_launches_is_a_problem(self, make: Callable[..., list[str]]) -> None:
        make(**{LAUNCH_ERROR_TAG: "InsufficientInstanceCapacity"})
        (problem,) = only_one().problems
        assert problem.startswith("launches have failed since ")
        assert problem.endswith("AWS has no capacity of this instance type in the Availability Zones of the cluster")

    def test_suspended_launching_is_a_problem(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        client("autoscaling").suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
        client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=1)
        (problem,) = only_one().problems
        assert problem.startswith("launching is suspended (User suspended at ")


class TestStop:
    def test_an_idle_one_is_stopped_and_its_volumes_are_kept(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        for node in make():
            report(client, node)
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert (stopped.state, stopped.nodes) == ("stopped", 0)
        kept = client("ec2").describe_volumes(Filters=[{"Name": "tag-key", "Values": [Tag.DELETE_AFTER]}])["Volumes"]
        assert len(kept) == 2

    def test_a_busy_one_is_left_unless_forced(self, client: Client, make: Callable[..., list[str]]) -> None:
        for node in make():
            report(client, node, busy_minutes_ago=2)
        with pytest.raises(
            OperationError, match=r"'two-tower-v2' is in use: GPU utilization of .* reached 90%.*--force"
        ):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert len(node_ids(client)) == 2
        assert operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True).state == "stopped"

    def test_a_cluster_without_reports_and_metrics_is_not_stopped(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        make()
        with pytest.raises(OperationError, match=r"may be in use: .* has sent no node report"):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert len(node_ids(client)) == 2

    def test_protection_is_taken_off_only_by_force(self, client: Client, make: Callable[..., list[str]]) -> None:
        nodes = make(protected=True)
        for node in nodes:
            report(client, node)
        operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert node_ids(client) == nodes
        operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True)
        assert node_ids(client) == []

    def test_one_with_a_job_is_left(self, client: Client, make: Callable[..., list[str]]) -> None:
        for node in make():
            report(client, node)
        client("dynamodb").put_item(
            TableName=ENVIRONMENT.names.records_table,
            Item={
                Table.CLUSTER: {"S": NAME},
                Table.RECORD: {"S": f"{Table.JOB_PREFIX}1"},
                Table.JOB_NAME: {"S": "two-tower"},
                Table.JOB_STATUS: {"S": JobStatus.RUNNING},
                Table.HEARTBEAT_AT: {"N": str(now().timestamp() - HEARTBEAT_SECONDS)},
            },
        )
        with pytest.raises(OperationError, match="job two-tower is reported as running"):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")

    def test_a_cluster_that_does_not_exist_is_refused(self, records: None) -> None:  # noqa: ARG002
        with pytest.raises(OperationError, match=r"There is no cluster of an experiment 'two-towr' .* two-tower-v2"):
            operations.stop_cluster(ENVIRONMENT, "two-towr")

    def test_a_group_that_must_not_be_stopped_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(**{Tag.AUTO_STOP: "false"})
        with pytest.raises(OperationError, match="its tag AutoStop is not true"):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True)


class TestStart:
    def test_all_nodes_are_requested(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        assert operations.start_cluster(ENVIRONMENT, "two-tower-v2").wanted == 2
        assert len(node_ids(client)) == 2

    def test_an_expired_one_is_not_started(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0, **{Tag.EXPIRES: "2026-01-31"})
        with pytest.raises(
            OperationError, match=r"expired at the end of 2026-01-31\. Extend it first: .*clusters extend dev"
        ):
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert node_ids(client) == []

    def test_a_group_without_a_valid_node_count_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0, **{Tag.NODES: "many"})
        with pytest.raises(OperationError, match="its tag Nodes is 'many'"):
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")

    def test_one_whose_file_system_was_removed_is_started_after_the_next_deploy(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        make(nodes=0, KeepHours="72")
        mark = "/mlinfra/recsys/dev/training/removed-file-systems/two-tower-v2"
        client("ssm").put_parameter(Name=mark, Value="2026-12-18T14:00:00Z", Type="String")
        with pytest.raises(OperationError) as refused:
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert str(refused.value).startswith(
            "The file system of 'two-tower-v2' was removed while its cluster was stopped. The next deploy creates it "
            "again: npx cdktf deploy dev-training. Then start the cluster: "
        )
        assert client("ssm").get_parameters_by_path(Path=mark.rpartition("/")[0])["Parameters"] == []
        assert operations.start_cluster(ENVIRONMENT, "two-tower-v2").wanted == 2


class TestExtend:
    def test_a_later_day_is_effective_immediately(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0, **{Tag.EXPIRES: "2026-01-31"})
        until = now().date() + timedelta(days=10)
        extended = operations.extend_cluster(ENVIRONMENT, "two-tower-v2", until)
        assert extended.extended
        assert extended.expires is not None
        assert extended.expires.date() == until + timedelta(days=1)
        assert operations.start_cluster(ENVIRONMENT, "two-tower-v2").wanted == 2

    def test_a_day_beyond_the_limit_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        with pytest.raises(OperationError, match="is too late: experiments of 'dev' may last at most 30 more days"):
            operations.extend_cluster(ENVIRONMENT, "two-tower-v2", now().date() + timedelta(days=31))

    @pytest.mark.parametrize("day", [LAST_DAY, date(2026, 1, 1)])
    def test_a_day_that_is_no_later_is_refused(self, make: Callable[..., list[str]], day: date) -> None:
        make(nodes=0)
        with pytest.raises(OperationError, match=f"{day} would not extend .* which expires at the end of {LAST_DAY}"):
            operations.extend_cluster(ENVIRONMENT, "two-tower-v2", day)


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
