"""Tables of the measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.idle.causes import CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.idle.measures import Measures, Run
    from benchmarks.idle.workload import Signals

_WORST = 8


def comparison(runs: Sequence[Run], measures: Sequence[Measures]) -> Table:
    """All runs side by side."""
    first = measures[0]
    unreported = first.jobs["unreported"] + first.jobs["session"]
    table = Table(
        title=f"{len(first.outcomes)} experiments, {sum(first.jobs.values())} jobs; the oracle's bill is "
        f"{first.oracle_usd:,.0f} USD"
    )
    for name in (
        "environment or baseline",
        "faults",
        "above the oracle",
        f"reported stopped of {first.jobs['reported']}",
        f"unreported stopped of {unreported}",
        "restarts",
        "cut queues",
        "abandoned to off p50",
        "p99",
        "missed targets",
    ):
        table.add_column(
            name, justify="left" if name in {"environment or baseline", "faults", "missed targets"} else "right"
        )
    for run, one in zip(runs, measures, strict=True):
        missed = ", ".join(one.missed_targets(run.faults)) if run.policy == "mlinfra" else ""
        table.add_row(
            run.label,
            run.faults,
            f"{one.above_oracle:.2f} %",
            str(one.stopped("reported")),
            str(one.stopped("unreported", "session")),
            str(one.restarts),
            str(one.cut_queues),
            _hours(one.off_percentile(0.5)),
            _hours(one.off_percentile(0.99)),
            missed,
        )
    return table


def causes(runs: Sequence[Run], measures: Sequence[Measures]) -> Table:
    """The idle cost above the oracle by its cause, in percent of the oracle's bill."""
    table = Table(title="Idle cost above the oracle by its cause, in percent of the oracle's bill")
    for name in ("environment or baseline", "faults", *CAUSES.values(), "other", "invocations", "failed"):
        table.add_column(name, justify="left" if name in {"environment or baseline", "faults"} else "right")
    for run, one in zip(runs, measures, strict=True):
        parts = [one.idle_usd[cause] for cause in CAUSES]
        shares = [f"{100 * usd / one.oracle_usd:.3f}" for usd in (*parts, one.above_usd - sum(parts))]
        table.add_row(run.label, run.faults, *shares, str(one.invocations), str(one.failures))
    return table


def details(run: Run, one: Measures) -> Iterator[str]:
    """The most expensive experiments of a run, and its stopped jobs with the reasons of the functions."""
    yield f"{run.label}, faults: {run.faults}"
    for outcome in sorted(one.outcomes, key=lambda each: each.oracle_usd - each.usd)[:_WORST]:
        idle = ", ".join(f"{name} {usd:,.0f}" for name, usd in sorted(outcome.idle_usd.items()) if usd >= 1)
        off = "" if outcome.off_after is None else f", off after {_hours(outcome.off_after / 3600)}"
        above = f"{outcome.usd - outcome.oracle_usd:,.0f} USD above {outcome.oracle_usd:,.0f}"
        yield f"  {outcome.experiment}: {above} ({idle}){off}"
    for experiment, stop in one.stops:
        yield f"  stopped: {experiment} {stop.job_id} ({stop.kind}, {_shown(stop.signals)}): {stop.why}"


def _shown(signals: Signals) -> str:
    names = [name for name in ("process", "works", "kernel", "transfer", "cpu") if getattr(signals, name)]
    return f"accelerators at {signals.gpu:.0f} %, {', '.join(names) or 'no process'}"


def _hours(hours: float | None) -> str:
    return "" if hours is None else f"{hours:.1f} h"
