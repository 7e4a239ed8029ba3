"""The AWS in memory of the replay (`benchmarks/idle/aws.py`): its calls have the results of the local AWS."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from benchmarks.idle.aws import Account, Group, UnknownCallError
from benchmarks.idle.expressions import UnknownExpressionError, holds
from mlinfra.functions.contract import Metric, Table, Tag
from tests.unit.functions.cloud import NAME, TABLE, Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEY = {Table.CLUSTER: NAME, Table.RECORD: Table.STATE}


class Pair:
    """A group of two nodes in the local AWS and the same one in memory. The ids of the nodes differ."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.ids = sorted(cloud.group(nodes=2))
        self.values: dict[str, list[tuple[float, float]]] = {}
        self.account = Account(cloud.now.timestamp, self._read)
        tags = {tag["Key"]: tag["Value"] for tag in cloud.described()["Tags"]}
        maximum = cloud.described()["MaxSize"]
        self.group = Group(NAME, tags, cloud.now.timestamp(), maximum, desired=2)
        self.account.groups[NAME] = self.group
        for instance_id in self.ids:
            instance = self.account.launch(self.group, "g5.xlarge")
            self.account.instances[instance_id] = self.account.instances.pop(instance.instance_id)
            instance.instance_id = instance_id
            instance.protected = False
        # Their volumes have the ids of the local AWS too.
        for answer in self._local("ec2").describe_instances(InstanceIds=self.ids)["Reservations"]:
            for each in answer["Instances"]:
                instance = self.account.instances[each["InstanceId"]]
                volume = self.account.volumes.pop(instance.volume_id)
                volume.volume_id = instance.volume_id = each["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
                self.account.volumes[instance.volume_id] = volume

    def both(self, service: str, operation: str, read: Callable[[Any], Any], **arguments: Any) -> Any:
        """Call both; the result or error code, reduced by `read`, which must be equal."""
        local, replayed = (
            _result(getattr(client, operation), read, arguments)
            for client in (self._local(service), self.account.client(service))
        )
        assert replayed == local
        return local

    def pages(self, service: str, operation: str, read: Callable[[Any], Any], **arguments: Any) -> Any:
        """The same with a paginator."""
        local, replayed = (
            [read(page) for page in client.get_paginator(operation).paginate(**arguments)]
            for client in (self._local(service), self.account.client(service))
        )
        assert replayed == local
        return local

    def table(self, operation: str, read: Callable[[Any], Any] | None = None, **arguments: Any) -> Any:
        """The same with the resource of the table."""
        tables = (boto3.resource("dynamodb").Table(TABLE), self.account.resource("dynamodb").Table(TABLE))
        local, replayed = (_result(getattr(table, operation), read or nothing, arguments) for table in tables)
        assert replayed == local
        return local

    def reading(self, instance_id: str, at: datetime, percent: float) -> None:
        self.cloud.readings(instance_id, {at: percent})
        self.values.setdefault(instance_id, []).append((at.timestamp(), percent))

    def _read(self, metric: str, name: str, begin: float, end: float) -> Iterator[tuple[float, float]]:
        assert metric == Metric.GPU_UTILISATION
        return ((at, value) for at, value in sorted(self.values.get(name, ())) if begin <= at < end)

    def _local(self, service: str) -> Any:
        return boto3.client(service)


def _result(call: Callable[..., Any], read: Callable[[Any], Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return read(call(**arguments))
    except ClientError as error:
        return error.response["Error"]["Code"]


@pytest.fixture
def pair(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setitem(os.environ, "AWS_DEFAULT_REGION", "us-east-1")
    return Pair(cloud)


def groups(answer: Any) -> Any:
    """The fields of groups that the handlers read, without the times of creation."""
    return [
        {
            "sizes": [group[name] for name in ("MinSize", "MaxSize", "DesiredCapacity")],
            "name": group["AutoScalingGroupName"],
            "tags": sorted((tag["Key"], tag["Value"]) for tag in group["Tags"]),
            "created": type(group["CreatedTime"]),
            "instances": sorted(
                (each["InstanceId"], each["LifecycleState"], each["ProtectedFromScaleIn"])
                for each in group["Instances"]
            ),
        }
        for group in answer["AutoScalingGroups"]
    ]


def instances(answer: Any) -> Any:
    return sorted(
        (
            each["InstanceId"],
            each["InstanceType"],
            each["State"]["Name"],
            type(each["LaunchTime"]),
            each["BlockDeviceMappings"][0]["DeviceName"],
            each["BlockDeviceMappings"][0]["Ebs"]["VolumeId"],
            each["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"],
        )
        for found in answer["Reservations"]
        for each in found["Instances"]
    )


def volumes(answer: Any) -> Any:
    return sorted(
        (each["VolumeId"], each["State"], sorted((tag["Key"], tag["Value"]) for tag in each.get("Tags", ())))
        for each in answer["Volumes"]
    )


def nothing(answer: Any) -> None:
    del answer


def by_tag(value: str) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{Tag.AUTO_STOP}", "Values": [value]}]


def test_groups_and_instances_are_described_alike(pair: Pair) -> None:
    assert pair.pages("autoscaling", "describe_auto_scaling_groups", groups, Filters=by_tag("true"))[0]
    assert pair.pages("autoscaling", "describe_auto_scaling_groups", groups, Filters=by_tag("false")) == [[]]
    assert pair.both("autoscaling", "describe_auto_scaling_groups", groups, AutoScalingGroupNames=[NAME])
    assert pair.both("autoscaling", "describe_auto_scaling_groups", groups, AutoScalingGroupNames=["other"]) == []
    by_id = [{"Name": "instance-id", "Values": pair.ids[:1]}]
    assert len(pair.pages("ec2", "describe_instances", instances, Filters=by_id)[0]) == 1


def test_scale_in_ends_unprotected_nodes_and_protection_ends_later(pair: Pair) -> None:
    described = {"AutoScalingGroupNames": [NAME]}
    protection = {"AutoScalingGroupName": NAME, "InstanceIds": pair.ids[:1]}
    pair.both("autoscaling", "set_instance_protection", nothing, **protection, ProtectedFromScaleIn=True)
    pair.both("autoscaling", "update_auto_scaling_group", nothing, AutoScalingGroupName=NAME, MinSize=0)
    size = {"AutoScalingGroupName": NAME, "DesiredCapacity": 0, "HonorCooldown": False}
    pair.both("autoscaling", "set_desired_capacity", nothing, **size)
    (left,) = pair.both("autoscaling", "describe_auto_scaling_groups", groups, **described)
    assert [instance_id for instance_id, *_ in left["instances"]] == pair.ids[:1]


def test_an_idle_node_leaves_with_the_desired_capacity(pair: Pair) -> None:
    leaving = {"InstanceId": pair.ids[0], "ShouldDecrementDesiredCapacity": True}
    pair.both("autoscaling", "terminate_instance_in_auto_scaling_group", nothing, **leaving)
    (group,) = pair.both("autoscaling", "describe_auto_scaling_groups", groups, AutoScalingGroupNames=[NAME])
    assert group["sizes"][2] == 1
    assert [instance_id for instance_id, *_ in group["instances"]] == pair.ids[1:]


def test_terminated_instances_leave_their_group_despite_protection(pair: Pair) -> None:
    protection = {"AutoScalingGroupName": NAME, "InstanceIds": pair.ids}
    pair.both("autoscaling", "set_instance_protection", nothing, **protection, ProtectedFromScaleIn=True)
    pair.both(
        "autoscaling", "update_auto_scaling_group", nothing, AutoScalingGroupName=NAME, MinSize=0, DesiredCapacity=0
    )
    pair.both("ec2", "terminate_instances", nothing, InstanceIds=pair.ids)
    alive = [
        {"Name": "instance-id", "Values": pair.ids},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    assert pair.both("ec2", "describe_instances", instances, Filters=alive) == []


def test_volumes_are_tagged_and_kept_alike(pair: Pair) -> None:
    ids = sorted(pair.account.volumes)
    pair.both("ec2", "create_tags", nothing, Resources=ids, Tags=[{"Key": Tag.DELETE_AFTER, "Value": "2026-12-18"}])
    mapping = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": ids[0], "DeleteOnTermination": False}}
    pair.both("ec2", "modify_instance_attribute", nothing, InstanceId=pair.ids[0], BlockDeviceMappings=[mapping])
    kept = [{"Name": "volume-id", "Values": ids}, {"Name": "tag-key", "Values": [Tag.DELETE_AFTER]}]
    assert len(pair.pages("ec2", "describe_volumes", volumes, Filters=kept)[0]) == len(ids)
    assert pair.both("ec2", "delete_volume", nothing, VolumeId="vol-0123456789abcdef0") == "InvalidVolume.NotFound"


def test_metrics_are_read_alike(pair: Pair) -> None:
    end = pair.cloud.now.replace(second=0, microsecond=0)
    for minutes, percent in ((1, 3.0), (2, 40.0), (7, 9.0)):
        pair.reading(pair.ids[0], end - timedelta(minutes=minutes), percent)
    queries = [
        {
            "Id": f"n{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": Metric.NAMESPACE,
                    "MetricName": Metric.GPU_UTILISATION,
                    "Dimensions": [{"Name": Metric.INSTANCE, "Value": instance_id}],
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for index, instance_id in enumerate(pair.ids)
    ]
    window = {"StartTime": end - timedelta(minutes=5), "EndTime": end, "ScanBy": "TimestampAscending"}
    results = pair.both("cloudwatch", "get_metric_data", metric_results, MetricDataQueries=queries, **window)
    assert [values for _, _, values, _ in results] == [[40.0, 3.0], []]


def metric_results(answer: Any) -> Any:
    return [
        (each["Id"], [at.astimezone(timezone.utc) for at in each["Timestamps"]], each["Values"], each["StatusCode"])
        for each in answer["MetricDataResults"]
    ]


UPDATES: list[dict[str, Any]] = [
    {
        "UpdateExpression": "SET #a = :one, #b = :text",
        "ExpressionAttributeNames": {"#a": "a", "#b": "b"},
        "ExpressionAttributeValues": {":one": 1, ":text": "told"},
    },
    {
        "UpdateExpression": "SET #a = :two",
        "ConditionExpression": "attribute_not_exists(#a) OR #a < :one",
        "ExpressionAttributeNames": {"#a": "a"},
        "ExpressionAttributeValues": {":one": 1, ":two": 2},
    },
    {
        "UpdateExpression": "SET #a = #a + :two, #c = if_not_exists(#c, :zero)",
        "ConditionExpression": "(attribute_exists(#a) AND #a <= :one) OR begins_with(#b, :text)",
        "ExpressionAttributeNames": {"#a": "a", "#b": "b", "#c": "c"},
        "ExpressionAttributeValues": {":one": 1, ":two": 2, ":zero": Decimal("0.5"), ":text": "to"},
    },
    {
        "UpdateExpression": "SET #a = :two REMOVE #b, #c",
        "ConditionExpression": "NOT #b = :text AND #d <> :text",
        "ExpressionAttributeNames": {"#a": "a", "#b": "b", "#c": "c", "#d": "d"},
        "ExpressionAttributeValues": {":two": 2, ":text": "other"},
    },
]


def test_items_are_written_and_read_alike(pair: Pair) -> None:
    for arguments in UPDATES:
        pair.table("update_item", Key=KEY, **arguments)
        pair.table("get_item", lambda answer: answer["Item"], Key=KEY, ConsistentRead=True)
    pair.table("put_item", Item={Table.CLUSTER: NAME, Table.RECORD: "job#1", Table.HEARTBEAT_AT: 5})
    every = Key(Table.CLUSTER).eq(NAME)
    assert len(pair.table("query", items, KeyConditionExpression=every, ConsistentRead=True)) == 2
    jobs = every & Key(Table.RECORD).begins_with(Table.JOB_PREFIX)
    assert len(pair.table("query", items, KeyConditionExpression=jobs)) == 1
    before, after = every & Key(Table.RECORD).lt(Table.STATE), every & Key(Table.RECORD).gt(Table.JOB_PREFIX)
    assert pair.table("query", items, KeyConditionExpression=before) == pair.table(
        "query", items, KeyConditionExpression=jobs
    )
    assert len(pair.table("query", items, KeyConditionExpression=after)) == 2
    pair.table("delete_item", Key={Table.CLUSTER: NAME, Table.RECORD: "job#1"})
    assert pair.table("query", items, KeyConditionExpression=jobs) == []


def items(answer: Any) -> Any:
    return answer["Items"]


def test_numbers_are_decimals_and_floats_are_refused(pair: Pair) -> None:
    table = pair.account.resource("dynamodb").Table(TABLE)
    table.put_item(Item={**KEY, "a": 1})
    assert isinstance(table.get_item(Key=KEY)["Item"]["a"], Decimal)
    with pytest.raises(TypeError, match="Float types are not supported"):
        table.put_item(Item={**KEY, "a": 1.5})


@pytest.mark.parametrize(
    ("service", "operation"), [("ec2", "stop_instances"), ("sqs", "send_message"), ("autoscaling", "put_warm_pool")]
)
def test_an_unknown_call_is_an_error_of_the_replay(service: str, operation: str) -> None:
    account = Account(lambda: 0.0, lambda *_: ())
    with pytest.raises(UnknownCallError, match=f"has no {service}.{operation}"):
        getattr(account.client(service), operation)()
    assert account.unknown == [f"{service}.{operation}"]


@pytest.mark.parametrize("text", ["size(#a) > :one", "#a BETWEEN :one AND :two", "#a = :one #b"])
def test_an_unknown_expression_is_an_error_of_the_replay(text: str) -> None:
    with pytest.raises(UnknownExpressionError):
        holds(text, {}, {"#a": "a", "#b": "b"}, {":one": 1, ":two": 2})
