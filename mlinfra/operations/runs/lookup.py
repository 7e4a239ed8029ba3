"""Lookup of runs in all environments of the account in use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.aws import reachable
from mlinfra.operations.runs.history import (
    LATEST,
    AmbiguousRunError,
    RunFilter,
    RunListing,
    RunNotFoundError,
    find_run_in,
    list_runs_of,
)
from mlinfra.operations.runs.run_table import RecordsNotFoundError, RunTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.runs.recorded_run import Run

_THREADS: Final = 8


@dataclass(frozen=True)
class EnvironmentRuns:
    """The runs of several environments, the newest first."""

    runs: tuple[Run, ...]
    skipped: tuple[str, ...] = ()
    """One line per environment that was not listed, with the reason, and one for each gap in the information."""
    more: bool = False
    """True if there are further runs."""


def selected_environments(declared: Sequence[Environment], names: Sequence[str] = ()) -> tuple[Environment, ...]:
    """The environments called `names`; without names, those of the AWS account in use.

    Raises:
        OperationError: if one of them is not declared, or none is in the account.
    """
    unknown = set(names) - {each.name for each in declared}
    if unknown:
        message = (
            f"There is no environment {', '.join(sorted(unknown))}. Declared: {', '.join(e.name for e in declared)}."
        )
        raise OperationError(message)
    return tuple(each for each in declared if each.name in names) if names else reachable(declared)


def list_runs_everywhere(
    environments: Sequence[Environment],
    wanted: RunFilter,
    *,
    mine: bool = False,
    limit: int = 20,
    before: str | None = None,
) -> EnvironmentRuns:
    """The runs of environments, the newest first.

    Args:
        environments: the environments.
        wanted: the runs to list.
        mine: True: only those that the caller submitted. Default: False.
        limit: the maximum number of runs. Default: 20.
        before: only runs with a lower id. Default: from the newest.

    Raises:
        OperationError: if the only environment cannot be listed.
    """

    def of_one(environment: Environment) -> RunListing | OperationError:
        try:
            table = RunTable(environment)
            selected = wanted.of(table.account.caller) if mine else wanted
            return list_runs_of(table, selected, limit=limit, before=before)
        except OperationError as error:
            return error

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="environments") as pool:
        answers = list(pool.map(of_one, environments))
    if len(answers) == 1 and isinstance(answers[0], OperationError):
        raise answers[0]
    runs: list[Run] = []
    skipped: list[str] = []
    more = False
    for environment, answer in zip(environments, answers, strict=True):
        if isinstance(answer, OperationError):
            if not isinstance(answer, RecordsNotFoundError):
                skipped.append(f"{environment.name}: {answer}")
            continue
        runs += answer.runs
        skipped += [f"{environment.name}: {each}" for each in answer.problems]
        more = more or answer.more_before is not None
    runs.sort(key=lambda each: each.run_id, reverse=True)
    return EnvironmentRuns(tuple(runs[:limit]), tuple(skipped), more or len(runs) > limit)


def find_run_everywhere(environments: Sequence[Environment], wanted: str) -> tuple[RunTable, Run]:
    """The run with an id, in one of several environments.

    Args:
        environments: the environments.
        wanted: its id, a unique beginning of it, its last four characters, or `latest`, as in `find_run`.

    Returns:
        The records of its environment, and the run.

    Raises:
        OperationError: if there is no such run or more than one, or an environment cannot be read.
    """
    found: list[tuple[RunTable, Run]] = []
    missing: OperationError | None = None
    for environment in environments:
        table = RunTable(environment)
        try:
            found.append((table, find_run_in(table, wanted)))
        except (RunNotFoundError, RecordsNotFoundError) as error:
            missing = error
    if not found:
        assert missing is not None  # noqa: S101  there is at least one environment
        if len(environments) == 1:
            raise missing
        names = ", ".join(each.name for each in environments)
        message = f"There is no run {wanted!r} in {names}. To list the runs: {own_command()} runs list"
        raise OperationError(message)
    if wanted == LATEST:
        mine = [each for each in found if each[1].submitted_by == each[0].account.caller]
        return max(mine or found, key=lambda each: each[1].run_id)
    if len(found) > 1:
        some = ", ".join(f"{run.run_id} in {run.environment}" for _, run in found)
        message = f"{wanted!r} is ambiguous: {some}. Select the environment with --env."
        raise AmbiguousRunError(message)
    return found[0]
