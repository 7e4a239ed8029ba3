"""Failed calls to AWS: unknown activity counts as work, and the other clusters are still handled."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions import fleet
from mlinfra.functions.contract import Event, Tag
from mlinfra.functions.shutdown import IncompleteRunError
from tests.unit.functions.cloud import NAME

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

OTHER = "recsys-dev-other"


def is_lease(body: str) -> bool:
    """True for the request that precedes the stop of a cluster."""
    return "stopping_until" in body and "SET" in body


def two_idle_clusters(cloud: Cloud) -> tuple[list[str], list[str]]:
    first, second = cloud.group(), cloud.group(OTHER)
    cloud.gpus(first + second, 0)
    return first, second


def test_a_throttled_second_page_of_groups_costs_its_groups_their_turn_and_ends_in_an_error(
    cloud: Cloud, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_idle_clusters(cloud)
    monkeypatch.setattr(fleet, "_GROUPS_A_PAGE", 1)
    faults.refuse("auto-scaling.DescribeAutoScalingGroups", "Throttling", calls=(2,))
    with pytest.raises(IncompleteRunError, match="not all auto scaling groups could be listed: Throttling"):
        cloud.janitor()
    assert (cloud.size(), cloud.size(OTHER)) == (0, 2)


def test_all_pages_are_read(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    two_idle_clusters(cloud)
    monkeypatch.setattr(fleet, "_GROUPS_A_PAGE", 1)
    assert cloud.decisions() == {NAME: "stopped", OTHER: "stopped"}


def test_instances_that_cannot_be_described_count_as_work(cloud: Cloud, faults: Faults) -> None:
    two_idle_clusters(cloud)
    alone = cloud.instance()
    cloud.gpus([alone], 0)
    faults.refuse("ec2.DescribeInstances", "RequestLimitExceeded")
    with pytest.raises(IncompleteRunError, match="not all instances could be listed: RequestLimitExceeded"):
        cloud.janitor()
    assert (cloud.size(), cloud.size(OTHER), cloud.state_of(alone)) == (2, 2, "running")
    assert len(cloud.heard(Event.CLUSTER_LEFT)) == 2


def test_half_a_page_of_instances_counts_as_work_of_those_that_are_missing(cloud: Cloud, faults: Faults) -> None:
    two_idle_clusters(cloud)

    def halve(answer: dict[str, Any]) -> None:
        answer["Reservations"] = answer["Reservations"][::2]

    faults.change("ec2.DescribeInstances", halve)
    assert cloud.decisions() == {NAME: "left", OTHER: "left"}
    assert any("EC2 reports the state of" in event["why"] for event in cloud.heard(Event.CLUSTER_LEFT))


def test_a_group_that_cannot_be_read_does_not_cost_the_others_their_turn(cloud: Cloud, faults: Faults) -> None:
    two_idle_clusters(cloud)

    def maim(answer: dict[str, Any]) -> None:
        for group in answer["AutoScalingGroups"]:
            if group["AutoScalingGroupName"] == NAME:
                del group["MinSize"]

    faults.change("auto-scaling.DescribeAutoScalingGroups", maim)
    with pytest.raises(IncompleteRunError, match="could not be parsed: KeyError\\('MinSize'\\)"):
        cloud.janitor()
    assert (cloud.size(), cloud.size(OTHER)) == (2, 0)


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_metrics_that_cannot_be_read_count_as_work(cloud: Cloud, faults: Faults, code: str) -> None:
    two_idle_clusters(cloud)
    faults.refuse("cloudwatch.GetMetricData", code)
    assert cloud.decisions() == {NAME: "left", OTHER: "left"}
    assert all(f"could not be read: {code}" in event["why"] for event in cloud.heard(Event.CLUSTER_LEFT))


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_partial_metrics_count_as_work(cloud: Cloud, faults: Faults, status: str) -> None:
    cloud.gpus(cloud.group(), 0)

    def mark(answer: dict[str, Any]) -> None:
        answer["MetricDataResults"][0]["StatusCode"] = status

    faults.change("cloudwatch.GetMetricData", mark)
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert event["why"].endswith(f"CloudWatch returned incomplete GPU metrics: {status}")


def test_work_on_a_later_page_of_metrics_is_seen(cloud: Cloud, faults: Faults) -> None:
    """The local AWS answers in one page; the first answer is made one of two, of which the second has the work."""
    cloud.gpus(cloud.group(), 0)
    pages: list[dict[str, Any]] = []

    def split(answer: dict[str, Any]) -> None:
        pages.append(answer)
        results = answer["MetricDataResults"]
        if len(pages) == 1:
            answer["NextToken"] = "second"
            for result in results:
                result["StatusCode"] = "PartialData"
        else:
            results[0]["Values"][-1] = 88.0

    faults.change("cloudwatch.GetMetricData", split)
    assert cloud.decisions() == {NAME: "left"}
    assert len(pages) == 2


def test_metrics_that_come_in_two_complete_pages_are_known(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    count = 0

    def split(answer: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        for result in answer["MetricDataResults"]:
            half = slice(0, 15) if count % 2 else slice(15, None)
            result["Values"], result["Timestamps"] = result["Values"][half], result["Timestamps"][half]
            result["StatusCode"] = "PartialData" if count % 2 else "Complete"
        if count % 2:
            answer["NextToken"] = "second"

    faults.change("cloudwatch.GetMetricData", split)
    assert cloud.decisions() == {NAME: "stopped"}


def test_a_metric_that_is_left_out_of_the_answer_counts_as_work(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    faults.change("cloudwatch.GetMetricData", lambda answer: answer["MetricDataResults"].pop())
    assert cloud.decisions() == {NAME: "left"}


def test_half_an_answer_about_metrics_counts_as_work(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    faults.change("cloudwatch.GetMetricData", lambda answer: answer["MetricDataResults"][0]["Values"].pop())
    assert cloud.decisions() == {NAME: "left"}


def test_a_value_that_is_not_a_number_counts_as_busy(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)

    def spoil(answer: dict[str, Any]) -> None:
        answer["MetricDataResults"][0]["Values"][3] = float("nan")

    faults.change("cloudwatch.GetMetricData", spoil)
    assert cloud.decisions() == {NAME: "left"}


def test_more_nodes_than_one_call_takes_are_asked_for_in_several(cloud: Cloud, faults: Faults) -> None:
    from mlinfra.functions import metrics

    calls: list[int] = []
    faults.change("cloudwatch.GetMetricData", lambda answer: calls.append(len(answer["MetricDataResults"])))
    first, second = two_idle_clusters(cloud)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "_QUERIES_A_CALL", 3)
        cloud.janitor()
    assert calls[:2] == [3, len(first + second) - 3]


def test_records_that_cannot_be_read_count_as_work_and_as_an_extension(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group(Expires=cloud.yesterday)
    cloud.gpus(ids, 0)
    faults.refuse("dynamodb.Query", "ProvisionedThroughputExceededException")
    assert cloud.decisions() == {NAME: "left"}
    assert any("its records could not be read" in event["why"] for event in cloud.heard(Event.CLUSTER_LEFT))
    assert len(cloud.nodes()) == 2


def test_a_table_that_cannot_be_written_stops_nothing(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    faults.refuse("dynamodb.UpdateItem", "AccessDeniedException")
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert "could not be stopped: AccessDeniedException" in event["why"]


@pytest.mark.parametrize(
    "call",
    ["ec2.CreateTags", "ec2.ModifyInstanceAttribute", "auto-scaling.SetDesiredCapacity"],
)
def test_a_failed_stop_is_reported_and_repeated_by_the_next_run(cloud: Cloud, faults: Faults, call: str) -> None:
    two_idle_clusters(cloud)
    faults.refuse(call, "UnauthorizedOperation", calls=(1,))
    assert sorted(cloud.decisions().values()) == ["left", "stopped"]
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert "could not be stopped: UnauthorizedOperation" in event["why"]
    assert sorted(cloud.decisions().values()) == ["nothing", "stopped"]
    assert len(cloud.volumes()) == 4


def test_a_job_that_starts_after_the_listing_keeps_its_cluster(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    faults.before("cloudwatch.GetMetricData", cloud.job)
    assert cloud.decisions() == {NAME: "left"}


@pytest.mark.parametrize("change", ["job", "protection", "extension", "tag", "work"])
def test_what_changes_just_before_it_is_stopped_is_seen(cloud: Cloud, faults: Faults, change: str) -> None:
    ids = cloud.group(StopWhenIdle="false", Expires=cloud.yesterday)
    cloud.gpus(ids, 0)
    tag = {"Key": Tag.AUTO_STOP, "Value": "false", "PropagateAtLaunch": True}
    happens = {
        "job": cloud.job,
        "protection": lambda: cloud.protect(ids[1:]),
        "extension": lambda: cloud.extend(cloud.last_day),
        "tag": lambda: cloud.autoscaling.create_or_update_tags(
            Tags=[tag | {"ResourceId": NAME, "ResourceType": "auto-scaling-group"}]
        ),
        "work": lambda: cloud.gpus(ids[:1], 50, minutes=1),
    }
    faults.before("dynamodb.UpdateItem", happens[change], where=is_lease)
    assert cloud.decisions() == {NAME: "left"}
    assert cloud.size() == 2


def test_a_node_that_disappears_before_it_is_stopped_is_replaced_and_its_successor_left(
    cloud: Cloud, faults: Faults
) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0)
    terminate = lambda: cloud.ec2.terminate_instances(InstanceIds=ids[:1])  # noqa: E731
    faults.before("dynamodb.UpdateItem", terminate, where=is_lease)
    assert cloud.decisions() == {NAME: "left"}


def test_a_node_that_disappears_while_it_is_stopped_is_not_a_failure(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0)
    faults.before("ec2.CreateTags", lambda: cloud.ec2.terminate_instances(InstanceIds=ids[:1]))
    # The local AWS fails, where AWS would answer this about an instance that no longer exists.
    gone = lambda body: ids[0] in body  # noqa: E731
    faults.refuse("ec2.ModifyInstanceAttribute", "IncorrectInstanceState", where=gone)
    assert cloud.decisions() == {NAME: "stopped"}
    assert len(cloud.volumes()) == 1


def test_a_group_that_disappears_before_it_is_stopped_is_not_a_failure(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    delete = lambda: cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)  # noqa: E731
    faults.before("dynamodb.UpdateItem", delete, where=is_lease)
    assert cloud.decisions() == {NAME: "nothing"}
    assert cloud.heard() == []


def test_an_instance_that_disappears_before_it_is_stopped_is_not_a_failure(cloud: Cloud, faults: Faults) -> None:
    alone = cloud.instance()
    cloud.gpus([alone], 0)
    terminate = lambda: cloud.ec2.terminate_instances(InstanceIds=[alone])  # noqa: E731
    faults.before("dynamodb.UpdateItem", terminate, where=is_lease)
    assert cloud.decisions() == {alone: "nothing"}


def test_an_incomplete_response_is_a_failure(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    faults.change("auto-scaling.DescribeAutoScalingGroups", lambda answer: answer.pop("AutoScalingGroups"))
    with pytest.raises(IncompleteRunError, match="not all auto scaling groups could be listed"):
        cloud.janitor()
    assert cloud.size() == 2


def test_an_invalid_state_of_one_cluster_is_reported_and_the_others_are_processed(cloud: Cloud) -> None:
    two_idle_clusters(cloud)
    state = {"cluster": {"S": NAME}, "record": {"S": "state"}, "cost_usd": {"S": "much"}}
    cloud.dynamodb.put_item(TableName="mlinfra-recsys-dev", Item=state)
    assert cloud.decisions() == {NAME: "failed", OTHER: "stopped"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert event["why"].startswith("evaluation failed: ValueError")


@pytest.mark.parametrize("call", ["eventbridge.PutEvents", "sns.Publish"])
def test_an_undelivered_notification_is_an_error_after_everything_was_done(
    cloud: Cloud, faults: Faults, call: str
) -> None:
    two_idle_clusters(cloud)
    faults.refuse(call, "InternalFailure")
    with pytest.raises(IncompleteRunError, match=rf"{NAME}: the (event|message) was not sent: InternalFailure"):
        cloud.janitor()
    assert (cloud.size(), cloud.size(OTHER)) == (0, 0)


def test_an_event_that_eventbridge_does_not_take_is_an_error(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)

    def fail(answer: dict[str, Any]) -> None:
        answer |= {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    faults.change("eventbridge.PutEvents", fail)
    with pytest.raises(IncompleteRunError, match="the event was not sent: ThrottlingException"):
        cloud.janitor()


def test_an_undelivered_warning_is_sent_again(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group()
    cloud.now = cloud.expiry.replace() - (cloud.expiry - cloud.now) / 20
    cloud.gpus(ids, 90)
    faults.refuse("sns.Publish", "InternalFailure", calls=(1,))
    with pytest.raises(IncompleteRunError):
        cloud.janitor()
    cloud.janitor()
    cloud.janitor()
    assert len(cloud.mail()) == 1


def test_volumes_that_cannot_be_listed_end_in_an_error(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 90)
    faults.refuse("ec2.DescribeVolumes", "RequestLimitExceeded")
    with pytest.raises(IncompleteRunError, match="not all volumes could be listed"):
        cloud.janitor()


def test_a_failed_deletion_of_a_volume_is_reported_and_the_others_are_processed(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.janitor()
    cloud.now = cloud.expiry
    faults.refuse("ec2.DeleteVolume", "VolumeInUse", calls=(1,))
    assert cloud.janitor()["counts"] == {"nothing": 1, "failed": 1, "deleted": 1}


def test_two_runs_at_once_stop_once_warn_once_and_count_once(cloud: Cloud, faults: Faults) -> None:
    idle, expiring = cloud.group(Expires=cloud.yesterday), cloud.group(OTHER)
    cloud.now = cloud.expiry - (cloud.expiry - cloud.now) / 20
    cloud.gpus(idle, 0)
    cloud.gpus(expiring, 90)
    both_listed = threading.Barrier(2)
    meet_once = threading.local()

    def meet() -> None:
        if not getattr(meet_once, "met", False):
            meet_once.met = True
            both_listed.wait(timeout=20)

    faults.always_before("cloudwatch.GetMetricData", meet)
    with ThreadPoolExecutor(2) as runs:
        summaries = [run.result() for run in [runs.submit(cloud.janitor) for _ in range(2)]]
    assert sum(summary["counts"].get("stopped", 0) for summary in summaries) == 1
    told = [event["what"] for event in cloud.heard()]
    assert sorted(told) == ["expires in less than 24 hours", "stopped"]
    assert cloud.size() == 0


def test_a_cluster_that_a_run_died_with_is_stopped_by_a_later_one(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    # The process dies in the middle: no release, no answer.
    faults.refuse("dynamodb.UpdateItem", "InternalServerError", where=lambda body: "REMOVE" in body)
    faults.refuse("auto-scaling.SetDesiredCapacity", "InternalFailure", calls=(1,))
    cloud.janitor()
    assert cloud.decisions() == {NAME: "left"}
    cloud.now += (cloud.expiry - cloud.now) / 100
    cloud.gpus(cloud.nodes(), 0)
    assert cloud.decisions() == {NAME: "stopped"}
