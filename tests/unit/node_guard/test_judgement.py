"""Judgement of a minute."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from mlinfra.node_guard.judgement import History, Limits, Signs, Verdict, judge

LIMITS = Limits(idle_percent=5, idle_seconds=20 * 60, stalled_seconds=60 * 60)
NOW = 100_000.0
HOURS_AGO = History(active=NOW - 7200, progress=NOW - 7200)


def judged(history: History = HOURS_AGO, now: float = NOW, **signs: Any) -> Verdict:
    return judge(Signs(**{"percent": 0.0, **signs}), history, now, LIMITS)


@pytest.mark.parametrize(
    ("signs", "why"),
    [
        ({"percent": 5.0}, "an accelerator is in use at 5 %"),
        ({"jobs": ("two-tower-v2",)}, "job two-tower-v2"),
        (
            {"processes": 2, "users": ("ana",), "progress": "CPU time of 1.5 cores"},
            "2 compute processes of ana: CPU time of 1.5 cores",
        ),
        ({"kernel_executed": True}, "a notebook kernel executes"),
        ({"terminal_input": True}, "input in a terminal"),
    ],
    ids=["accelerator", "job", "process", "kernel", "terminal"],
)
def test_one_direct_sign_makes_the_minute_busy(signs: dict[str, Any], why: str) -> None:
    verdict = judged(**signs)
    assert (verdict.activity, verdict.why, verdict.idle_seconds) == ("busy", why, 0)
    assert verdict.history.active == NOW


def test_without_a_sign_the_minute_is_idle() -> None:
    verdict = judged(percent=4.9)
    assert (verdict.activity, verdict.why, verdict.idle_seconds) == ("idle", "nothing runs", 7200)


def test_compute_processes_without_progress_are_busy_for_the_stalled_time() -> None:
    history = replace(HOURS_AGO, progress=NOW - 59 * 60)
    verdict = judged(history, processes=1)
    assert (verdict.activity, verdict.stalled_seconds) == ("busy", 59 * 60)
    assert verdict.why == "1 compute process, without progress for 59 minutes"


def test_compute_processes_without_progress_are_idle_after_it() -> None:
    verdict = judged(replace(HOURS_AGO, active=NOW - 60, progress=NOW - 60 * 60), processes=1, users=("ana",))
    assert (verdict.activity, verdict.stalled_seconds, verdict.idle_seconds) == ("idle", 3600, 60)
    assert verdict.why == "1 compute process of ana, without progress for 60 minutes"


def test_the_stalled_time_counts_as_idle_once_it_is_over() -> None:
    history = HOURS_AGO
    for minute in range(61):
        verdict = judged(history, now=NOW + 60 * minute, processes=1, progress="its CPUs" if minute == 0 else None)
        history = verdict.history
        assert (verdict.activity, verdict.idle_seconds) == (("busy", 0) if minute < 60 else ("idle", 3600))


def test_another_sign_in_the_stalled_time_ends_the_idle_time() -> None:
    history = replace(HOURS_AGO, progress=NOW - 3600)
    busy = judged(history, now=NOW - 60, processes=1, network_bytes=10**9)
    assert judged(replace(busy.history, progress=NOW - 3600), processes=1).idle_seconds == 60


def test_compute_processes_that_an_ended_job_left_do_not_count_without_progress() -> None:
    history = replace(HOURS_AGO, progress=NOW - 60)
    verdict = judged(history, processes=1, left_by_job=True)
    assert (verdict.activity, verdict.idle_seconds) == ("idle", 7200)
    assert verdict.why == "1 compute process, left by a job that has ended"
    assert judged(history, processes=1, left_by_job=True, progress="its CPUs").activity == "busy"


def test_the_stalled_time_begins_with_the_first_compute_process() -> None:
    verdict = judged()
    assert verdict.stalled_seconds == 0
    verdict = judged(verdict.history, NOW + 60, processes=1)
    assert (verdict.activity, verdict.stalled_seconds) == ("busy", 60)


@pytest.mark.parametrize(("traffic", "busy"), [(59_000_000, False), (60_000_000, True)])
@pytest.mark.parametrize("kind", ["disk_bytes", "network_bytes"])
def test_a_transfer_is_activity(kind: str, traffic: int, *, busy: bool) -> None:
    assert judged(**{kind: traffic}).activity == ("busy" if busy else "idle")


@pytest.mark.parametrize(("cores", "busy"), [(0.9, False), (1.0, True)])
def test_a_core_in_use_by_other_processes_is_activity(cores: float, *, busy: bool) -> None:
    verdict = judged(cpu_cores=cores)
    assert (verdict.activity, verdict.why) == (
        ("busy", "1.0 cores in use by other processes") if busy else ("idle", "nothing runs")
    )


@pytest.mark.parametrize("sign", [{"network_bytes": 10**9}, {"disk_bytes": 10**9}, {"cpu_cores": 8.0}])
def test_a_preparation_counts_for_twice_the_stalled_time_after_it_began(sign: dict[str, Any]) -> None:
    history = HOURS_AGO
    activities = []
    for minute in range(123):
        verdict = judged(history, NOW + 60 * minute, **sign)
        history = verdict.history
        activities.append(verdict.activity)
    assert activities == ["busy"] * 120 + ["idle"] * 3


def test_interruptions_of_a_preparation_do_not_extend_it() -> None:
    verdict = judged(replace(HOURS_AGO, preparation=NOW - 7200), network_bytes=10**9)
    assert (verdict.activity, verdict.history.preparation) == ("idle", NOW - 7200)


def test_after_a_direct_sign_of_work_another_preparation_counts() -> None:
    history = judged(replace(HOURS_AGO, preparation=NOW - 7200), terminal_input=True).history
    verdict = judged(history, NOW + 60, network_bytes=10**9)
    assert (verdict.activity, verdict.history.preparation) == ("busy", NOW + 60)


def test_unreadable_accelerators_in_use_are_unknown() -> None:
    verdict = judged(replace(HOURS_AGO, progress=NOW - 600), percent=None, readable=False, processes=1)
    assert (verdict.activity, verdict.idle_seconds) == ("unknown", 0)
    assert verdict.why == "the accelerators cannot be read, and processes have them open"


def test_unreadable_accelerators_that_no_process_has_open_are_idle() -> None:
    assert judged(percent=None, readable=False).activity == "idle"


def test_processes_on_unreadable_accelerators_are_idle_after_the_stalled_time() -> None:
    assert judged(percent=None, readable=False, processes=1).activity == "idle"


def test_processes_with_progress_on_unreadable_accelerators_are_busy() -> None:
    assert judged(percent=None, readable=False, processes=1, progress="CPU time of 8.0 cores").activity == "busy"


def test_the_processes_of_a_hung_job_are_idle_at_full_utilization() -> None:
    verdict = judged(percent=100.0, processes=8, progress="CPU time of 8.0 cores", hung=("bert",), processes_hung=True)
    assert (verdict.activity, verdict.why) == ("idle", "job bert is hung")


def test_input_on_a_node_with_a_hung_job_is_activity() -> None:
    assert judged(percent=100.0, processes=8, hung=("a",), processes_hung=True, terminal_input=True).activity == "busy"


def test_the_idle_time_ends_with_the_next_activity() -> None:
    first = judged(History.beginning(NOW), NOW + 120)
    second = judged(first.history, NOW + 180, terminal_input=True)
    third = judged(second.history, NOW + 240)
    assert [each.idle_seconds for each in (first, second, third)] == [120, 0, 60]


HANGING: dict[str, Any] = {"percent": 100.0, "processes": 8, "users": ("ana",), "progress": "CPU time of 1.0 cores"}


def waiting(minutes: int, *, limits: tuple[float, ...] = (math.inf,), **signs: Any) -> Verdict:
    """The judgement after minutes in which compute processes wait; the last `limits` is that of the last minute."""
    history = History.beginning(NOW)
    for minute in range(minutes + 1):
        limit = limits[min(minute, len(limits) - 1)]
        verdict = judged(history, NOW + 60 * minute, **{**HANGING, "waiting_seconds": limit, **signs})
        history = verdict.history
    return verdict


def test_compute_processes_that_wait_are_hung_after_the_stalled_time() -> None:
    verdict = waiting(59)
    assert (verdict.activity, verdict.is_hung) == ("busy", False)
    verdict = waiting(60)
    assert (verdict.activity, verdict.is_hung, verdict.idle_seconds) == ("idle", True, 60)
    assert verdict.why == (
        "8 compute processes of ana hung: its GPUs draw little power, and nothing else has shown work for 60 minutes"
    )
    assert waiting(80).idle_seconds == 21 * 60


def test_the_jobs_of_a_node_whose_processes_wait_are_hung_too() -> None:
    verdict = waiting(60, jobs=("bert",))
    assert (verdict.activity, verdict.is_hung) == ("idle", True)
    assert verdict.why.startswith("job bert is hung: its GPUs draw little power")
    assert waiting(59, jobs=("bert",)).why == "job bert"


def test_one_minute_of_work_begins_the_time_again() -> None:
    verdict = waiting(100, limits=(math.inf,) * 50 + (0.0,) + (math.inf,))
    assert (verdict.activity, verdict.is_hung) == ("busy", False)


def test_a_response_of_the_main_thread_between_two_minutes_limits_the_time() -> None:
    assert not waiting(100, limits=(3599.0,)).is_hung
    assert waiting(100, limits=(3600.0,)).is_hung


@pytest.mark.parametrize("sign", [{"kernel_executed": True}, {"terminal_input": True}, {"network_bytes": 10**9}])
def test_other_activity_keeps_a_node_with_hung_processes_busy(sign: dict[str, Any]) -> None:
    verdict = waiting(60, **sign)
    assert (verdict.activity, verdict.is_hung) == ("busy", True)
