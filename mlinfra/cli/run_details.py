"""Output of `mlinfra runs show`: one run in full."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlinfra.cli.units import NOTHING, UNKNOWN, short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from mlinfra.operations.runs import Attempt, Run, RunDescription, RunFigures, RunNode, TrackedRun
    from mlinfra.runner import RunSpecification

_SHOWN_DIGITS = 12


def details(description: RunDescription, tracked: Sequence[TrackedRun] = ()) -> Iterator[RenderableType]:
    """The parts of the output, in their order.

    Args:
        description: the run.
        tracked: its runs in MLflow. Default: none.
    """
    from rich.table import Table
    from rich.text import Text

    run = description.run
    yield Text.assemble((run.run_id, "bold"), f"  {run.name or NOTHING}  ", (run.status, "bold"))
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    facts.add_column(no_wrap=True, style="dim")
    facts.add_column(overflow="fold")
    for name, value in fact_lines(description):
        facts.add_row(name, Text(value))
    for each in tracked:
        metrics = "".join(f", {name} {value:.6g}" for name, value in sorted(each.metrics.items()))
        facts.add_row("MLflow", Text(f"{each.run_id} {each.name} {each.status}{metrics}"))
    yield facts
    for attempt in run.attempts:
        yield ""
        yield Text(_attempt_title(run, attempt), style="bold")
        yield _nodes(attempt)


def run_facts(
    run: Run,
    figures: RunFigures,
    description: RunDescription | None = None,
    tracked: Sequence[TrackedRun] = (),
) -> dict[str, Any]:
    """A run as JSON: its records and figures; its specification, result and runs in MLflow if they were read."""
    facts = asdict(run) | {
        "duration_seconds": run.duration.total_seconds() if run.duration else None,
        "figures": asdict(figures) | {"usd_known": figures.usd_known},
    }
    if description is not None:
        specification = description.specification
        facts["specification"] = asdict(specification) if specification else None
        facts["result"] = description.result
        facts["outputs_uri"] = description.outputs_uri
        facts["tracked_runs"] = [asdict(each) for each in tracked]
    return facts


def fact_lines(description: RunDescription) -> Iterator[tuple[str, str]]:
    """The facts about a run, each with its name."""
    run, specification = description.run, description.specification
    place = f"queue {specification.queue}" if specification and specification.queue else run.partition
    yield "experiment", f"{run.experiment or UNKNOWN} in {run.environment}, {run.nodes or UNKNOWN} nodes, {place}"
    yield "command", run.command
    if specification and specification.variables:
        yield "variables", " ".join(f"{name}={value}" for name, value in sorted(specification.variables.items()))
    yield "submitted", f"{_moment(run.submitted_at)} by {run.submitted_by or UNKNOWN}"
    if run.cancelled_at:
        yield "cancelled", f"{_moment(run.cancelled_at)} by {run.cancelled_by or UNKNOWN}"
    yield "time", _time(run)
    if ending := _ending(run):
        yield "end", ending
    yield from _origin(description)
    if software := _node_software(run):
        yield "nodes", software
    yield "cost", _cost(description.figures, is_active=run.is_active)
    yield "GPUs", _gpus(description.figures)
    if description.outputs_uri:
        yield "outputs", description.outputs_uri


def _origin(description: RunDescription) -> Iterator[tuple[str, str]]:
    specification = description.specification
    if specification is None:
        if description.run.commit:
            yield "commit", description.run.commit
        return
    origin = specification.provenance
    if origin.commit:
        branch = f" ({origin.branch})" if origin.branch else ""
        yield "commit", f"{origin.commit}{branch}" + (f" of {origin.repository}" if origin.repository else "")
    if origin.patch_key:
        yield "changes", f"s3://{specification.bucket}/{origin.patch_key}"
    yield from _software(specification)
    if origin.infrastructure_commit:
        plan = f", plan {origin.infrastructure_plan[:_SHOWN_DIGITS]}" if origin.infrastructure_plan else ""
        yield "infrastructure", f"{origin.infrastructure_commit}{plan}"
    for prefix, version in sorted(origin.data.items()):
        yield "data", f"{prefix} at {version}"
    if origin.tracking:
        yield "tracking", origin.tracking


def _software(specification: RunSpecification) -> Iterator[tuple[str, str]]:
    if specification.code:
        yield "code", f"{specification.code.sha256[:_SHOWN_DIGITS]}, {specification.code.bytes / 1e6:.1f} MB"
    if specification.image:
        yield "image", specification.image
    if specification.virtualenv:
        lock = specification.virtualenv
        yield "packages", f"{lock.lock} ({lock.sha256[:_SHOWN_DIGITS]}), Python {lock.python or 'of the image'}"


def _time(run: Run) -> str:
    if run.started_at is None:
        return "not started"
    if run.ended_at is None:
        verb = "running for" if run.is_active else "ran for at least"
        return f"from {_moment(run.started_at)}, {verb} {short_duration(run.duration)}"
    return f"{_moment(run.started_at)} to {_moment(run.ended_at)}, {short_duration(run.duration)}"


def _ending(run: Run) -> str:
    parts = []
    if run.exit_code is not None:
        parts.append(f"exit code {run.exit_code}")
    if run.failed_rank is not None:
        parts.append(f"rank {run.failed_rank}" + (f" on {run.failed_instance}" if run.failed_instance else ""))
    if run.fault:
        parts.append(f"fault of the {run.fault}" if run.fault in {"code", "node"} else run.fault)
    if run.reason:
        parts.append(run.reason)
    return ", ".join(parts)


def _cost(figures: RunFigures, *, is_active: bool) -> str:
    usd = f"{figures.usd:.2f} USD{' so far' if is_active else ''}"
    if figures.unpriced:
        usd = f"{usd}, without nodes of unknown price ({', '.join(figures.unpriced)})"
    basis = f", at {figures.basis}" if figures.basis else ""
    return f"{usd}: {figures.node_hours:.1f} node hours{basis}"


def _gpus(figures: RunFigures) -> str:
    hours = UNKNOWN if figures.gpu_hours is None else f"{figures.gpu_hours:.1f}"
    percent = "utilization unknown" if figures.gpu_percent is None else f"mean utilization {figures.gpu_percent:.0f}%"
    return f"{hours} GPU hours, {percent}"


def _attempt_title(run: Run, attempt: Attempt) -> str:
    number = f"Attempt {attempt.number}"
    return (
        number if attempt.number != run.attempt or run.most_attempts == 1 else f"{number} of up to {run.most_attempts}"
    )


def _nodes(attempt: Attempt) -> RenderableType:
    from rich.text import Text

    from mlinfra.cli.presentation import table

    made = table("Rank", "Instance", "Step", "Exit", "GPU", "Zone", right_aligned={"Rank", "Exit", "GPU"})
    made.add_column("Detail", overflow="fold")
    for node in attempt.nodes:
        made.add_row(
            NOTHING if node.rank is None else str(node.rank),
            node.instance_id,
            node.step or UNKNOWN,
            NOTHING if node.exit_code is None else str(node.exit_code),
            NOTHING if node.gpu_percent is None else f"{node.gpu_percent:.0f}%",
            node.zone or UNKNOWN,
            Text(_detail(node)),
        )
    return made


def _node_software(run: Run) -> str:
    """The types, drivers and images of its nodes, without duplicates."""
    names = {"": "instance_type", "driver ": "driver", "CUDA ": "cuda", "image ": "image_id"}
    return ", ".join(f"{name}{value}" for name, attribute in names.items() for value in run.node_values(attribute))


def _detail(node: RunNode) -> str:
    if node.reason or node.notice_ends_at is None:
        return node.reason or node.detail
    reason = f" ({node.notice_reason})" if node.notice_reason else ""
    return f"EC2 terminates it at {node.notice_ends_at:%H:%M:%S} UTC{reason}"


def _moment(moment: datetime | None) -> str:
    return UNKNOWN if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
