"""Decisions of the janitor for single clusters."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Activity, Event, JobStatus, Tag, Variable
from tests.unit.functions.cloud import ASSUMED, NAME, OWNER, PRICE, UNPRICED

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

HOUR = timedelta(hours=1)


def test_an_idle_cluster_is_stopped(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 4.9)
    assert cloud.decisions() == {NAME: "stopped"}
    assert (cloud.size(), cloud.nodes()) == (0, [])


def test_notifications_name_target_reason_owner_and_savings(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0)
    cloud.janitor()
    (event,) = cloud.heard(Event.CLUSTER_STOPPED)
    assert event["what"] == "stopped"
    assert event["cluster"] == NAME
    assert event["why"] == "GPU utilization was below 5% for 30 minutes"
    assert event["whose"] == OWNER
    assert event["usd_saved"] == pytest.approx(2 * 24 * PRICE, abs=0.01)
    assert sorted(event["nodes"]) == sorted(ids)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {**event, "message": Event.CLUSTER_STOPPED} in lines
    (mail,) = cloud.mail()
    assert mail["Subject"] == f"{NAME}: stopped"
    assert mail["MessageAttributes"]["owner"]["Value"] == OWNER
    assert "Estimated savings over the next 24 hours: 48.29 USD." in mail["Message"]


def test_a_busy_cluster_is_left_running_without_a_notification(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 97)
    assert cloud.decisions() == {NAME: "left"}
    assert cloud.size() == 2
    assert cloud.heard() == []
    assert cloud.mail() == []


def test_one_working_node_keeps_all(cloud: Cloud) -> None:
    first, second = cloud.group()
    cloud.gpus([first], 0)
    cloud.gpus([second], 60)
    assert cloud.decisions() == {NAME: "left"}


def test_work_at_the_beginning_of_the_window_counts(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0, minutes=25)
    cloud.gpus(ids, 80, minutes=5, until=timedelta(minutes=25))
    assert cloud.decisions() == {NAME: "left"}


def test_work_in_the_minute_that_runs_counts(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0)
    cloud.gpus(ids, 80, minutes=1, until=timedelta(minutes=-1))
    assert cloud.decisions() == {NAME: "left"}


def test_work_before_the_window_does_not_count(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0, minutes=31)
    cloud.gpus(ids, 80, minutes=30, until=timedelta(minutes=31))
    assert cloud.decisions() == {NAME: "stopped"}


def test_a_utilisation_at_the_limit_is_work(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 5)
    assert cloud.decisions() == {NAME: "left"}


def test_window_and_limit_are_settings(cloud: Cloud) -> None:
    ids = cloud.group(IdleMinutes="60", IdleGpuPercent="20")
    cloud.gpus(ids, 15, minutes=45)
    assert cloud.decisions() == {NAME: "left"}
    cloud.gpus(ids, 15, minutes=61)
    assert cloud.decisions() == {NAME: "stopped"}


@pytest.mark.parametrize(
    ("minutes", "until"),
    [(24, 0), (24, 6)],
    ids=["not at the beginning", "not at the end"],
)
def test_metrics_that_an_agent_will_complete_count_as_busy_and_are_not_reported(
    cloud: Cloud, minutes: int, until: int
) -> None:
    first, second = cloud.group()
    cloud.gpus([first], 0)
    cloud.gpus([second], 0, minutes=minutes, until=timedelta(minutes=until))
    assert cloud.decisions() == {NAME: "left"}
    assert cloud.heard() == []


@pytest.mark.parametrize(("minutes", "until"), [(0, 0), (14, 16)], ids=["none at all", "not at the end"])
def test_missing_metrics_count_as_busy_and_are_reported_daily(cloud: Cloud, minutes: int, until: int) -> None:
    first, second = cloud.group()
    cloud.gpus([first], 0)
    cloud.gpus([second], 0, minutes=minutes, until=timedelta(minutes=until))
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert f"{second} has no GPU metrics" in event["why"]
    cloud.janitor()
    assert cloud.heard(Event.CLUSTER_LEFT) == []
    cloud.now += timedelta(days=1)
    cloud.janitor()
    assert len(cloud.heard(Event.CLUSTER_LEFT)) == 1


def test_a_report_every_five_minutes_is_enough(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0, minutes=36, every=5)
    assert cloud.decisions() == {NAME: "stopped"}


@pytest.mark.parametrize("heartbeat", [timedelta(0), timedelta(minutes=-14), timedelta(days=3)])
def test_a_fresh_heartbeat_counts_as_work_and_so_does_one_from_the_future(cloud: Cloud, heartbeat: timedelta) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.job(heartbeat=heartbeat)
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert "job job-1 is reported as running" in event["why"]


def test_a_job_that_died_or_ended_keeps_nothing(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.job("died", heartbeat=timedelta(minutes=-16))
    cloud.job("ended", status=JobStatus.COMPLETED)
    assert cloud.decisions() == {NAME: "stopped"}


def test_protection_by_a_guard_that_cannot_determine_the_activity_counts_as_work(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0)
    cloud.report(ids[:1], Activity.UNKNOWN)
    cloud.protect(ids[:1])
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert event["why"].startswith(f"it may be busy: {ids[0]} reports an unknown activity")


def test_protection_without_a_guard_does_not_count_as_work(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0)
    cloud.protect(ids[:1])
    assert cloud.decisions() == {NAME: "stopped"}
    assert cloud.alive() == []


def test_an_idle_cluster_with_stop_when_idle_false_is_reported_daily(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(StopWhenIdle="false"), 0)
    assert cloud.decisions() == {NAME: "left"}
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert event["why"] == "GPU utilization was below 5% for 30 minutes, but its setting stop_when_idle is False"
    assert len(cloud.mail()) == 1


def test_an_expired_idle_cluster_is_stopped_even_so(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(StopWhenIdle="false", Expires=cloud.yesterday), 0)
    assert cloud.decisions() == {NAME: "stopped"}
    (event,) = cloud.heard(Event.CLUSTER_STOPPED)
    assert event["why"].startswith("it expired at ")


def test_an_expired_busy_cluster_is_left_running_and_reported_every_hour_of_its_grace(cloud: Cloud) -> None:
    ids = cloud.group(Expires=cloud.yesterday)
    for _ in range(2):
        cloud.gpus(ids, 90)
        assert cloud.decisions() == {NAME: "left"}
        assert cloud.decisions() == {NAME: "left"}
        (event,) = cloud.heard()
        assert event["what"].startswith("expired, and will be stopped in ")
        assert "even if it is busy. Now: GPU utilization of" in event["why"]
        cloud.now += HOUR
    assert len(cloud.mail()) == 2


def test_the_last_day_belongs_to_the_cluster(cloud: Cloud) -> None:
    ids = cloud.group(StopWhenIdle="false")
    cloud.now = cloud.expiry - timedelta(seconds=1)
    cloud.gpus(ids, 0, minutes=60)
    assert cloud.decisions() == {NAME: "left"}
    cloud.now = cloud.expiry
    assert cloud.decisions() == {NAME: "stopped"}


def test_an_extension_gives_more_time(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(Expires=cloud.yesterday, StopWhenIdle="false"), 0)
    cloud.extend(cloud.last_day)
    assert cloud.decisions() == {NAME: "left"}


def test_an_extension_takes_no_time_away(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(StopWhenIdle="false"), 0)
    cloud.extend(cloud.yesterday)
    assert cloud.decisions() == {NAME: "left"}


def test_an_extension_that_cannot_be_read_lets_nothing_expire(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(Expires=cloud.yesterday, StopWhenIdle="false"), 0)
    cloud.extend("next week")
    assert cloud.decisions() == {NAME: "left"}
    assert any("its extension is until 'next week'" in event["why"] for event in cloud.heard(Event.CLUSTER_LEFT))


def test_the_owner_is_warned_a_week_a_day_and_an_hour_before_the_expiry_once_each(cloud: Cloud) -> None:
    ids = cloud.group()
    warned = {}
    for hours in (169, 168, 24, 23, 1, 0.5):
        cloud.now = cloud.expiry - hours * HOUR
        cloud.gpus(ids, 90)
        cloud.janitor()
        warned[hours] = [event["what"] for event in cloud.heard(Event.CLUSTER_WARNED)]
    week, day, hour = (["expires in less than " + time] for time in ("7 days", "24 hours", "1 hour"))
    assert warned == {169: [], 168: week, 24: day, 23: [], 1: hour, 0.5: []}
    assert [mail["MessageAttributes"]["owner"]["Value"] for mail in cloud.mail()] == [OWNER] * 3


def test_an_extension_brings_warnings_of_its_own(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.now = cloud.expiry - HOUR
    cloud.gpus(ids, 90)
    cloud.janitor()
    cloud.extend(cloud.expiry.date().isoformat())
    cloud.now += timedelta(days=1)
    cloud.gpus(ids, 90)
    cloud.janitor()
    assert len(cloud.heard(Event.CLUSTER_WARNED)) == 2


def test_a_cluster_over_its_spend_limit_is_stopped_once_it_is_idle(cloud: Cloud) -> None:
    ids = cloud.group(SpendLimitUsd="20", StopWhenIdle="false")
    cloud.now += 9 * HOUR
    cloud.gpus(ids, 90)
    assert cloud.decisions() == {NAME: "left"}
    cloud.heard()
    cloud.now += HOUR
    cloud.gpus(ids, 90)
    assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert event["why"].startswith("its cost of 20.29 USD exceeds its spend limit of 20.00 USD, but it is busy")
    cloud.now += HOUR
    cloud.gpus(ids, 0)
    assert cloud.decisions() == {NAME: "stopped"}


def test_cost_is_counted_once_however_often_the_janitor_runs(cloud: Cloud) -> None:
    ids = cloud.group()
    for _ in range(3):
        cloud.now += HOUR
        cloud.gpus(ids, 90)
        cloud.janitor()
        cloud.janitor()
    assert float(cloud.remembered()["cost_usd"]["N"]) == pytest.approx(2 * PRICE * 3, rel=0.04)


def test_a_new_group_with_an_old_name_starts_without_cost(cloud: Cloud) -> None:
    cloud.cost(500, at=cloud.now - 24 * HOUR)
    cloud.gpus(cloud.group(SpendLimitUsd="100"), 90)
    assert cloud.decisions() == {NAME: "left"}
    assert float(cloud.remembered()["cost_usd"]["N"]) < PRICE


def test_the_recorded_cost_of_an_existing_group_is_kept(cloud: Cloud) -> None:
    ids = cloud.group(SpendLimitUsd="100")
    cloud.cost(500, at=cloud.now)
    cloud.now += HOUR
    cloud.gpus(ids, 0)
    cloud.janitor()
    assert float(cloud.remembered()["cost_usd"]["N"]) > 500


def test_an_earlier_group_was_extended_and_the_one_of_its_name_is_not(cloud: Cloud) -> None:
    cloud.extend(cloud.last_day, at=cloud.now - 24 * HOUR)
    cloud.gpus(cloud.group(Expires=cloud.yesterday), 0)
    assert cloud.decisions() == {NAME: "stopped"}


def test_an_existing_group_is_extended(cloud: Cloud) -> None:
    ids = cloud.group(Expires=cloud.yesterday, StopWhenIdle="false")
    cloud.extend(cloud.last_day, at=cloud.now)
    cloud.gpus(ids, 0)
    assert cloud.decisions() == {NAME: "left"}


def test_a_spend_limit_stops_a_cluster_without_accelerators(cloud: Cloud) -> None:
    """m5.large costs 0.096 USD per hour: two nodes cost 19.20 USD in 100 hours."""
    ids = cloud.group(instance_type="m5.large", SpendLimitUsd="5", StopWhenIdle="false")
    cloud.now += 100 * HOUR
    cloud.gpus(ids, 0)
    assert cloud.decisions() == {NAME: "stopped"}


def test_a_type_without_a_price_is_never_stopped_for_its_cost_and_reported_once(cloud: Cloud) -> None:
    ids = cloud.group(instance_type=UNPRICED, SpendLimitUsd="1")
    for _ in range(2):
        cloud.now += 100 * HOUR
        cloud.gpus(ids, 90)
        assert cloud.decisions() == {NAME: "left"}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert f"the price of {UNPRICED} is unknown" in event["why"]


def test_a_type_without_a_price_of_its_own_is_stopped_for_the_price_of_its_family(cloud: Cloud) -> None:
    ids = cloud.group(instance_type=ASSUMED, nodes=1, SpendLimitUsd="600", StopWhenIdle="false")
    cloud.now += 10 * HOUR
    cloud.gpus(ids, 0)
    assert cloud.decisions() == {NAME: "stopped"}
    whys = [event["why"] for event in cloud.heard()]
    assert any("63.30 USD per hour is assumed, the highest known price of its family" in why for why in whys)


def test_what_is_saved_is_null_where_the_price_is_unknown(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(instance_type=UNPRICED), 0)
    cloud.janitor()
    (event,) = cloud.heard(Event.CLUSTER_STOPPED)
    assert event["usd_saved"] is None


def test_a_stopped_cluster_stays_stopped_and_is_not_spoken_of(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(Expires=cloud.yesterday), 0)
    cloud.janitor()
    cloud.heard()
    assert cloud.decisions() == {NAME: "nothing"}
    assert cloud.heard() == []
    assert cloud.size() == 0


def test_a_least_size_does_not_keep_a_cluster_running(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(minimum=1), 0)
    assert cloud.decisions() == {NAME: "stopped"}
    assert (cloud.described()["MinSize"], cloud.nodes()) == (0, [])


def test_only_resources_tagged_auto_stop_are_assessed(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(AutoStop=None, Expires=cloud.yesterday), 0)
    cloud.gpus(cloud.group("recsys-dev-other", AutoStop="false", Expires=cloud.yesterday), 0)
    cloud.gpus([cloud.instance(AutoStop=None, Expires=cloud.yesterday)], 0)
    assert cloud.decisions() == {}
    assert cloud.size() == 2


def without_capacity(faults: Faults) -> None:
    """The local AWS has whatever is asked for."""

    def hide(answer: dict[str, Any]) -> None:
        for group in answer["AutoScalingGroups"]:
            group["Instances"] = []

    faults.change("auto-scaling.DescribeAutoScalingGroups", hide)


def test_a_cluster_that_waits_for_its_nodes_is_left(cloud: Cloud, faults: Faults) -> None:
    cloud.group()
    without_capacity(faults)
    assert cloud.decisions() == {NAME: "left"}
    assert cloud.heard() == []


def test_a_cluster_that_expired_waits_for_its_nodes_no_more(cloud: Cloud, faults: Faults) -> None:
    cloud.group(Expires=cloud.yesterday)
    without_capacity(faults)
    assert cloud.decisions() == {NAME: "stopped"}
    assert cloud.size() == 0


@pytest.mark.parametrize(
    ("tag", "value", "told"),
    [
        (Tag.EXPIRES, "soon", "its tag Expires is 'soon', which is not a valid date such as 2026-12-18"),
        (Tag.EXPIRES, None, "it has no tag Expires"),
        (Tag.SPEND_LIMIT_USD, "a lot", "its tag SpendLimitUsd is 'a lot', which is not a number above 0"),
        (Tag.IDLE_MINUTES, "-5", "its tag IdleMinutes is '-5', which is not a number above 0 up to 20160"),
        (Tag.IDLE_GPU_PERCENT, "inf", "its tag IdleGpuPercent is 'inf', which is not a number above 0 up to 100"),
    ],
)
def test_an_invalid_tag_is_reported_once(cloud: Cloud, tag: str, value: str | None, told: str) -> None:
    tags: dict[str, Any] = {tag: value}
    ids = cloud.group(**tags)
    cloud.gpus(ids, 50)
    cloud.janitor()
    assert told in [event["why"] for event in cloud.heard(Event.CLUSTER_LEFT)]
    cloud.janitor()
    assert told not in [event["why"] for event in cloud.heard(Event.CLUSTER_LEFT)]


@pytest.mark.parametrize("tag", [Tag.IDLE_MINUTES, Tag.IDLE_GPU_PERCENT])
def test_idleness_that_cannot_be_defined_is_unknown(cloud: Cloud, tag: str) -> None:
    tags: dict[str, Any] = {tag: "nan", Tag.EXPIRES: cloud.yesterday}
    cloud.gpus(cloud.group(**tags), 0)
    assert cloud.decisions() == {NAME: "left"}


@pytest.mark.parametrize("dry_run", ["true", "False", None])
def test_a_dry_run_says_what_it_would_do_and_changes_nothing(cloud: Cloud, dry_run: str | None) -> None:
    cloud.set(Variable.DRY_RUN, dry_run)
    cloud.gpus(cloud.group(), 0)
    alone = cloud.instance(Expires=cloud.yesterday)
    cloud.gpus([alone], 0)
    cloud.now += HOUR
    cloud.gpus([*cloud.nodes(), alone], 0)
    for _ in range(2):
        assert cloud.decisions() == {NAME: "would_stop", alone: "would_stop"}
    events = cloud.heard(Event.DRY_RUN)
    assert [event["what"] for event in events] == ["would be stopped"] * 4
    assert all(event["usd_saved"] and event["dry_run"] for event in events)
    assert (cloud.size(), cloud.state_of(alone), cloud.volumes()) == (2, "running", [])
    assert not {"stopped_at", "stopping_by"} & (cloud.remembered().keys() | cloud.remembered(alone).keys())
    (mail,) = cloud.mail()
    assert mail["Subject"].startswith(f"{alone}: expired, and will be stopped in ")


def test_a_dry_run_counts_cost_and_notifies_the_owner_about_the_spend_limit(cloud: Cloud) -> None:
    cloud.set(Variable.DRY_RUN, "true")
    ids = cloud.group(SpendLimitUsd="20")
    cloud.now += 8 * HOUR
    cloud.gpus(ids, 90)
    assert cloud.decisions() == {NAME: "left"}
    assert cloud.decisions() == {NAME: "left"}
    (mail,) = cloud.mail()
    assert mail["Subject"] == f"{NAME}: cost is at 80% of the spend limit"
    assert "its cost is 16.26 USD, and its spend limit is 20.00 USD" in mail["Message"]


def test_a_cluster_of_another_environment_or_project_is_not_handled(cloud: Cloud) -> None:
    cloud.gpus(cloud.group("recsys-staging-two-tower", Environment="staging"), 0)
    cloud.gpus(cloud.group("ads-dev-two-tower", Environment="dev", Project="ads"), 0)
    cloud.gpus(cloud.group("hand-made", Environment="dev"), 0)
    cloud.gpus(cloud.group(Environment="dev", Project="recsys"), 0)
    cloud.gpus(cloud.group("untagged"), 0)
    assert cloud.decisions() == {"hand-made": "stopped", NAME: "stopped", "untagged": "stopped"}


def test_what_happens_during_a_long_run_counts(cloud: Cloud, faults: Faults) -> None:
    ids = cloud.group()
    cloud.gpus(ids, 0)

    def work_ten_minutes_later() -> None:
        cloud.now += timedelta(minutes=10)
        cloud.gpus(ids, 0, minutes=10)
        cloud.gpus(ids, 90, minutes=1)

    faults.before("dynamodb.UpdateItem", work_ten_minutes_later)
    assert cloud.decisions() == {NAME: "left"}


def test_an_unset_table_is_refused(cloud: Cloud) -> None:
    cloud.set(Variable.TABLE, None)
    with pytest.raises(ValueError, match=r"MLINFRA_TABLE is not set\. It must be the name of the DynamoDB table"):
        cloud.janitor()


@pytest.mark.parametrize("days", ["-1", "a week", "1e300"])
def test_an_invalid_grace_period_is_refused(cloud: Cloud, days: str) -> None:
    cloud.set(Variable.GRACE_DAYS, days)
    with pytest.raises(ValueError, match=f"MLINFRA_GRACE_DAYS must be a number of days, 0 or more, got '{days}'"):
        cloud.janitor()


def test_the_summary_is_json_and_counts(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.gpus(cloud.group("recsys-dev-busy"), 90)
    summary = cloud.janitor()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["counts"] == {"stopped": 1, "left": 1, "kept": 2}
    assert summary["problems"] == []
