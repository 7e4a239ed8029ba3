"""An AWS in memory: the calls of the shutdown handlers, for one account with few groups.

It replaces EC2 Auto Scaling, EC2, CloudWatch, DynamoDB, EventBridge, SNS and Systems Manager where the handlers create
their clients (`mlinfra.functions.clients`). Its responses have the fields that the handlers read. An unknown call is an
error of the replay, never an empty response. `tests/unit/functions/test_replay_aws.py` compares its responses with
moto's.

Not replayed: the volumes that outlive their nodes (the tests of the janitor specify their deletion), throttling limits
of a real account (a fault throttles calls at random), eventual consistency of descriptions, and the minute or two that
EC2 takes to shut an instance down (it is not billed).
"""

from __future__ import annotations

import itertools
import operator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from benchmarks.idle.expressions import holds, update
from mlinfra.catalog import instance_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_GROUP_TAG: Final = "aws:autoscaling:groupName"
_NOT_FOUND: Final = "InvalidVolume.NotFound"
_INVALID: Final = "ValidationError"
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_SERVICES: Final = ("autoscaling", "ec2", "cloudwatch", "events", "sns", "ssm")


class UnknownCallError(Exception):
    """A handler called something that the replay's AWS lacks: add it to `benchmarks/idle/aws.py`."""


@lru_cache(maxsize=1 << 16)
def moment(seconds: float) -> datetime:
    """Epoch seconds as a time in UTC."""
    return EPOCH + timedelta(seconds=seconds)


@dataclass(eq=False)
class Instance:
    """An EC2 instance of a group."""

    instance_id: str
    instance_type: str
    launched: float
    volume_id: str
    state: str = "running"
    lifecycle: str = "InService"
    protected: bool = True
    """mlinfra's groups protect new instances from scale-in (`protect_from_scale_in`)."""
    keeps_volume: bool = False
    ended: float | None = None


@dataclass(eq=False)
class Group:
    """An auto scaling group."""

    name: str
    tags: dict[str, str]
    created: float
    maximum: int
    desired: int = 0
    minimum: int = 0
    instances: list[Instance] = field(default_factory=list)


@dataclass
class _Volume:
    volume_id: str
    instance: Instance
    tags: dict[str, str] = field(default_factory=dict)


class Account:
    """The account, with a service for each client.

    Args:
        now: the simulated time, in epoch seconds.
        values: the values of a metric: from metric name, instance id, begin and end (epoch seconds) to pairs of the
            begin of a minute and its maximum.
        changed: called after a change of a group's size or instances.
        refuse: called before each call with service and operation; raises the error of a refused call.
    """

    def __init__(
        self,
        now: Callable[[], float],
        values: Callable[[str, str, float, float], Iterable[tuple[float, float]]],
        changed: Callable[[], None] = lambda: None,
        refuse: Callable[[str, str], None] = lambda service, operation: None,  # noqa: ARG005
    ) -> None:
        self.now = now
        self.values = values
        self.changed = changed
        self.refuse = refuse
        self.groups: dict[str, Group] = {}
        self.instances: dict[str, Instance] = {}
        self.volumes: dict[str, _Volume] = {}
        self.items: dict[str, dict[str, dict[str, Any]]] = {}
        """The table: items by the cluster's name and the record."""
        self.sent: dict[str, int] = {}
        """The number of events sent to EventBridge, by type."""
        self.subscribed: set[str] = set()
        """The addresses that are subscribed to the topic."""
        self.unknown: list[str] = []
        self._ids = itertools.count(1)
        self._services: dict[str, _Service] = {name: _CLASSES[name](self) for name in _SERVICES}
        self._dynamodb = SimpleNamespace(Table=lambda name: _Table(self, name))

    def client(self, service: str, **_: object) -> Any:
        """The client of a service, in place of `boto3.client`."""
        return self._services.get(service) or _Unknown(self, service)

    def resource(self, service: str, **_: object) -> Any:
        """DynamoDB, in place of `boto3.resource`."""
        return self._dynamodb if service == "dynamodb" else _Unknown(self, service)

    def launch(self, group: Group, instance_type: str) -> Instance:
        """Launch an instance of `group` now."""
        number = next(self._ids)
        instance = Instance(f"i-{number:017x}", instance_type, self.now(), f"vol-{number:017x}")
        self.instances[instance.instance_id] = instance
        self.volumes[instance.volume_id] = _Volume(instance.volume_id, instance)
        group.instances.append(instance)
        return instance

    def terminate(self, instance: Instance) -> None:
        """Terminate an instance now."""
        if instance.ended is not None:
            return
        instance.ended = self.now()
        instance.state = "terminated"
        for group in self.groups.values():
            if instance in group.instances:
                group.instances.remove(instance)
        self.volumes.pop(instance.volume_id, None)

    def scale_in(self, group: Group) -> None:
        """Terminate instances above the desired capacity that are not protected, as EC2 Auto Scaling does."""
        for instance in list(group.instances):
            if len(group.instances) <= group.desired:
                return
            if not instance.protected:
                self.terminate(instance)


class _Service:
    """A client: its methods are the operations, in boto3's names."""

    name = ""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __getattr__(self, operation: str) -> Any:
        return _unknown(self._account, self.name, operation)

    def get_paginator(self, operation: str) -> Any:
        """A paginator with one page."""
        call = getattr(self, operation)

        def paginate(**arguments: Any) -> Iterator[Any]:
            arguments.pop("PaginationConfig", None)
            yield call(**arguments)

        return SimpleNamespace(paginate=paginate)

    def _begin(self, operation: str) -> None:
        self._account.refuse(self.name, operation)


class _AutoScaling(_Service):
    name = "autoscaling"

    def describe_auto_scaling_groups(
        self,
        AutoScalingGroupNames: Sequence[str] = (),
        Filters: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        self._begin("DescribeAutoScalingGroups")
        groups = [
            group
            for group in self._account.groups.values()
            if (not AutoScalingGroupNames or group.name in AutoScalingGroupNames)
            and all(_matches(each, "", "", group.tags) for each in Filters)
        ]
        return {"AutoScalingGroups": [self._described(group) for group in groups]}

    def describe_scaling_activities(self, **_: object) -> dict[str, Any]:
        self._begin("DescribeScalingActivities")
        return {"Activities": []}

    def set_desired_capacity(
        self, AutoScalingGroupName: str, DesiredCapacity: int, HonorCooldown: bool = False
    ) -> None:
        self._begin("SetDesiredCapacity")
        group = self._account.groups[AutoScalingGroupName]
        group.desired = DesiredCapacity
        self._settle(group)

    def update_auto_scaling_group(self, AutoScalingGroupName: str, **sizes: int) -> None:
        self._begin("UpdateAutoScalingGroup")
        group = self._account.groups[AutoScalingGroupName]
        group.minimum = sizes.pop("MinSize", group.minimum)
        group.desired = max(sizes.pop("DesiredCapacity", group.desired), group.minimum)
        if sizes:
            _unknown(self._account, self.name, f"update_auto_scaling_group({', '.join(sizes)})")
        self._settle(group)

    def terminate_instance_in_auto_scaling_group(
        self,
        InstanceId: str,
        ShouldDecrementDesiredCapacity: bool,
    ) -> dict[str, Any]:
        self._begin("TerminateInstanceInAutoScalingGroup")
        instance = self._account.instances[InstanceId]
        for group in self._account.groups.values():
            if instance in group.instances:
                if ShouldDecrementDesiredCapacity:
                    if group.desired <= group.minimum:
                        raise _error(_INVALID, "TerminateInstanceInAutoScalingGroup")
                    group.desired -= 1
                self._account.terminate(instance)
                self._settle(group)
        return {"Activity": {}}

    def set_instance_protection(
        self,
        AutoScalingGroupName: str,
        InstanceIds: Sequence[str],
        ProtectedFromScaleIn: bool,
    ) -> None:
        self._begin("SetInstanceProtection")
        group = self._account.groups[AutoScalingGroupName]
        for instance in group.instances:
            if instance.instance_id in InstanceIds:
                instance.protected = ProtectedFromScaleIn
        self._settle(group)

    def _settle(self, group: Group) -> None:
        self._account.scale_in(group)
        self._account.changed()

    def _described(self, group: Group) -> dict[str, Any]:
        return {
            "AutoScalingGroupName": group.name,
            "MinSize": group.minimum,
            "MaxSize": group.maximum,
            "DesiredCapacity": group.desired,
            "CreatedTime": moment(group.created),
            "SuspendedProcesses": [],
            "Instances": [
                {
                    "InstanceId": each.instance_id,
                    "InstanceType": each.instance_type,
                    "LifecycleState": each.lifecycle,
                    "HealthStatus": "Healthy",
                    "ProtectedFromScaleIn": each.protected,
                }
                for each in group.instances
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in group.tags.items()],
        }


class _Ec2(_Service):
    name = "ec2"
    meta = SimpleNamespace(region_name="us-east-1")

    def describe_instances(
        self,
        Filters: Sequence[Mapping[str, Any]] = (),
        InstanceIds: Sequence[str] = (),
    ) -> dict[str, Any]:
        self._begin("DescribeInstances")
        found = [
            self._instance(instance, tags)
            for instance, tags in self._tagged()
            if (not InstanceIds or instance.instance_id in InstanceIds)
            and all(_matches(each, instance.instance_id, instance.state, tags) for each in Filters)
        ]
        return {"Reservations": [{"Instances": found}] if found else []}

    def describe_volumes(self, Filters: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        self._begin("DescribeVolumes")
        return {
            "Volumes": [
                {
                    "VolumeId": each.volume_id,
                    "State": "in-use" if each.instance.ended is None else "available",
                    "Tags": [{"Key": key, "Value": value} for key, value in each.tags.items()],
                }
                for each in self._account.volumes.values()
                if all(_matches(one, each.volume_id, "", each.tags) for one in Filters)
            ]
        }

    def create_tags(self, Resources: Sequence[str], Tags: Sequence[Mapping[str, str]]) -> None:
        self._begin("CreateTags")
        if any(each not in self._account.volumes for each in Resources):
            raise _error(_NOT_FOUND, "CreateTags")
        for each in Resources:
            self._account.volumes[each].tags.update({tag["Key"]: tag["Value"] for tag in Tags})

    def modify_instance_attribute(self, InstanceId: str, BlockDeviceMappings: Sequence[Mapping[str, Any]]) -> None:
        self._begin("ModifyInstanceAttribute")
        (mapping,) = BlockDeviceMappings
        self._account.instances[InstanceId].keeps_volume = not mapping["Ebs"]["DeleteOnTermination"]

    def delete_volume(self, VolumeId: str) -> None:
        self._begin("DeleteVolume")
        if self._account.volumes.pop(VolumeId, None) is None:
            raise _error(_NOT_FOUND, "DeleteVolume")

    def terminate_instances(self, InstanceIds: Sequence[str]) -> dict[str, Any]:
        self._begin("TerminateInstances")
        for each in InstanceIds:
            self._account.terminate(self._account.instances[each])
        self._account.changed()
        return {"TerminatingInstances": [{"InstanceId": each} for each in InstanceIds]}

    def _tagged(self) -> Iterator[tuple[Instance, dict[str, str]]]:
        for group in self._account.groups.values():
            for instance in group.instances:
                yield instance, group.tags | {_GROUP_TAG: group.name}

    def _instance(self, instance: Instance, tags: Mapping[str, str]) -> dict[str, Any]:
        return {
            "InstanceId": instance.instance_id,
            "InstanceType": instance.instance_type,
            "LaunchTime": moment(instance.launched),
            "CpuOptions": {"CoreCount": instance_types()[instance.instance_type].vcpu // 2, "ThreadsPerCore": 2},
            "State": {"Name": instance.state},
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/sda1",
                    "Ebs": {"VolumeId": instance.volume_id, "DeleteOnTermination": not instance.keeps_volume},
                }
            ],
        }


class _CloudWatch(_Service):
    name = "cloudwatch"

    def get_metric_data(
        self,
        MetricDataQueries: Sequence[Mapping[str, Any]],
        StartTime: datetime,
        EndTime: datetime,
        ScanBy: str = "TimestampAscending",
    ) -> dict[str, Any]:
        self._begin("GetMetricData")
        if ScanBy != "TimestampAscending":
            _unknown(self._account, self.name, f"get_metric_data(ScanBy={ScanBy})")
        begin, end = StartTime.timestamp(), EndTime.timestamp()
        return {"MetricDataResults": [self._result(query, begin, end) for query in MetricDataQueries]}

    def _result(self, query: Mapping[str, Any], begin: float, end: float) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        instances = [each["Value"] for each in metric["Dimensions"] if each["Name"] == "InstanceId"]
        values = list(self._account.values(metric["MetricName"], instances[0], begin, end))
        return {
            "Id": query["Id"],
            "Timestamps": [moment(at) for at, _ in values],
            "Values": [value for _, value in values],
            "StatusCode": "Complete",
        }


class _Events(_Service):
    name = "events"

    def put_events(self, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self._begin("PutEvents")
        for each in Entries:
            self._account.sent[each["DetailType"]] = self._account.sent.get(each["DetailType"], 0) + 1
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "event"} for _ in Entries]}


class _Sns(_Service):
    name = "sns"

    def publish(self, **_: object) -> dict[str, str]:
        self._begin("Publish")
        return {"MessageId": "message"}

    def list_subscriptions_by_topic(self, TopicArn: str) -> dict[str, Any]:
        self._begin("ListSubscriptionsByTopic")
        return {"Subscriptions": [{"Protocol": "email", "Endpoint": each} for each in self._account.subscribed]}

    def subscribe(self, Endpoint: str, **_: object) -> dict[str, str]:
        self._begin("Subscribe")
        self._account.subscribed.add(Endpoint)
        return {"SubscriptionArn": "subscription"}


class _Ssm(_Service):
    name = "ssm"

    def get_parameters_by_path(self, **_: object) -> dict[str, Any]:
        """There are no file systems, so that none was removed."""
        self._begin("GetParametersByPath")
        return {"Parameters": []}


class _Table:
    """The resource of a DynamoDB table with the key (`cluster`, `record`)."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    def __getattr__(self, operation: str) -> Any:
        return _unknown(self._account, "dynamodb", operation)

    def query(self, KeyConditionExpression: Any, ConsistentRead: bool = False) -> dict[str, Any]:
        self._account.refuse("dynamodb", "Query")
        keys = dict(_keys(KeyConditionExpression))
        records = self._account.items.get(keys.pop("cluster")[1], {})
        name, value = keys.get("record", ("begins_with", ""))
        matches = _OPERATORS[name]
        return {"Items": [dict(item) for record, item in sorted(records.items()) if matches(record, value)]}

    def get_item(self, Key: Mapping[str, str], ConsistentRead: bool = False) -> dict[str, Any]:
        self._account.refuse("dynamodb", "GetItem")
        item = self._account.items.get(Key["cluster"], {}).get(Key["record"])
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, Item: Mapping[str, Any]) -> None:
        self._account.refuse("dynamodb", "PutItem")
        self._account.items.setdefault(Item["cluster"], {})[Item["record"]] = _stored(Item)

    def delete_item(self, Key: Mapping[str, str]) -> None:
        self._account.refuse("dynamodb", "DeleteItem")
        self._account.items.get(Key["cluster"], {}).pop(Key["record"], None)

    def update_item(
        self,
        Key: Mapping[str, str],
        UpdateExpression: str,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ConditionExpression: str | None = None,
    ) -> dict[str, Any]:
        self._account.refuse("dynamodb", "UpdateItem")
        names, values = ExpressionAttributeNames or {}, _stored(ExpressionAttributeValues or {})
        items = self._account.items.setdefault(Key["cluster"], {})
        item = items.get(Key["record"], {})
        if ConditionExpression is not None and not holds(ConditionExpression, item, names, values):
            raise _error(_CONDITION_FAILED, "UpdateItem")
        items[Key["record"]] = {**Key, **update(UpdateExpression, item, names, values)}
        return {}


_OPERATORS: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "begins_with": str.startswith,
}


class _Unknown:
    def __init__(self, account: Account, service: str) -> None:
        self._account = account
        self._service = service

    def __getattr__(self, operation: str) -> Any:
        return _unknown(self._account, self._service, operation)


_CLASSES: Final[dict[str, type[_Service]]] = {
    each.name: each for each in (_AutoScaling, _Ec2, _CloudWatch, _Events, _Sns, _Ssm)
}


def throttled(operation: str) -> ClientError:
    """The error of a call that is still throttled after all retries."""
    return _error("ThrottlingException", operation)


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"replayed: {code}"}}, operation)


def _unknown(account: Account, service: str, operation: str) -> Any:
    if operation.startswith("__"):
        raise AttributeError(operation)
    account.unknown.append(f"{service}.{operation}")
    message = f"the replay's AWS has no {service}.{operation}"
    raise UnknownCallError(message)


def _matches(condition: Mapping[str, Any], resource_id: str, state: str, tags: Mapping[str, str]) -> bool:
    """True if a resource matches a filter of EC2 or EC2 Auto Scaling."""
    name, values = condition["Name"], condition["Values"]
    if name.startswith("tag:"):
        return tags.get(name.removeprefix("tag:")) in values
    if name == "tag-key":
        return any(value in tags for value in values)
    if name in {"instance-id", "volume-id"}:
        return resource_id in values
    if name == "instance-state-name":
        return state in values
    message = f"the replay's AWS has no filter {name}"
    raise UnknownCallError(message)


def _keys(condition: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    """The keys in a condition of boto3: name, operator and value."""
    expression = condition.get_expression()
    if expression["operator"] == "AND":
        for each in expression["values"]:
            yield from _keys(each)
    else:
        name, value = expression["values"]
        if expression["operator"] not in _OPERATORS:
            message = f"the replay's AWS has no key condition {expression['operator']}"
            raise UnknownCallError(message)
        yield name.name, (expression["operator"], value)


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as DynamoDB returns them. Like boto3, refuses floats."""
    return {key: _stored_value(value) for key, value in values.items()}


def _stored_value(value: Any) -> Any:
    if isinstance(value, float):
        message = "Float types are not supported. Use Decimal types instead."
        raise TypeError(message)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value
