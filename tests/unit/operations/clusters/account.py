"""An environment with one cluster, and the state of it in a local AWS."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Activity, Metric, NodeReport, Table, Tag
from mlinfra.operations import clusters as operations
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import Environment
    from mlinfra.operations.clusters import Cluster

    Client = Callable[..., Any]

LAST_DAY = (datetime.now(timezone.utc) + timedelta(days=20)).date()
ENVIRONMENT = an_environment(
    account_id="123456789012",
    sizes={"small": "g5.xlarge"},
    experiments=[an_experiment(expires=LAST_DAY, nodes=2, spend_limit_usd=500)],
)
NAME = ENVIRONMENT.names.cluster(ENVIRONMENT.experiments[0])


def now() -> datetime:
    return datetime.now(timezone.utc)


def node_ids(client: Client, name: str = NAME) -> list[str]:
    (group,) = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return [each["InstanceId"] for each in group["Instances"]]


def make_group(
    client: Client,
    name: str = NAME,
    *,
    nodes: int = 2,
    protected: bool = False,
    placement_group: bool = False,
    **tags: str,
) -> list[str]:
    """Make the auto scaling group of a cluster as mlinfra does, and return the ids of its nodes."""
    if placement_group:
        client("ec2").create_placement_group(GroupName=name, Strategy="cluster")
    image = client("ec2").describe_images(Filters=[{"Name": "name", "Values": ["Deep Learning Base OSS*"]}])["Images"][
        0
    ]["ImageId"]
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
        **({"PlacementGroup": name} if placement_group else {}),
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


def report(
    client: Client, node: str, *, busy_minutes_ago: int | None = None, minutes: int = 60, guard_minutes_ago: int = 0
) -> None:
    """Have the guard and the agent of `node` report for the last minutes; at most one of them with a busy GPU.

    Args:
        client: makes clients of the local AWS.
        node: the instance id.
        busy_minutes_ago: the minute in which the GPU was busy. Default: none.
        minutes: the number of minutes.
        guard_minutes_ago: the age of the guard's last report. Default: 0, a live guard.
    """
    client("dynamodb").put_item(
        TableName=ENVIRONMENT.names.records_table,
        Item={
            Table.CLUSTER: {"S": NAME},
            Table.RECORD: {"S": f"{Table.NODE_PREFIX}{node}"},
            NodeReport.REPORTED_AT: {"N": str(now().timestamp() - 60 * guard_minutes_ago)},
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


def put_record(client: Client, record: str, **attributes: str | float) -> None:
    """Write a record of the cluster to the environment's table."""
    client("dynamodb").put_item(
        TableName=ENVIRONMENT.names.records_table,
        Item={Table.CLUSTER: {"S": NAME}, Table.RECORD: {"S": record}}
        | {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in attributes.items()},
    )


def record_cost(client: Client, usd: float) -> None:
    """Record the cost of the cluster until now."""
    put_record(client, Table.STATE, **{Table.COST_USD: usd, Table.COST_AT: now().timestamp()})
