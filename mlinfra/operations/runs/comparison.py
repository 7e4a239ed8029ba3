"""Comparison of runs: what differs in their inputs, their nodes and their results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from mlinfra.operations.runs.tracking import without_tracking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlinfra.operations.runs.description import RunDescription
    from mlinfra.operations.terraform import Repository
    from mlinfra.runner import RunSpecification

_DIGITS: Final = 12
Kind = Literal["input", "node", "result"]


@dataclass(frozen=True)
class ComparedFact:
    """A fact about runs, with the value of each run."""

    name: str
    kind: Kind
    values: tuple[str | None, ...]
    """In the order of the runs. None: the run has no such value, or it is unknown."""


@dataclass(frozen=True)
class CodeChange:
    """The difference between the commits of two runs."""

    first: str
    """The id of the run that the others are compared with."""
    second: str
    summary: str | None
    """As `git diff --stat`. None: this clone does not contain both commits."""


@dataclass(frozen=True)
class Comparison:
    """The differences between runs."""

    runs: tuple[str, ...]
    """Their ids."""
    differences: tuple[ComparedFact, ...]
    equal: tuple[str, ...]
    """The names of the facts that are equal and known."""
    code_changes: tuple[CodeChange, ...]


def compare_runs(
    descriptions: Sequence[RunDescription], repository: Repository, *, metrics: Sequence[Mapping[str, float]] = ()
) -> Comparison:
    """The facts in which runs differ, and the changes of their code.

    Args:
        descriptions: two or more runs. Code is compared with that of the first.
        repository: the clone in which the commits are looked up.
        metrics: the metrics of each run, by name. Default: none.
    """
    facts = [*_inputs(descriptions), *_nodes(descriptions), *_results(descriptions), *_metrics(metrics)]
    different = tuple(each for each in facts if len(set(each.values)) > 1)
    equal = tuple(each.name for each in facts if len(set(each.values)) == 1 and each.values[0] is not None)
    return Comparison(
        tuple(each.run.run_id for each in descriptions),
        different,
        equal,
        tuple(_code_changes(descriptions, repository)),
    )


def _code_changes(descriptions: Sequence[RunDescription], repository: Repository) -> Iterator[CodeChange]:
    first, *others = descriptions
    for each in others:
        commits = first.commit, each.commit
        if all(commits) and commits[0] != commits[1]:
            summary = repository.change_summary(str(commits[0]), str(commits[1]))
            yield CodeChange(first.run.run_id, each.run.run_id, summary)


def _inputs(descriptions: Sequence[RunDescription]) -> Iterator[ComparedFact]:
    def fact(name: str, value: Callable[[RunSpecification], object]) -> ComparedFact:
        return ComparedFact(
            name, "input", tuple(_text(each.specification and value(each.specification)) for each in descriptions)
        )

    yield ComparedFact("experiment", "input", tuple(each.run.experiment or None for each in descriptions))
    yield ComparedFact("command", "input", tuple(each.run.command or None for each in descriptions))
    for name in _names(descriptions, lambda each: without_tracking(each.variables)):
        yield fact(f"variable {name}", lambda each, name=name: each.variables.get(name))  # type: ignore[misc]
    yield ComparedFact("commit", "input", tuple(_short(each.commit) for each in descriptions))
    # The digest of the code includes uncommitted changes.
    yield fact("code", lambda each: each.code and each.code.sha256[:_DIGITS])
    yield fact("uncommitted changes", lambda each: "yes" if each.provenance.patch_key else "no")
    yield fact("working directory", lambda each: each.working_directory)
    yield fact(
        "lock file", lambda each: each.virtualenv and f"{each.virtualenv.lock} {each.virtualenv.sha256[:_DIGITS]}"
    )
    yield fact("Python", lambda each: each.virtualenv and each.virtualenv.python)
    yield fact("container image", lambda each: each.image)
    for prefix in _names(descriptions, lambda each: each.provenance.data):
        yield fact(f"data {prefix}", lambda each, prefix=prefix: each.provenance.data.get(prefix))  # type: ignore[misc]
    yield fact("infrastructure", lambda each: _short(each.provenance.infrastructure_commit))
    yield fact("mlinfra", lambda each: each.provenance.mlinfra)


def _nodes(descriptions: Sequence[RunDescription]) -> Iterator[ComparedFact]:
    def fact(name: str, attribute: str) -> ComparedFact:
        return ComparedFact(
            name, "node", tuple(", ".join(each.run.node_values(attribute)) or None for each in descriptions)
        )

    yield ComparedFact("nodes", "node", tuple(_text(each.run.nodes) for each in descriptions))
    declared = [each.specification.instance_type if each.specification else None for each in descriptions]
    ran = [", ".join(each.run.node_values("instance_type")) for each in descriptions]
    yield ComparedFact(
        "instance type", "node", tuple(found or asked for found, asked in zip(ran, declared, strict=True))
    )
    yield fact("zone", "zone")
    yield fact("machine image", "image_id")
    yield fact("driver", "driver")
    yield fact("CUDA", "cuda")


def _results(descriptions: Sequence[RunDescription]) -> Iterator[ComparedFact]:
    def fact(name: str, value: Callable[[RunDescription], object]) -> ComparedFact:
        return ComparedFact(name, "result", tuple(_text(value(each)) for each in descriptions))

    yield fact("status", lambda each: each.run.status)
    yield fact("exit code", lambda each: each.run.exit_code)
    yield fact("attempts", lambda each: each.run.attempt)
    yield fact("duration", lambda each: each.run.duration and f"{each.run.duration.total_seconds():.0f} s")
    yield fact("cost", lambda each: _number(each.figures.usd_known, "{:.2f} USD"))
    yield fact("GPU hours", lambda each: _number(each.figures.gpu_hours, "{:.2f}"))
    yield fact("utilization", lambda each: _number(each.figures.gpu_percent, "{:.0f}%"))


def _number(value: float | None, form: str) -> str | None:
    """A number as text. None: it is unknown."""
    return None if value is None else form.format(value)


def _metrics(metrics: Sequence[Mapping[str, float]]) -> Iterator[ComparedFact]:
    for name in sorted({name for each in metrics for name in each}):
        values = tuple(None if name not in each else f"{each[name]:.6g}" for each in metrics)
        yield ComparedFact(name, "result", values)


def _names(descriptions: Sequence[RunDescription], read: Callable[[RunSpecification], Any]) -> list[str]:
    return sorted({name for each in descriptions if each.specification for name in read(each.specification)})


def _short(commit: str | None) -> str | None:
    return commit[:_DIGITS] if commit else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
