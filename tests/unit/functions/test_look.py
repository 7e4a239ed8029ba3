"""The check of every cluster of the environment, every 5 minutes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Activity, Event, JobStatus, Metric, Tag, Variable
from mlinfra.functions.shutdown import IncompleteRunError
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG
from tests.unit.functions.cloud import NAME, OWNER, PRICE

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

OTHER = "recsys-dev-other"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def test_idle_clusters_are_stopped_and_busy_ones_are_left(cloud: Cloud) -> None:
    cloud.report(cloud.group())
    cloud.report(cloud.group(OTHER), Activity.BUSY, cluster=OTHER)
    assert cloud.looked() == {NAME: "stopped", OTHER: "left"}
    assert (cloud.nodes(), len(cloud.volumes()), cloud.size(OTHER)) == ([], 2, 2)
    (event,) = cloud.heard()
    assert (event["what"], event["why"]) == ("stopped", "its nodes reported no activity for 30 minutes")


def test_a_lost_race_with_the_guard_is_made_up_for_by_the_next_look(cloud: Cloud) -> None:
    """The guard removes the protection in the minute in which the idle time is over, before or after the alarm."""
    ids = cloud.group()
    cloud.report(ids, idle=29 * MINUTE)
    assert cloud.alarm()["decision"] == "left"
    cloud.now += 5 * MINUTE
    cloud.report(ids, idle=34 * MINUTE)
    assert cloud.looked() == {NAME: "stopped"}


def test_protected_idle_nodes_are_left_to_their_live_guard_and_terminated_by_the_next_look(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.protect(ids[:1])
    cloud.report(ids)
    assert cloud.looked() == {NAME: "stopped"}
    assert (cloud.size(), cloud.nodes()) == (0, ids[:1])
    cloud.now += 5 * MINUTE
    cloud.report(ids)
    assert cloud.looked() == {NAME: "stopped"}
    assert cloud.alive() == []
    assert len(cloud.volumes()) == 2


def test_a_node_that_got_busy_in_between_keeps_running(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.protect(ids[:1])
    cloud.report(ids)
    cloud.look()
    cloud.now += 5 * MINUTE
    cloud.report(ids[:1], Activity.BUSY)
    assert cloud.looked() == {NAME: "left"}
    assert cloud.nodes() == ids[:1]


def test_nodes_that_a_dead_guard_left_protected_are_terminated(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.protect(ids)
    cloud.report(ids, at=-2 * HOUR)
    cloud.gpus(ids, 0)
    assert cloud.looked() == {NAME: "stopped"}
    assert [cloud.state_of(each) for each in ids] == ["terminated"] * 2


def test_a_cluster_above_its_bound_is_stopped_while_a_job_runs_on_protected_nodes(cloud: Cloud) -> None:
    ids = cloud.group(ExpiryGraceHours="2")
    cloud.protect(ids)
    cloud.now = cloud.expiry + 2 * HOUR
    cloud.gpus(ids, 100)
    cloud.report(ids, Activity.BUSY)
    cloud.job()
    assert cloud.looked() == {NAME: "stopped"}
    assert (cloud.size(), [cloud.state_of(each) for each in ids]) == (0, ["terminated"] * 2)
    assert len(cloud.volumes()) == 2
    (event,) = cloud.heard(Event.CLUSTER_STOPPED)
    assert (event["staying"], sorted(event["nodes"])) == ([], sorted(ids))
    assert event["why"].endswith("more than its grace period of 2 hours ago")


def test_an_extended_cluster_is_not_stopped_while_its_records_cannot_be_read(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group(ExpiryGraceHours="2")
    cloud.extend("2099-12-31")
    cloud.now = cloud.expiry + 3 * HOUR
    cloud.report(ids, Activity.BUSY)
    cloud.job()
    faults.refuse("dynamodb.Query", "ThrottlingException")
    assert cloud.looked() == {NAME: "left"}
    assert cloud.size() == 2


def test_the_size_is_zero_before_nodes_are_terminated(cloud: Cloud, faults: Faults) -> None:
    """Otherwise the group would replace them, and their guards would protect the replacements."""
    ids = cloud.group(ExpiryGraceHours="0", Expires=cloud.yesterday)
    cloud.protect(ids)
    sizes: list[int] = []
    faults.before("ec2.TerminateInstances", lambda: sizes.append(cloud.size()))
    cloud.look()
    assert sizes == [0]


def test_the_owner_of_a_busy_cluster_that_has_expired_is_notified_every_hour_of_its_grace_period(cloud: Cloud) -> None:
    ids = cloud.group()
    subjects = []
    for minutes in (60, 65, 115, 120):
        cloud.now = cloud.expiry + minutes * MINUTE
        cloud.report(ids, Activity.BUSY)
        assert cloud.looked() == {NAME: "left"}
        subjects.append([event["what"] for event in cloud.heard()])
    assert subjects == [
        ["expired, and will be stopped in 47 hours"],
        [],
        [],
        ["expired, and will be stopped in 46 hours"],
    ]


def test_failed_launches_are_reported_15_minutes_after_they_began(cloud: Cloud) -> None:
    cloud.group(nodes=0, **{LAUNCH_ERROR_TAG: "InsufficientInstanceCapacity"})
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
    reported = []
    for _ in range(5):
        cloud.look()
        reported.append(len(cloud.heard(Event.LAUNCH_FAILED)))
        cloud.now += 5 * MINUTE
    # The clock of the local AWS, which records the first failure, is five minutes behind.
    assert sum(reported) == 1
    assert reported.index(1) in {2, 3}


def test_nodes_that_quiet_hours_stopped_are_counted_by_the_next_look(cloud: Cloud, faults: Faults) -> None:
    cloud.group()
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=0)

    def launched_earlier(answer: dict[str, Any]) -> None:
        for reservation in answer["Reservations"]:
            for instance in reservation["Instances"]:
                instance["LaunchTime"] -= 40 * MINUTE

    def created_earlier(answer: dict[str, Any]) -> None:
        for group in answer["AutoScalingGroups"]:
            group["CreatedTime"] -= 40 * MINUTE

    faults.change("ec2.DescribeInstances", launched_earlier)
    faults.change("auto-scaling.DescribeAutoScalingGroups", created_earlier)
    assert cloud.looked() == {NAME: "nothing"}
    assert float(cloud.remembered()["cost_usd"]["N"]) == pytest.approx(2 * PRICE * 40 / 60, rel=0.02)


def test_a_reported_job_keeps_idle_nodes_and_its_owner_is_notified_daily(cloud: Cloud) -> None:
    ids = cloud.group()
    for _ in range(3):
        cloud.report(ids)
        cloud.job()
        assert cloud.looked() == {NAME: "left"}
        cloud.now += 5 * MINUTE
    assert len(cloud.heard(Event.CLUSTER_LEFT)) == 1


def test_a_hung_job_is_reported_once_and_keeps_its_cluster_for_the_idle_time_more(cloud: Cloud) -> None:
    first, second = cloud.group()
    decisions = []
    for minutes in (59, 61, 66, 89, 91):
        start = cloud.now
        cloud.protect([first, second])
        cloud.report([first], idle=(minutes - 60) * MINUTE)
        cloud.gpus([first, second], 100, minutes=4)
        cloud.job(progress=-minutes * MINUTE, node=first)
        cloud.job("job-1#1", node=second)
        decisions += cloud.looked().values()
        assert cloud.now == start
    assert decisions == ["left", "left", "left", "left", "stopped"]
    # The live guard of the first node removes its protection; the second node has none.
    assert cloud.alive() == [first]
    assert cloud.look()["counts"] == {"stopped": 1}
    assert cloud.alive() == []


def test_each_hang_is_reported_once(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.report(ids, Activity.BUSY)
    cloud.job(progress=-61 * MINUTE, node=ids[0])
    cloud.look()
    cloud.look()
    (event,) = cloud.heard(Event.JOB_HUNG)
    assert (event["what"], event["whose"], event["job_id"]) == ("job job-1 is hung", OWNER, "job-1")
    assert "If it reports no progress for 30 minutes more, its nodes count as idle" in event["why"]
    cloud.job(progress=-62 * MINUTE, node=ids[0])
    cloud.look()
    assert len(cloud.heard(Event.JOB_HUNG)) == 1


@pytest.mark.parametrize("with_job", [True, False])
def test_hung_compute_processes_are_reported_once_and_keep_their_cluster_for_the_idle_time_more(
    cloud: Cloud, *, with_job: bool
) -> None:
    ids = cloud.group()
    decisions = []
    for minutes in (0, 5, 29, 31):
        cloud.report(ids, idle=minutes * MINUTE, hung=-MINUTE)
        cloud.gpus(ids, 100, minutes=4)
        for rank, node in enumerate(ids if with_job else ()):
            cloud.job(f"job-1#{rank}" if rank else "job-1", node=node)
        decisions += cloud.looked().values()
    assert decisions == ["left", "left", "left", "stopped"]
    (event,) = cloud.heard(Event.JOB_HUNG)
    what = "job job-1 is hung" if with_job else f"compute processes on {', '.join(ids)} are hung"
    assert (event["what"], event["whose"]) == (what, OWNER)
    assert event["why"].startswith("for 30 minutes, the GPUs in use have drawn little power")


def test_a_job_with_a_working_node_is_not_hung(cloud: Cloud) -> None:
    first, second = cloud.group()
    cloud.report([first], hung=-MINUTE)
    cloud.report([second], Activity.BUSY)
    cloud.job(node=first)
    cloud.job("job-1#1", node=second)
    assert cloud.looked() == {NAME: "left"}
    assert cloud.heard(Event.JOB_HUNG) == []


@pytest.mark.parametrize(("minutes", "decision"), [(9, "left"), (11, "stopped")])
def test_a_cluster_is_stopped_after_the_pause_that_follows_its_last_job(
    cloud: Cloud, minutes: int, decision: str
) -> None:
    ids = cloud.group(PauseMinutes="10")
    assert cloud.job_ended()["decision"] == "left"
    cloud.now += 20 * MINUTE
    cloud.job(status=JobStatus.COMPLETED, ended=-minutes * MINUTE)
    cloud.report(ids, idle=minutes * MINUTE)
    assert cloud.looked() == {NAME: decision}


def test_another_job_in_the_pause_keeps_the_cluster(cloud: Cloud) -> None:
    ids = cloud.group(PauseMinutes="10")
    cloud.now += 20 * MINUTE
    cloud.job(status=JobStatus.COMPLETED, ended=-11 * MINUTE)
    cloud.job("job-2", started=-MINUTE)
    cloud.report(ids, Activity.BUSY)
    assert cloud.looked() == {NAME: "left"}


def test_idle_nodes_of_a_cluster_without_a_gang_leave_one_by_one(cloud: Cloud) -> None:
    ids = cloud.group(nodes=3, minimum=2, Gang="false")
    cloud.report(ids[:2])
    cloud.report(ids[2:], Activity.BUSY)
    cloud.job(node=ids[2])
    assert cloud.looked() == {NAME: "left"}
    assert (cloud.size(), cloud.nodes(), len(cloud.volumes())) == (1, ids[2:], 2)
    (event,) = cloud.heard(Event.NODE_RELEASED)
    assert (event["what"], event["usd_saved"]) == ("2 idle nodes terminated", pytest.approx(2 * 24 * PRICE, abs=0.01))


def test_a_group_that_is_changing_releases_the_rest_at_the_next_look(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group(nodes=3, Gang="false")
    cloud.report(ids[:2])
    cloud.report(ids[2:], Activity.BUSY)
    faults.refuse("auto-scaling.TerminateInstanceInAutoScalingGroup", "ScalingActivityInProgress", calls=(2,))
    cloud.look()
    assert cloud.size() == 2
    cloud.look()
    assert cloud.nodes() == ids[2:]


def test_a_job_that_starts_just_before_a_node_is_released_keeps_the_node(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group(Gang="false")
    cloud.report(ids[:1])
    cloud.report(ids[1:], Activity.BUSY)
    faults.before(
        "dynamodb.UpdateItem",
        lambda: cloud.job(node=ids[0]),
        where=lambda body: "stopping_until" in body and "SET" in body,
    )
    cloud.look()
    assert cloud.size() == 2


def test_a_job_that_starts_just_before_the_cluster_is_stopped_keeps_it(cloud: Cloud, faults: Faults) -> None:
    cloud.report(cloud.group())
    faults.before("dynamodb.UpdateItem", cloud.job, where=lambda body: "stopping_until" in body and "SET" in body)
    assert cloud.looked() == {NAME: "left"}
    assert cloud.size() == 2


def test_a_guard_that_protects_its_node_in_the_meantime_keeps_the_cluster(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group()
    cloud.report(ids)
    faults.before(
        "dynamodb.UpdateItem",
        lambda: cloud.protect(ids[:1]),
        where=lambda body: "stopping_until" in body and "SET" in body,
    )
    answer = cloud.look()["clusters"][0]
    assert answer["reason"] == f"{ids[0]} became protected from scale-in during the check"
    assert cloud.size() == 2


def test_a_failing_cluster_does_not_stop_the_others(cloud: Cloud, faults: Faults) -> None:
    cloud.report(cloud.group())
    cloud.report(cloud.group(OTHER), cluster=OTHER)
    faults.refuse("auto-scaling.SetDesiredCapacity", "InternalFailure", calls=(1,))
    assert sorted(cloud.looked().values()) == ["left", "stopped"]
    assert len(cloud.heard(Event.CLUSTER_LEFT)) == 1


def test_a_repeated_failure_is_reported_once_an_hour(cloud: Cloud, faults: Faults) -> None:
    cloud.report(cloud.group())
    faults.refuse("auto-scaling.SetDesiredCapacity", "AccessDenied")
    for _ in range(3):
        cloud.look()
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert "could not be stopped: AccessDenied" in event["why"]


def test_only_clusters_of_the_environment_that_may_be_stopped_are_checked(cloud: Cloud) -> None:
    cloud.report(cloud.group(AutoStop="false"))
    cloud.report(cloud.group("ads-prod-ranker"), cluster="ads-prod-ranker")
    assert cloud.looked() == {}


def test_a_run_without_a_prefix_is_refused(cloud: Cloud) -> None:
    cloud.group()
    cloud.set(Variable.PREFIX, None)
    with pytest.raises(ValueError, match=r"MLINFRA_PREFIX is not set\. It must be the name prefix"):
        cloud.look()


def test_cost_is_counted_at_each_look(cloud: Cloud) -> None:
    ids = cloud.group()
    for _ in range(3):
        cloud.now += 20 * MINUTE
        cloud.report(ids, Activity.BUSY)
        cloud.look()
    assert float(cloud.remembered()["cost_usd"]["N"]) == pytest.approx(2 * PRICE * 65 / 60, rel=0.02)


def test_a_dry_run_changes_nothing(cloud: Cloud) -> None:
    cloud.set(Variable.DRY_RUN, "true")
    cloud.report(cloud.group())
    ids = cloud.group(OTHER, Gang="false")
    cloud.report(ids[:1], cluster=OTHER)
    cloud.report(ids[1:], Activity.BUSY, cluster=OTHER)
    assert cloud.looked() == {NAME: "would_stop", OTHER: "left"}
    assert (cloud.size(), cloud.size(OTHER), cloud.remembered()) == (2, 2, {})


def test_an_incomplete_listing_is_an_error_of_the_run(cloud: Cloud, faults: Faults) -> None:
    cloud.report(cloud.group())
    faults.refuse("ec2.DescribeInstances", "RequestLimitExceeded")
    with pytest.raises(IncompleteRunError, match="not all instances could be listed: RequestLimitExceeded"):
        cloud.look()
    assert cloud.size() == 2


def test_silence_of_both_sources_is_reported_once_a_day(cloud: Cloud) -> None:
    cloud.group()
    for _ in range(2):
        assert cloud.looked() == {NAME: "left"}
        cloud.now += 5 * MINUTE
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert "has sent no node report, and" in event["why"]
    assert cloud.mail()[0]["MessageAttributes"]["owner"]["Value"] == OWNER


@pytest.mark.parametrize(("percent", "decision"), [(2, "stopped"), (60, "left")])
def test_silent_nodes_are_judged_by_the_cpu_metrics_of_ec2(cloud: Cloud, percent: float, decision: str) -> None:
    ids = cloud.group()
    cloud.protect(ids)
    cloud.cpus(ids, percent)
    assert cloud.looked() == {NAME: decision}
    assert len(cloud.alive()) == (0 if decision == "stopped" else 2)


def test_a_failure_to_read_cpu_metrics_leaves_silent_nodes(cloud: Cloud, faults: Faults) -> None:
    cloud.cpus(cloud.group(), 2)
    faults.refuse("cloudwatch.GetMetricData", "AccessDenied", where=lambda body: Metric.CPU_UTILISATION in body)
    assert cloud.looked() == {NAME: "left"}


def test_a_silent_node_is_reported_while_another_is_busy(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.report(ids[:1], Activity.BUSY)
    for _ in range(2):
        assert cloud.looked() == {NAME: "left"}
        cloud.now += 5 * MINUTE
        cloud.report(ids[:1], Activity.BUSY)
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert f"Unknown: {ids[1]} has sent no node report, and" in event["why"]


def test_a_new_node_is_not_reported_as_silent(cloud: Cloud) -> None:
    cloud.group(**{Tag.SILENCE_MINUTES: "30"})
    assert cloud.looked() == {NAME: "left"}
    assert cloud.heard() == []


def test_the_summary_is_json(cloud: Cloud) -> None:
    cloud.report(cloud.group())
    summary = cloud.look()
    assert json.loads(json.dumps(summary)) == summary
    assert (summary["counts"], summary["problems"]) == ({"stopped": 1}, [])
