"""Replays of small workloads (`benchmarks/idle`): no reported job is stopped, and every cluster ends."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings, strategies as st

from benchmarks.idle import environments, replay
from benchmarks.idle.aws import Instance
from benchmarks.idle.faults import FAULTS, NO_FAULTS, Faults, NodeFaults
from benchmarks.idle.layers import Layers
from benchmarks.idle.measures import MOST_ABOVE_ORACLE, Measures
from benchmarks.idle.node import Node
from benchmarks.idle.replay import Replay
from benchmarks.idle.workload import BEGIN, HOUR, MINUTE, NOTHING, Experiment, Job, Phase, Signals, generate
from mlinfra.functions.contract import Activity
from mlinfra.functions.prices import on_demand_prices
from mlinfra.node_guard.judgement import CPU_CORES, TRANSFER_BYTES, History, Limits, Signs, judge

if TYPE_CHECKING:
    from benchmarks.idle.environments import Setting
    from benchmarks.idle.outcome import Outcome

TRAINING = Signals(gpu=80, process=True, works=True)
EXPIRES_AFTER_DAYS = 3
GRACE_DAYS = 1
"""`expiry_grace_hours` of a new environment."""


@cache
def new_environment() -> Setting:
    (setting,) = environments.settings(("new",))
    return setting


def a_job(number: int = 0, *phases: Phase, gap: float = 0.0, kind: str = "reported", **changes: object) -> Job:
    job = Job(
        job_id=f"job-{number}",
        kind="unreported",
        phases=phases or (Phase(2 * HOUR, TRAINING),),
        gap=gap,
        chained=False,
        passes=True,
    )
    return replace(job, kind=kind, **changes)  # type: ignore[arg-type]


def an_experiment(*lanes: list[Job], nodes: int = 1, gang: bool = True) -> Experiment:
    return Experiment(
        name="exp",
        instance_type="g5.xlarge",
        nodes=nodes,
        gang=gang,
        lanes=tuple(tuple(lane) for lane in lanes),
        begins=BEGIN,
        abandoned=True,
        margin_days=EXPIRES_AFTER_DAYS,
        opts_in=True,
    )


def replayed(experiment: Experiment, faults: Faults = NO_FAULTS, *, every_look: bool = False, seed: int = 1) -> Outcome:
    return Replay(experiment, new_environment(), faults=faults, seed=seed, every_look=every_look).run()


def test_a_reported_job_is_not_stopped_while_its_accelerators_are_idle() -> None:
    outcome = replayed(an_experiment([a_job(0, Phase(5 * HOUR, NOTHING), Phase(HOUR, TRAINING))]))
    assert outcome.stops == []


@pytest.mark.parametrize("kind", ["reported", "unreported"])
def test_an_abandoned_cluster_is_off_within_an_hour(kind: str) -> None:
    outcome = replayed(an_experiment([a_job(kind=kind)], nodes=2))
    assert outcome.off_after is not None
    assert outcome.off_after <= HOUR


@pytest.mark.parametrize("kind", ["reported", "unreported"])
def test_a_vacant_cluster_is_off_within_seven_minutes(kind: str) -> None:
    outcome = replayed(an_experiment([a_job(kind=kind)], nodes=2))
    assert outcome.off_after is not None
    assert 5 * MINUTE < outcome.off_after <= 7 * MINUTE


def test_a_session_that_stays_logged_in_holds_a_cluster_for_the_pause_or_the_idle_time() -> None:
    session = Signals(logged_in=True)
    reported = replayed(an_experiment([a_job(residue=session)]))
    unreported = replayed(an_experiment([a_job(kind="unreported", residue=session)]))
    assert reported.off_after is not None
    assert unreported.off_after is not None
    assert 10 * MINUTE < reported.off_after < 15 * MINUTE
    assert 20 * MINUTE < unreported.off_after < 25 * MINUTE


def test_without_the_events_of_nodes_the_next_check_stops_a_vacant_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Layers, "node_idle", lambda _: None)
    outcome = replayed(an_experiment([a_job()]))
    assert outcome.off_after is not None
    assert 5 * MINUTE < outcome.off_after <= 12 * MINUTE


def test_a_process_without_progress_holds_a_cluster_for_less_than_two_hours() -> None:
    outcome = replayed(an_experiment([a_job(kind="unreported", residue=Signals(process=True))]))
    assert outcome.off_after is not None
    assert HOUR < outcome.off_after <= 2 * HOUR


def test_a_queue_with_short_gaps_is_not_cut() -> None:
    jobs = [a_job(number, gap=5 * MINUTE * bool(number), chained=bool(number)) for number in range(4)]
    outcome = replayed(an_experiment(jobs))
    assert (outcome.cut_queues, outcome.restarts) == (0, 0)


def test_quiet_hours_do_not_cut_a_queue() -> None:
    jobs = [a_job(number, gap=MINUTE * bool(number), chained=bool(number)) for number in range(12)]
    quiet = replace(new_environment(), quiet_hours=(3, 0, "UTC", "*"))
    outcome = Replay(an_experiment(jobs), quiet, faults=NO_FAULTS, seed=1).run()
    assert (outcome.cut_queues, outcome.restarts) == (0, 0)
    assert outcome.off_after is not None
    assert outcome.off_after <= 15 * MINUTE


def test_a_process_that_a_reported_job_left_does_not_hold_a_cluster() -> None:
    outcome = replayed(an_experiment([a_job(residue=Signals(process=True))]))
    assert outcome.off_after is not None
    assert outcome.off_after <= 15 * MINUTE


def test_an_unreported_job_that_computes_on_cpus_is_not_stopped() -> None:
    preparation = Phase(5 * HOUR, Signals(process=True, works=True))
    outcome = replayed(an_experiment([a_job(0, preparation, Phase(HOUR, TRAINING), kind="unreported")]))
    assert outcome.stops == []


@pytest.mark.parametrize("sign", [Signals(cpu=True), Signals(transfer=True)], ids=["cpu", "transfer"])
def test_an_unreported_job_that_prepares_for_less_than_two_hours_is_not_stopped(sign: Signals) -> None:
    first = a_job(0, kind="unreported")
    second = a_job(1, Phase(110 * MINUTE, sign), Phase(HOUR, TRAINING), gap=8 * MINUTE, kind="unreported")
    assert replayed(an_experiment([first, second])).stops == []


def test_traffic_without_a_job_holds_a_cluster_for_less_than_three_hours() -> None:
    outcome = replayed(an_experiment([a_job(kind="unreported", residue=Signals(transfer=True, cpu=True))]))
    assert outcome.off_after is not None
    assert 2 * HOUR < outcome.off_after <= 3 * HOUR


def test_idle_nodes_leave_a_queue_of_single_node_jobs_one_by_one() -> None:
    lanes = [[a_job(0, Phase(HOUR, TRAINING))], [a_job(1, Phase(20 * HOUR, TRAINING))]]
    together = replayed(an_experiment(*lanes, nodes=2))
    apart = replayed(an_experiment(*lanes, nodes=2, gang=False))
    assert apart.stops == together.stops == []
    assert apart.usd < 0.6 * together.usd


@pytest.mark.parametrize("kind", ["reported", "unreported"])
def test_a_hung_job_with_busy_accelerators_ends_within_two_hours(kind: str) -> None:
    outcome = replayed(an_experiment([a_job(1, kind=kind)]), Faults(hung_jobs=1.0))
    assert 1 < hung_hours(outcome) < 2


@pytest.mark.parametrize("kind", ["reported", "unreported"])
def test_a_hung_job_that_shows_a_sign_of_work_ends_at_its_bound(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "UNCLEAR_HANGS", 1.0)
    outcome = replayed(an_experiment([a_job(kind=kind)]), Faults(hung_jobs=1.0))
    assert 24 < hung_hours(outcome) <= 24 * (EXPIRES_AFTER_DAYS + 1 + GRACE_DAYS) + 1


def hung_hours(outcome: Outcome) -> float:
    """The hours for which a job of `an_experiment` on one node was hung."""
    return outcome.idle_usd["hung"] / on_demand_prices()["g5.xlarge"]


def test_a_hung_job_that_reported_progress_ends_within_two_hours() -> None:
    job = a_job(0, Phase(2 * HOUR, replace(TRAINING, progress=True)))
    outcome = replayed(an_experiment([job], nodes=2), Faults(hung_jobs=1.0))
    assert outcome.off_after is not None
    assert outcome.off_after <= 2 * HOUR


@pytest.mark.parametrize(
    "faults",
    [Faults(dead_guards=1.0, from_boot=True), Faults(dead_agents=1.0, from_boot=True)],
    ids=["guards", "agents"],
)
def test_one_live_source_of_evidence_ends_a_cluster_within_three_hours(faults: Faults) -> None:
    outcome = replayed(an_experiment([a_job(kind="unreported")]), faults)
    assert outcome.off_after is not None
    assert outcome.off_after <= 3 * HOUR


@pytest.mark.parametrize("dead_guards", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(1, 7))
def test_with_clocks_that_are_minutes_wrong_a_cluster_ends_within_three_hours(dead_guards: float, seed: int) -> None:
    faults = Faults(skewed_clocks=1.0, dead_guards=dead_guards, from_boot=True)
    outcome = replayed(an_experiment([a_job(kind="unreported")]), faults, seed=seed)
    assert outcome.off_after is not None
    assert outcome.off_after <= (3 if dead_guards else 1) * HOUR


def test_without_guards_and_agents_the_cpu_metrics_of_ec2_end_a_cluster_within_three_hours() -> None:
    outcome = replayed(
        an_experiment([a_job(kind="unreported")]), Faults(dead_guards=1.0, dead_agents=1.0, from_boot=True)
    )
    assert outcome.stops == []
    assert outcome.off_after is not None
    assert outcome.off_after <= 3 * HOUR


WAITING = Signals(gpu=100.0, process=True, waits=True)
SIGNALS = st.builds(
    Signals,
    gpu=st.sampled_from([0.0, 0.0, 3.0, 80.0]),
    process=st.booleans(),
    works=st.booleans(),
    kernel=st.sampled_from([False, False, False, True]),
    transfer=st.booleans(),
    cpu=st.booleans(),
    heartbeat=st.sampled_from([False, False, False, True]),
    left_by_job=st.sampled_from([False, False, True]),
    stuck=st.sampled_from([False, False, False, True]),
    waits=st.sampled_from([False, False, True]),
).map(
    lambda signals: (
        replace(signals, gpu=100.0, process=True, stuck=False, transfer=False, cpu=False, kernel=False)
        if signals.waits
        else signals
    )
)
UNSEEN = [(Signals(cpu=True), 1), (WAITING, 110), (replace(WAITING, works=True), 1), (Signals(cpu=True), 30)]
"""Work of a process that waits, after its accelerators are lost: the guard cannot find that it waits."""


@given(st.lists(st.tuples(SIGNALS, st.integers(1, 150)), min_size=1, max_size=6), st.none() | st.integers(0, 200))
@example(UNSEEN, 0)
@settings(max_examples=60, deadline=None)
def test_a_replayed_guard_judges_as_the_guard_does(phases: list[tuple[Signals, int]], lost: int | None) -> None:
    limits = Limits(idle_percent=5, idle_seconds=20 * MINUTE, stalled_seconds=60 * MINUTE)
    gpu_lost = math.inf if lost is None else lost * MINUTE
    node = Node(Instance("i-1", "g5.xlarge", 0, "vol-1"), 0, limits, NodeFaults(gpu_lost=gpu_lost))
    history = History.beginning(0)
    begin = 0
    for signals, minutes in phases:
        node.set("job", signals, begin)
        for now in range(begin + MINUTE, begin + (minutes + 1) * MINUTE, MINUTE):
            if now == gpu_lost + MINUTE:
                node.set("fault", None, gpu_lost)
            verdict = judge(_signs(signals, readable=now <= gpu_lost), history, now, limits)
            history = verdict.history
            around = {node.activity(now + offset) == Activity.IDLE for offset in (-2 * MINUTE, -1, 2 * MINUTE)}
            assert (verdict.activity == Activity.IDLE) in around
            assert abs((now - node.idle_since(now)) - verdict.idle_seconds) <= 3 * MINUTE
        begin += minutes * MINUTE


def _signs(signals: Signals, *, readable: bool) -> Signs:
    return Signs(
        percent=signals.gpu if readable else None,
        readable=readable,
        processes=int(signals.process),
        progress="its CPUs" if signals.process and signals.works else None,
        kernel_executed=signals.kernel,
        network_bytes=TRANSFER_BYTES if signals.transfer else 0,
        cpu_cores=CPU_CORES if signals.cpu else 0.0,
        jobs=("job",) if signals.heartbeat else (),
        hung=("job",) if signals.is_hung else (),
        processes_hung=signals.is_hung,
        left_by_job=signals.left_by_job,
        waiting_seconds=math.inf if signals.waits and readable else 0.0,
    )


@pytest.mark.parametrize("faults", ["none", "all"])
def test_generated_workloads_lose_no_reported_job_and_every_cluster_ends(faults: str) -> None:
    experiments = [each for each in generate(14, seed=3) if len(each.jobs) < 40]
    assert len(experiments) >= 5
    for experiment in experiments:
        outcome = replayed(experiment, FAULTS[faults])
        assert [stop for stop in outcome.stops if stop.kind == "reported"] == []
        assert outcome.bounded


@pytest.mark.lengthy
def test_a_generated_workload_costs_less_than_half_a_percent_more_than_with_an_oracle() -> None:
    experiments = [each for each in generate(40, seed=2) if len(each.jobs) < 60]
    measures = Measures.of(experiments, [replayed(each, seed=2) for each in experiments])
    assert sum(measures.jobs.values()) > 800
    assert measures.above_oracle < MOST_ABOVE_ORACLE["none"]
    assert measures.missed_targets("none") == []


def test_skipped_runs_do_not_change_the_result_and_a_seed_repeats_its_replay() -> None:
    experiment = min(generate(14, seed=3), key=lambda each: each.planned_end - each.begins)
    skipping, again, thorough = replayed(experiment), replayed(experiment), replayed(experiment, every_look=True)
    assert skipping == again
    assert thorough.invocations > skipping.invocations
    assert replace(thorough, invocations=0) == replace(skipping, invocations=0)


def test_the_causes_of_idle_cost_add_up_to_the_cost_above_the_oracle() -> None:
    jobs = [a_job(0), a_job(1, gap=8 * MINUTE, chained=True), a_job(2, gap=3 * HOUR, kind="unreported")]
    outcome = replayed(an_experiment(jobs, nodes=2))
    assert outcome.idle_usd.keys() >= {"gap", "reported", "unreported", "check"}
    assert sum(outcome.idle_usd.values()) == pytest.approx(outcome.usd - outcome.oracle_usd, rel=0.01)
