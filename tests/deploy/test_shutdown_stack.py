"""The four layers of shutdown: created, triggered, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from mlinfra import Environment, QuietHours
from mlinfra.constructs.parts.alerts import Alerts
from mlinfra.constructs.parts.encryption_key import EncryptionKey
from mlinfra.constructs.shutdown.shutdown import Shutdown
from mlinfra.functions.contract import Event, Table, Tag, Variable
from mlinfra.job import training_job
from mlinfra.testing import Synth
from tests.conftest import ROOT, an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import StackTerraform, Template

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("shutdown")]

GROUP = "recsys-local-two-tower-v2"


@pytest.fixture(scope="module")
def environment() -> Environment:
    return an_environment(
        name="local",
        account_id="123456789012",
        emulated=True,
        alert_emails=("platform@example.com",),
        quiet_hours=QuietHours(begin="20:00", time_zone="Europe/Berlin"),
        experiments=[an_experiment()],
    )


@pytest.fixture(scope="module")
def stack(
    environment: Environment, module_terraform: StackTerraform, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    """The stack, applied. Its group stands for the cluster's, and is there before."""
    _make_group()

    def build(made: MlStack) -> None:
        key = EncryptionKey(made, "key", name="recsys-local-compute", description="Logs.", services=["logs"])
        alerts = Alerts(made, "alerts")
        assert alerts.topic_arn
        Shutdown(made, "shutdown", key_arn=key.arn).watch(cluster_name=GROUP, experiment=environment.experiments[0])

    # With a space, as checkouts have them.
    synth = Synth(tmp_path_factory.mktemp("check out"), ROOT, environment)
    template = synth.constructs(build, component="shutdown")
    module_terraform.apply(template)
    return template


def _make_group() -> None:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    template = {"ImageId": "ami-12345678", "InstanceType": "g5.xlarge"}
    ec2.create_launch_template(LaunchTemplateName="node", LaunchTemplateData=template)
    boto3.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchTemplate={"LaunchTemplateName": "node", "Version": "$Latest"},
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=0,
        VPCZoneIdentifier=subnet,
    )


def test_a_second_plan_finds_nothing_to_do(module_terraform: StackTerraform, stack: Template) -> None:
    module_terraform.plan(stack).assert_empty()


@pytest.mark.usefixtures("stack")
def test_functions_have_the_package_and_what_the_environment_says(environment: Environment) -> None:
    functions = boto3.client("lambda")
    found = {each["FunctionName"]: each for each in functions.list_functions()["Functions"]}
    assert set(found) == {
        "recsys-local-janitor",
        "recsys-local-job-finished",
        "recsys-local-idle",
        "recsys-local-interruption",
        "recsys-local-node-unhealthy",
    }
    assert len({each["CodeSha256"] for each in found.values()}) == 1
    variables = found["recsys-local-janitor"]["Environment"]["Variables"]
    assert variables == {
        Variable.TABLE: environment.names.records_table,
        Variable.TOPIC: environment.names.alerts_topic_arn,
        Variable.GRACE_DAYS: "3",
        Variable.ENVIRONMENT: "local",
        Variable.PREFIX: "recsys-local-",
        Variable.DRY_RUN: "false",
    }


@pytest.mark.usefixtures("stack")
def test_the_table_takes_what_jobs_and_functions_write(environment: Environment) -> None:
    table = boto3.resource("dynamodb").Table(environment.names.records_table)
    key = {Table.CLUSTER: GROUP, Table.RECORD: Table.STATE}
    table.update_item(Key=key, UpdateExpression="SET cost_usd = :usd", ExpressionAttributeValues={":usd": 3})
    assert table.get_item(Key=key)["Item"]["cost_usd"] == 3


@pytest.mark.usefixtures("stack")
def test_an_owner_hears_of_their_own_clusters_only(environment: Environment) -> None:
    sns = boto3.client("sns")
    listed = sns.list_subscriptions_by_topic(TopicArn=environment.names.alerts_topic_arn)["Subscriptions"]
    filters = {
        each["Endpoint"]: sns.get_subscription_attributes(SubscriptionArn=each["SubscriptionArn"])["Attributes"].get(
            "FilterPolicy"
        )
        for each in listed
    }
    assert filters["platform@example.com"] is None
    assert json.loads(filters["ana@example.com"]) == {"owner": ["ana@example.com"]}


@pytest.mark.usefixtures("stack")
def test_quiet_hours_do_not_change_the_maximum_size() -> None:
    (action,) = boto3.client("autoscaling").describe_scheduled_actions(AutoScalingGroupName=GROUP)[
        "ScheduledUpdateGroupActions"
    ]
    assert (action["MinSize"], action["DesiredCapacity"], action.get("MaxSize")) == (0, 0, None)
    assert (action["Recurrence"], action["TimeZone"]) == ("0 20 * * *", "Europe/Berlin")


@pytest.mark.usefixtures("stack")
def test_a_job_that_ends_stops_its_cluster(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    autoscaling = boto3.client("autoscaling")
    tags = {Tag.AUTO_STOP: "true", Tag.OWNER: "ana@example.com", Tag.PAUSE_MINUTES: "0"}
    autoscaling.create_or_update_tags(Tags=[_tag(key, value) for key, value in tags.items()])
    autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=2)
    # The event's time is in whole seconds, and says whether nodes were started after the job.
    time.sleep(1.1)
    monkeypatch.setenv(Variable.TABLE, environment.names.records_table)
    monkeypatch.setenv(Variable.CLUSTER, GROUP)
    with training_job("two-tower"):
        assert _desired() == 2

    # The function writes down what it did after it did it: the record is the end of its work.
    state = _remembered(environment, Table.STOPPED_WHY)
    assert _desired() == 0
    # The alarm or the schedule may have checked the cluster first, for the same reason.
    assert state[Table.STOPPED_WHY].startswith(("job two-tower-", "its last job ended at "))


@pytest.mark.usefixtures("stack")
def test_a_node_that_is_not_as_expected_is_heard_of(environment: Environment) -> None:
    reason = "CUDA 13.2 is expected, and it has: cuda-12.8"
    detail = {"cluster": GROUP, "instance_id": "i-0123456789abcdef0", "reason": reason}
    entry = {"Source": Event.NODE_SOURCE, "DetailType": Event.NODE_UNHEALTHY, "Detail": json.dumps(detail)}
    boto3.client("events").put_events(Entries=[entry])
    assert _remembered(environment, "told_unhealthy_node")["told_unhealthy_node"].endswith(reason)


@pytest.mark.usefixtures("stack")
def test_the_check_of_all_clusters_leaves_a_new_cluster() -> None:
    autoscaling = boto3.client("autoscaling")
    autoscaling.create_or_update_tags(Tags=[_tag(Tag.AUTO_STOP, "true"), _tag(Tag.EXPIRES, "2036-01-31")])
    autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    (cluster,) = _invoked("recsys-local-idle", _SCHEDULED)["clusters"]
    assert (cluster["cluster"], cluster["decision"]) == (GROUP, "left")
    assert "has sent no node report" in cluster["reason"]
    assert _desired() == 1


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("function", "key"), [("recsys-local-idle", "clusters"), ("recsys-local-janitor", "targets")])
def test_a_cluster_above_its_bound_is_stopped_as_deployed(environment: Environment, function: str, key: str) -> None:
    autoscaling = boto3.client("autoscaling")
    autoscaling.create_or_update_tags(Tags=[_tag(Tag.AUTO_STOP, "true"), _tag(Tag.EXPIRES, "2026-01-31")])
    autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    node = _nodes()[0]
    autoscaling.set_instance_protection(AutoScalingGroupName=GROUP, InstanceIds=[node], ProtectedFromScaleIn=True)
    table, place = boto3.resource("dynamodb").Table(environment.names.records_table), _state_key()
    table.update_item(Key=place, UpdateExpression="REMOVE #why", ExpressionAttributeNames={"#why": Table.STOPPED_WHY})
    (target,) = _invoked(function, _SCHEDULED)[key]
    # Lambda repeats events that failed in earlier tests: another run may be stopping it now, or have stopped it.
    assert target["decision"] in {"stopped", "nothing"} or target["reason"] == "another run is stopping it", target
    why = _remembered(environment, Table.STOPPED_WHY)[Table.STOPPED_WHY]
    assert why == "it expired at 2026-02-01T00:00:00Z, more than its grace period of 24 hours ago"
    assert (_desired(), _nodes()) == (0, [])


def _state_key() -> dict[str, str]:
    return {Table.CLUSTER: GROUP, Table.RECORD: Table.STATE}


_SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event"}


def _invoked(function: str, event: dict[str, str]) -> dict[str, Any]:
    # On a busy machine a run takes longer than boto3 waits before it repeats the call.
    config = Config(read_timeout=300, retries={"total_max_attempts": 1})
    answer = boto3.client("lambda", config=config).invoke(FunctionName=function, Payload=json.dumps(event).encode())
    seen: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, seen
    return seen


def _nodes() -> list[str]:
    (group,) = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])[
        "AutoScalingGroups"
    ]
    return [each["InstanceId"] for each in group["Instances"]]


def _remembered(environment: Environment, attribute: str) -> dict[str, Any]:
    """The record of the cluster, as soon as it has this attribute."""
    table = boto3.resource("dynamodb").Table(environment.names.records_table)
    key = _state_key()
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        state: dict[str, Any] = table.get_item(Key=key).get("Item", {})
        if attribute in state:
            return state
        time.sleep(0.2)
    pytest.fail(f"nothing wrote down {attribute!r}")


def _tag(key: str, value: str) -> dict[str, Any]:
    return {
        "Key": key,
        "Value": value,
        "ResourceId": GROUP,
        "ResourceType": "auto-scaling-group",
        "PropagateAtLaunch": True,
    }


def _desired() -> int:
    (group,) = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])[
        "AutoScalingGroups"
    ]
    return int(group["DesiredCapacity"])


def test_all_of_it_can_be_destroyed(module_terraform: StackTerraform, stack: Template) -> None:
    module_terraform.destroy(stack)
    assert module_terraform.state(stack).resources == {}
