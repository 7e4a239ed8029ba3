"""Clusters, metrics and jobs in a local AWS, and the notifications and events about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock, idle, janitor, job_finished
from mlinfra.functions.contract import (
    Activity,
    Event,
    JobKey,
    JobStatus,
    Metric,
    NodeKey,
    NodeReport,
    Table,
    Tag,
    Variable,
)
from tests.local_aws import make_records_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pytest

NAME = "recsys-dev-two-tower"
OWNER = "ana@example.com"
TABLE = "mlinfra-recsys-dev"
PRICED, PRICE = "g5.xlarge", 1.006
UNPRICED = "mac2.metal"
"""The price list has no type of its class."""
ASSUMED = "p5e.48xlarge"
"""The price list has no price of it, and one of p5en.48xlarge."""


@dataclass(frozen=True)
class Account:
    """Resources that several tests share: the table, the launch template, the topic and the queue."""

    topic: str
    mailbox: str
    """The queue of what people get."""
    programs: str
    """The queue of what programs get."""

    @classmethod
    def prepare(cls, client: Callable[..., Any], *, image_id: str) -> Account:
        """Make them in an empty account. `image_id` is what nodes boot."""
        make_records_table(client, TABLE)
        client("ec2").create_launch_template(
            LaunchTemplateName="node",
            LaunchTemplateData={
                "ImageId": image_id,
                "BlockDeviceMappings": [
                    {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8, "DeleteOnTermination": True}}
                ],
            },
        )
        sqs, sns, events = client("sqs"), client("sns"), client("events")
        mailbox, programs = (str(sqs.create_queue(QueueName=name)["QueueUrl"]) for name in ("mailbox", "programs"))
        arns = {
            queue: sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            for queue in (mailbox, programs)
        }
        topic = str(sns.create_topic(Name="people")["TopicArn"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns[mailbox])
        events.put_rule(Name="programs", EventPattern=json.dumps({"source": [Event.SHUTDOWN_SOURCE]}))
        events.put_targets(Rule="programs", Targets=[{"Id": "programs", "Arn": arns[programs]}])
        return cls(topic=topic, mailbox=mailbox, programs=programs)


class Cloud:
    """A local AWS, and a clock that tests move."""

    def __init__(self, account: Account, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.ec2, self.autoscaling = client("ec2"), client("autoscaling")
        self.cloudwatch, self.dynamodb, self._sqs = client("cloudwatch"), client("dynamodb"), client("sqs")
        self._account = account
        self._monkeypatch = monkeypatch
        # The local AWS launches instances now, whatever a function thinks the time is.
        self.now = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(minutes=5)
        self.last_day = (self.now + timedelta(days=10)).date().isoformat()
        monkeypatch.setattr(clock, "now", lambda: self.now)

        self.set(Variable.TABLE, TABLE)
        self.set(Variable.TOPIC, account.topic)
        self.set(Variable.PREFIX, "recsys-dev-")
        self.set(Variable.ENVIRONMENT, "dev")
        self.set(Variable.GRACE_DAYS, "7")
        self.set(Variable.DRY_RUN, "false")

    def sweep(self) -> None:
        """Leave nothing to the next test that it could see. A reset each time would take longer than most tests."""
        for group in self.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
            self.autoscaling.delete_auto_scaling_group(
                AutoScalingGroupName=group["AutoScalingGroupName"], ForceDelete=True
            )
        alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        reservations = self.ec2.describe_instances(Filters=alive)["Reservations"]
        if ids := [each["InstanceId"] for reservation in reservations for each in reservation["Instances"]]:
            self.ec2.terminate_instances(InstanceIds=ids)
        for volume in self.ec2.describe_volumes()["Volumes"]:
            self.ec2.delete_volume(VolumeId=volume["VolumeId"])
        for item in self.dynamodb.scan(TableName=TABLE)["Items"]:
            key = {name: item[name] for name in (Table.CLUSTER, Table.RECORD)}
            self.dynamodb.delete_item(TableName=TABLE, Key=key)
        self.heard()
        self.mail()

    @property
    def expiry(self) -> datetime:
        """When what has no tag of its own expires."""
        return clock.end_of_day(self.last_day)

    @property
    def yesterday(self) -> str:
        return (self.now - timedelta(days=1)).date().isoformat()

    def set(self, variable: str, value: str | None) -> None:
        if value is None:
            self._monkeypatch.delenv(variable, raising=False)
        else:
            self._monkeypatch.setenv(variable, value)

    # What there is.

    def group(
        self,
        name: str = NAME,
        *,
        nodes: int = 2,
        instance_type: str = PRICED,
        minimum: int = 0,
        **tags: Any,
    ) -> list[str]:
        """A cluster that expires in ten days, but for `tags`; None leaves one out. The ids of its nodes."""
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=minimum,
            MaxSize=10,
            DesiredCapacity=nodes,
            AvailabilityZones=["us-east-1a"],
            MixedInstancesPolicy={
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": {"LaunchTemplateName": "node", "Version": "$Latest"},
                    "Overrides": [{"InstanceType": instance_type}],
                },
                "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 100},
            },
            Tags=[
                {"Key": key, "Value": value, "PropagateAtLaunch": True, "ResourceId": name}
                for key, value in self._tags(name, tags).items()
            ],
        )
        return self.nodes(name)

    def instance(self, *, instance_type: str = PRICED, **tags: Any) -> str:
        """An instance of no group."""
        answer = self.ec2.run_instances(
            LaunchTemplate={"LaunchTemplateName": "node"},
            InstanceType=instance_type,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": key, "Value": value} for key, value in self._tags("alone", tags).items()],
                }
            ],
        )
        return str(answer["Instances"][0]["InstanceId"])

    def gpus(
        self, ids: Iterable[str], percent: float, *, minutes: int = 40, until: timedelta = timedelta(0), every: int = 4
    ) -> None:
        """Metrics for the last `minutes` before `until` ago, one every `every` minutes.

        Agents report every minute; the local AWS is slow with so many.
        """
        moments = [self.now - until - timedelta(minutes=back) for back in range(1, minutes + 1, every)]
        for instance_id in ids:
            self.readings(instance_id, dict.fromkeys(moments, percent))

    def readings(self, instance_id: str, percent_by_moment: Mapping[datetime, float]) -> None:
        data = [
            {
                "MetricName": Metric.GPU_UTILISATION,
                "Dimensions": [{"Name": Metric.INSTANCE, "Value": instance_id}],
                "Timestamp": moment,
                "Value": percent,
            }
            for moment, percent in percent_by_moment.items()
        ]
        if data:
            self.cloudwatch.put_metric_data(Namespace=Metric.NAMESPACE, MetricData=data)

    def cpus(self, ids: list[str], percent: float, *, until: timedelta = timedelta(minutes=10)) -> None:
        """EC2's CPU utilization of 2 hours, up to some time ago."""
        first = self.now.replace(minute=self.now.minute // 5 * 5, second=0, microsecond=0) - timedelta(hours=2)
        times = [first + index * timedelta(minutes=5) for index in range(24)]
        data = [
            {
                "MetricName": Metric.CPU_UTILISATION,
                "Dimensions": [{"Name": Metric.INSTANCE, "Value": each}],
                "Timestamp": at,
                "Value": percent,
            }
            for each in ids
            for at in times
            if at <= self.now - until
        ]
        # In AWS only EC2 writes into its namespace.
        self.cloudwatch.put_metric_data(Namespace=Metric.EC2_NAMESPACE, MetricData=data)

    def job(
        self,
        job_id: str = "job-1",
        *,
        cluster: str = NAME,
        heartbeat: timedelta = timedelta(0),
        started: timedelta = timedelta(hours=-2),
        status: str = JobStatus.RUNNING,
        ended: timedelta | None = None,
        progress: timedelta | None = None,
        node: str | None = None,
        keep_minutes: int | None = None,
    ) -> None:
        """A job that began and was last heard of so long from now (negative: before)."""
        key = JobKey(cluster, job_id).item
        moments = {Table.ENDED_AT: ended, Table.PROGRESS_AT: progress}
        self._put(
            key
            | ({} if keep_minutes is None else {Table.KEEP_MINUTES: Decimal(keep_minutes)})
            | {name: Decimal(str((self.now + at).timestamp())) for name, at in moments.items() if at is not None}
            | ({Table.INSTANCE: node} if node else {})
            | {
                Table.JOB_NAME: job_id,
                Table.JOB_STATUS: status,
                Table.HEARTBEAT_AT: Decimal(str((self.now + heartbeat).timestamp())),
                Table.STARTED_AT: Decimal(str((self.now + started).timestamp())),
            }
        )

    def report(
        self,
        ids: Iterable[str],
        activity: str = Activity.IDLE,
        *,
        idle: timedelta = timedelta(hours=1),
        at: timedelta = timedelta(0),
        hung: timedelta | None = None,
        vacant: timedelta = timedelta(0),
        cluster: str = NAME,
    ) -> None:
        """The reports of the guards of these nodes, so long from now (negative: before)."""
        for instance_id in ids:
            self._put(
                NodeKey(cluster, instance_id).item
                | {
                    NodeReport.REPORTED_AT: Decimal(str((self.now + at).timestamp())),
                    NodeReport.ACTIVITY: activity,
                    NodeReport.IDLE_SECONDS: Decimal(int(idle.total_seconds()) if activity == Activity.IDLE else 0),
                    NodeReport.VACANT_SECONDS: Decimal(int(vacant.total_seconds())),
                    NodeReport.WHY: "nothing runs" if activity == Activity.IDLE else "1 compute process of ubuntu",
                }
                | ({} if hung is None else {NodeReport.HUNG_AT: Decimal(int((self.now + hung).timestamp()))})
            )

    def extend(self, until: str, cluster: str = NAME, *, at: datetime | None = None) -> None:
        extension = {Table.CLUSTER: cluster, Table.RECORD: Table.EXTENSION, Table.UNTIL: until}
        self._put(extension | ({Table.EXTENDED_AT: clock.written(at)} if at else {}))

    def cost(self, usd: float, *, at: datetime, cluster: str = NAME) -> None:
        """Record the cost that the janitor counted until that time."""
        item = {Table.CLUSTER: cluster, Table.RECORD: Table.STATE, Table.COST_USD: Decimal(str(usd))}
        self._put(item | {Table.COST_AT: Decimal(str(at.timestamp()))})

    def set_attribute(self, record: str, name: str, value: Decimal) -> None:
        """Change one attribute of a record of the cluster."""
        key = {Table.CLUSTER: {"S": NAME}, Table.RECORD: {"S": record}}
        item = self.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
        self.dynamodb.put_item(TableName=TABLE, Item=item | {name: {"N": str(value)}})

    def protect(self, ids: list[str], *, protected: bool = True, name: str = NAME) -> None:
        self.autoscaling.set_instance_protection(
            AutoScalingGroupName=name, InstanceIds=ids, ProtectedFromScaleIn=protected
        )

    # Invocations of functions.

    def janitor(self) -> dict[str, Any]:
        return janitor.handler({}, None)

    def decisions(self) -> dict[str, str]:
        """Run the janitor: what it decided, by target."""
        return {each["target"]: each["decision"] for each in self.janitor()["targets"]}

    def job_ended(self, *, at: timedelta = timedelta(0), job_id: str = "job-1", name: str = NAME) -> dict[str, str]:
        event = {
            "version": "0",
            "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            "source": Event.JOB_SOURCE,
            "detail-type": Event.JOB_ENDED,
            "account": "123456789012",
            "time": clock.written(self.now + at),
            "region": "us-east-1",
            "resources": [],
            "detail": {"cluster": name, "job_id": job_id, "job_name": job_id, "status": "completed", "reason": ""},
        }
        return job_finished.handler(event, None)

    def alarm(self, *, state: str = "ALARM", name: str = NAME, by_eventbridge: bool = False) -> dict[str, str]:
        inner = {
            "alarmName": f"{name}-idle",
            "state": {"value": state, "reason": "Threshold Crossed", "timestamp": "2026-11-24T12:36:15.490+0000"},
            "previousState": {"value": "OK", "reason": "", "timestamp": "2026-11-24T12:06:15.490+0000"},
            "configuration": {
                "metrics": [
                    {
                        "id": "gpu",
                        "metricStat": {
                            "metric": {
                                "namespace": Metric.NAMESPACE,
                                "name": Metric.GPU_UTILISATION,
                                "dimensions": {Metric.GROUP: name},
                            },
                            "period": 300,
                            "stat": "Maximum",
                        },
                        "returnData": True,
                    }
                ]
            },
        }
        common = {"source": "aws.cloudwatch", "region": "us-east-1"}
        if by_eventbridge:
            return idle.handler(common | {"detail-type": "CloudWatch Alarm State Change", "detail": inner}, None)
        arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}-idle"
        return idle.handler(common | {"alarmArn": arn, "accountId": "123456789012", "alarmData": inner}, None)

    def node_idle(self, name: str = NAME) -> dict[str, Any]:
        """The event of a guard whose node need not run any more."""
        detail = {"cluster": name, "instance_id": "i-0123456789abcdef0", "reason": "vacant for 5 minutes"}
        return idle.handler({"source": Event.NODE_SOURCE, "detail-type": Event.NODE_IDLE, "detail": detail}, None)

    def look(self) -> dict[str, Any]:
        """Run the look, as its schedule does."""
        return idle.handler({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}, None)

    def looked(self) -> dict[str, str]:
        """Run the look: what it decided, by cluster."""
        return {each["cluster"]: each["decision"] for each in self.look()["clusters"]}

    # What came of it.

    def nodes(self, name: str = NAME) -> list[str]:
        return [each["InstanceId"] for each in self.described(name)["Instances"]]

    def alive(self, name: str = NAME) -> list[str]:
        """The nodes that were not terminated: the local AWS still lists those that EC2 terminated directly."""
        return [each for each in self.nodes(name) if self.state_of(each) not in {"shutting-down", "terminated"}]

    def size(self, name: str = NAME) -> int:
        return int(self.described(name)["DesiredCapacity"])

    def described(self, name: str = NAME) -> dict[str, Any]:
        answer = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        group: dict[str, Any] = answer["AutoScalingGroups"][0]
        return group

    def state_of(self, instance_id: str) -> str:
        answer = self.ec2.describe_instances(InstanceIds=[instance_id])
        return str(answer["Reservations"][0]["Instances"][0]["State"]["Name"])

    def volumes(self) -> list[dict[str, Any]]:
        """All volumes that were kept, with their tags as a dict."""
        answer = self.ec2.describe_volumes(Filters=[{"Name": "tag-key", "Values": [Tag.DELETE_AFTER]}])
        return [each | {"Tags": {tag["Key"]: tag["Value"] for tag in each["Tags"]}} for each in answer["Volumes"]]

    def remembered(self, cluster: str = NAME) -> dict[str, Any]:
        key = {Table.CLUSTER: {"S": cluster}, Table.RECORD: {"S": Table.STATE}}
        item: dict[str, Any] = self.dynamodb.get_item(TableName=TABLE, Key=key).get("Item", {})
        return item

    def heard(self, detail_type: str | None = None) -> list[dict[str, Any]]:
        """The details of the events since the last time that this was asked, of one type or all."""
        events = [json.loads(message["Body"]) for message in self._drain(self._account.programs)]
        return [each["detail"] for each in events if detail_type in {None, each["detail-type"]}]

    def mail(self) -> list[dict[str, Any]]:
        """The messages that people got since the last time that this was asked."""
        return [json.loads(message["Body"]) for message in self._drain(self._account.mailbox)]

    def _tags(self, name: str, changes: dict[str, str | None]) -> dict[str, str]:
        tags: dict[str, str | None] = {
            Tag.AUTO_STOP: "true",
            Tag.OWNER: OWNER,
            Tag.EXPERIMENT: "two-tower",
            Tag.EXPIRES: self.last_day,
            Tag.IDLE_MINUTES: "30",
            # Most tests have GPU metrics only: nodes without a report, and the window of the idle time.
            Tag.STALLED_MINUTES: "30",
            Tag.SILENCE_MINUTES: "1",
            Tag.PAUSE_MINUTES: "0",
            Tag.EXPIRY_GRACE_HOURS: "48",
            "Name": name,
        }
        tags |= changes
        return {key: value for key, value in tags.items() if value is not None}

    def _put(self, item: Mapping[str, Any]) -> None:
        typed = {key: {"N": str(value)} if isinstance(value, Decimal) else {"S": value} for key, value in item.items()}
        self.dynamodb.put_item(TableName=TABLE, Item=typed)

    def _drain(self, queue: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        while some := self._sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            messages += some
            for message in some:
                self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return messages
