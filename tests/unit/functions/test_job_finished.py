"""Effects of an ended job on its cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mlinfra.functions import job_finished
from mlinfra.functions.contract import Event, JobStatus, Variable
from mlinfra.functions.fleet import DescribeFailedError
from tests.unit.functions.cloud import NAME, PRICE

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults


def test_the_cluster_of_a_job_that_ended_is_stopped(cloud: Cloud) -> None:
    cloud.group()
    cloud.job(status=JobStatus.COMPLETED)
    assert cloud.job_ended() == {"cluster": NAME, "decision": "stopped", "reason": "job job-1 ended"}
    assert (cloud.size(), cloud.nodes(), len(cloud.volumes())) == (0, [], 2)
    (event,) = cloud.heard(Event.CLUSTER_STOPPED)
    assert event["usd_saved"] == pytest.approx(2 * 24 * PRICE, abs=0.01)


def test_its_own_record_may_still_say_that_it_runs(cloud: Cloud) -> None:
    cloud.group()
    cloud.job()
    assert cloud.job_ended()["decision"] == "stopped"


def test_neither_metrics_nor_its_idleness_are_asked_for(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(StopWhenIdle="false"), 90)
    assert cloud.job_ended()["decision"] == "stopped"


@pytest.mark.parametrize("heartbeat", [timedelta(0), timedelta(minutes=-14), timedelta(days=1)])
def test_another_job_that_runs_keeps_the_cluster(cloud: Cloud, heartbeat: timedelta) -> None:
    cloud.group()
    cloud.job("job-2", heartbeat=heartbeat)
    assert cloud.job_ended() == {
        "cluster": NAME,
        "decision": "left",
        "reason": "job job-1 ended, but these jobs are running: job-2",
    }
    assert cloud.size() == 2


def test_other_nodes_of_the_same_job_keep_it_until_the_last_one_says_that_it_ended(cloud: Cloud) -> None:
    cloud.group()
    cloud.job("job-1", status=JobStatus.COMPLETED)
    cloud.job("job-1#1")
    assert cloud.job_ended(job_id="job-1")["decision"] == "left"
    cloud.job("job-1#1", status=JobStatus.COMPLETED)
    assert cloud.job_ended(job_id="job-1#1")["decision"] == "stopped"


def test_another_job_that_died_does_not(cloud: Cloud) -> None:
    cloud.group()
    cloud.job("job-2", heartbeat=timedelta(minutes=-16))
    assert cloud.job_ended()["decision"] == "stopped"


def test_protected_nodes_stay_and_go_when_their_guard_lets_them(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.protect(ids[:1])
    assert cloud.job_ended()["decision"] == "stopped"
    assert (cloud.size(), cloud.nodes()) == (0, ids[:1])
    (event,) = cloud.heard(Event.CLUSTER_STOPPED)
    assert (event["nodes"], event["staying"]) == (ids[1:], ids[:1])
    assert event["usd_saved"] == pytest.approx(24 * PRICE, abs=0.01)
    cloud.protect(ids[:1], protected=False)
    assert cloud.nodes() == []


def test_an_event_that_comes_twice_stops_once(cloud: Cloud) -> None:
    cloud.protect(cloud.group()[:1])
    assert [cloud.job_ended()["decision"] for _ in range(2)] == ["stopped", "nothing"]
    assert len(cloud.heard()) == 1


def test_a_late_event_does_not_stop_what_a_new_job_started(cloud: Cloud) -> None:
    cloud.group()
    cloud.job("job-2", started=timedelta(minutes=-1), status=JobStatus.COMPLETED)
    answer = cloud.job_ended(at=timedelta(minutes=-2))
    assert answer["decision"] == "left"
    assert answer["reason"].endswith("and another job started after that")


def test_a_late_event_does_not_stop_nodes_that_were_started_since(cloud: Cloud) -> None:
    cloud.group()
    answer = cloud.job_ended(at=timedelta(hours=-1))
    assert answer["decision"] == "left"
    assert answer["reason"].endswith("and nodes were launched after that")
    assert cloud.size() == 2


def test_a_job_that_starts_just_before_the_cluster_is_stopped_keeps_it(cloud: Cloud, faults: Faults) -> None:
    cloud.group()
    faults.before("dynamodb.UpdateItem", lambda: cloud.job("job-2"))
    assert cloud.job_ended()["decision"] == "left"
    assert cloud.size() == 2


@pytest.mark.parametrize("prefix", ["recsys-prod-", "", None])
def test_clusters_of_other_environments_are_not_touched(cloud: Cloud, prefix: str | None) -> None:
    cloud.group()
    cloud.set(Variable.PREFIX, prefix)
    assert cloud.job_ended()["decision"] == "left"
    assert cloud.size() == 2


@pytest.mark.parametrize("tags", [{"Environment": "dev-eu"}, {"Environment": "dev", "Project": "recsys-dev"}])
def test_a_cluster_with_a_similar_name_is_distinguished_by_its_tags(cloud: Cloud, tags: dict[str, str]) -> None:
    cloud.group(**tags)
    assert cloud.job_ended() == {
        "cluster": NAME,
        "decision": "left",
        "reason": "its tags Environment and Project name another environment",
    }
    assert cloud.size() == 2


@pytest.mark.parametrize("auto_stop", [None, "false"])
def test_what_may_not_be_stopped_is_not_touched(cloud: Cloud, auto_stop: str | None) -> None:
    cloud.group(AutoStop=auto_stop)
    assert cloud.job_ended()["decision"] == "left"
    assert cloud.size() == 2


def test_a_deleted_cluster_is_not_a_failure(cloud: Cloud) -> None:
    reason = "the auto scaling group does not exist"
    assert cloud.job_ended() == {"cluster": NAME, "decision": "nothing", "reason": reason}


@pytest.mark.parametrize("call", ["dynamodb.Query", "auto-scaling.DescribeAutoScalingGroups", "ec2.DescribeInstances"])
def test_an_unknown_state_is_left_and_reported_and_the_event_is_retried(
    cloud: Cloud, faults: Faults, call: str
) -> None:
    cloud.group()
    faults.refuse(call, "Throttling")
    with pytest.raises(DescribeFailedError, match="job job-1 ended, but the state of the cluster could not be read"):
        cloud.job_ended()
    assert cloud.size() == 2
    assert len(cloud.heard(Event.CLUSTER_LEFT)) == 1
    faults.end()
    assert cloud.job_ended()["decision"] == "stopped"


def test_a_dry_run_only_says_so(cloud: Cloud) -> None:
    cloud.group()
    cloud.set(Variable.DRY_RUN, "true")
    assert cloud.job_ended()["decision"] == "would_stop"
    assert (cloud.size(), len(cloud.heard(Event.DRY_RUN)), cloud.remembered()) == (2, 1, {})


def test_it_acts_where_nothing_is_said_of_a_dry_run(cloud: Cloud) -> None:
    cloud.group()
    cloud.set(Variable.DRY_RUN, None)
    assert cloud.job_ended()["decision"] == "stopped"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"source": "aws.ec2"}, "expected an event 'Training Job Ended' from mlinfra.job"),
        (
            {"source": "mlinfra.job", "detail-type": "Training Job Ended", "detail": {}},
            "the event lacks a valid cluster, job id or time",
        ),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_another_event_is_refused(event: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        job_finished.handler(event, None)


def test_with_a_pause_the_cluster_is_left_to_the_check_of_all_clusters(cloud: Cloud) -> None:
    cloud.group(PauseMinutes="10")
    assert cloud.job_ended() == {
        "cluster": NAME,
        "decision": "left",
        "reason": "job job-1 ended; the cluster is stopped if no other job begins within 10 minutes",
    }
    assert (cloud.size(), cloud.heard()) == (2, [])


@pytest.mark.parametrize(("minutes", "decided"), [(0, "stopped"), (30, "left")])
def test_a_job_may_demand_another_pause_than_its_environment(cloud: Cloud, minutes: int, decided: str) -> None:
    cloud.group(PauseMinutes="10")
    cloud.job(status=JobStatus.COMPLETED, ended=timedelta(0), keep_minutes=minutes)
    assert cloud.job_ended()["decision"] == decided
