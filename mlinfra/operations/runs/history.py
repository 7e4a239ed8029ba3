"""The runs of an environment: listing and lookup, also of experiments that are no longer declared."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.runs.batch_states import with_batch_states
from mlinfra.operations.runs.run_table import RunTable, last_months
from mlinfra.runner import RunAttribute, RunStatus, run_index
from mlinfra.runner.contract import KEPT_DAYS, RUN_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from mlinfra.declarations import Environment
    from mlinfra.operations.runs.recorded_run import Run

LATEST: Final = "latest"
"""In the place of an id: the caller's newest run, or the newest of all if the caller has none."""
STATUSES: Final = (*RunStatus.ACTIVE, *RunStatus.ENDED, RunStatus.LOST)
_BEGINNING: Final = re.compile(r"20[0-9]{2,6}(-[0-9]{0,6}(-[0-9a-f]{0,4})?)?")
_END: Final = re.compile(r"[0-9a-f]{4}")
_CHUNK: Final = 100
_SHOWN: Final = 5


def is_run_id(text: str) -> bool:
    """True if `text` has the form of the whole id of a run."""
    return RUN_ID.fullmatch(text) is not None


class RunNotFoundError(OperationError):
    """There is no run with the given id."""


class AmbiguousRunError(OperationError):
    """There is more than one run with the given beginning or end of an id."""


@dataclass(frozen=True)
class RunListing:
    """Runs of an environment, the newest first."""

    runs: tuple[Run, ...]
    more_before: str | None = None
    """The id before which there may be further runs, for the next page. None: there are none."""
    problems: tuple[str, ...] = ()
    """Information that could not be read, as sentences."""


@dataclass(frozen=True)
class RunFilter:
    """A selection of runs. Default: all."""

    experiment: str | None = None
    statuses: Collection[str] = ()
    submitted_by: str | None = None
    """The ARN of the principal."""
    since: datetime | None = None
    """The earliest time of the submission."""

    def of(self, caller: str) -> RunFilter:
        """The same selection, of the runs that one principal submitted."""
        return replace(self, submitted_by=caller)

    def may_contain(self, head: Mapping[str, Any]) -> bool:
        """False if the record of a run excludes it, whatever its nodes report."""
        if self.experiment is not None and head.get(RunAttribute.EXPERIMENT) != self.experiment:
            return False
        if self.submitted_by is not None and head.get(RunAttribute.SUBMITTED_BY) != self.submitted_by:
            return False
        status = head.get(RunAttribute.STATUS)
        return not (self.statuses and status in RunStatus.ENDED and status not in self.statuses)

    def contains(self, run: Run) -> bool:
        """True if it selects the run."""
        if self.since is not None and run.submitted_at is not None and run.submitted_at < self.since:
            return False
        return not self.statuses or run.status in self.statuses


def list_runs(
    environment: Environment, wanted: RunFilter | None = None, *, limit: int = 20, before: str | None = None
) -> RunListing:
    """The runs of all clusters and queues of an environment, the newest first.

    Args:
        environment: the environment.
        wanted: the runs to list. Default: all of the last 400 days, for which records are kept.
        limit: the maximum number of runs. Default: 20.
        before: only runs with a lower id, as for the next page. Default: from the newest.

    Raises:
        OperationError: if the account cannot be accessed, or the environment has no table of records.
    """
    return list_runs_of(RunTable(environment), wanted or RunFilter(), limit=limit, before=before)


def list_runs_of(table: RunTable, wanted: RunFilter, *, limit: int, before: str | None = None) -> RunListing:
    """The runs in a table, as `list_runs`."""
    found: list[Run] = []
    problems: list[str] = []
    for chunk in _chunks(_indexed(table, wanted, before)):
        heads = table.heads(chunk)
        selected = [
            (partition, run_id) for partition, run_id in chunk if run_id in heads and wanted.may_contain(heads[run_id])
        ]
        for start in range(0, len(selected), limit + 1):
            runs, unread = with_batch_states(table.account, table.read_all(selected[start : start + limit + 1]))
            problems += [each for each in unread if each not in problems]
            found += [each for each in runs if wanted.contains(each)]
            if len(found) > limit:
                return RunListing(tuple(found[:limit]), found[limit - 1].run_id, tuple(problems))
    return RunListing(tuple(found), problems=tuple(problems))


def find_run(environment: Environment, wanted: str) -> Run:
    """The run with an id.

    Args:
        environment: its environment.
        wanted: its id, a beginning of it or its last four characters, if they are unique; or `latest`, the newest run
            that the caller submitted, otherwise the newest of all.

    Raises:
        OperationError: if there is no such run or more than one, or the account cannot be accessed.
    """
    return find_run_in(RunTable(environment), wanted)


def find_run_in(table: RunTable, wanted: str) -> Run:
    """The run with an id in a table, as `find_run`."""
    if wanted == LATEST:
        return _latest(table)
    ids = list(_matching(table, wanted))
    if len(ids) > 1:
        some = ", ".join(run_id for _, run_id in ids[:_SHOWN])
        message = f"{wanted!r} is ambiguous: {some}{' and others' if len(ids) > _SHOWN else ''}. Give more digits."
        raise AmbiguousRunError(message)
    run = table.read(*ids[0]) if ids else None
    if run is None:
        environment = table.environment.name
        message = (
            f"There is no run {wanted!r} in {environment!r}. Expected: an id such as 20261130-101500-7f3a, a unique "
            f"beginning of one, its last four characters, or {LATEST}. Records are kept for {KEPT_DAYS} days. To list "
            f"them: {own_command()} runs list --env {environment}"
        )
        raise RunNotFoundError(message)
    return _with_batch_state(table, run)


def reread_run(table: RunTable, run: Run) -> Run:
    """A run as it is now. If its records have expired in the meantime, it is returned unchanged."""
    return _with_batch_state(table, table.read(run.partition, run.run_id) or replace(run, read_at=table.now))


def _with_batch_state(table: RunTable, run: Run) -> Run:
    (found,), _ = with_batch_states(table.account, [run])
    return found


def _latest(table: RunTable) -> Run:
    for submitted_by in (table.account.caller, None):
        found = list_runs_of(table, RunFilter(submitted_by=submitted_by), limit=1).runs
        if found:
            return found[0]
    environment = table.environment.name
    message = f"There are no runs in {environment!r} yet. To start one: {own_command()} run EXPERIMENT -- COMMAND"
    raise RunNotFoundError(message)


def _matching(table: RunTable, wanted: str) -> Iterator[tuple[str, str]]:
    """The partitions and ids of the runs that `wanted` may mean."""
    if RUN_ID.fullmatch(wanted):
        partition = table.partition_of(run_index(wanted), wanted)
        if partition:
            yield partition, wanted
        return
    is_beginning, is_end = _BEGINNING.fullmatch(wanted), _END.fullmatch(wanted)
    if not is_beginning and not is_end:
        return
    for month in last_months(table.now, KEPT_DAYS):
        written = month.replace("-", "")
        if not is_end and not written.startswith(wanted[:6]):
            continue
        for partition, run_id in table.of_month(f"runs#{month}"):
            if run_id.startswith(wanted) or (is_end and run_id.endswith(f"-{wanted}")):
                yield partition, run_id


def _indexed(table: RunTable, wanted: RunFilter, before: str | None) -> Iterator[tuple[str, str]]:
    """The partitions and ids of all runs in the time of the filter, the newest first."""
    # An id begins with the time of the submission by the clock of the client, which may be some minutes wrong.
    earliest = f"{wanted.since:%Y%m%d}" if wanted.since else ""
    for month in last_months(table.now, KEPT_DAYS):
        written = month.replace("-", "")
        if before is not None and written > before[:6]:
            continue
        if written < earliest[:6]:
            return
        for partition, run_id in table.of_month(f"runs#{month}", before=before):
            if run_id[:8] < earliest:
                return
            yield partition, run_id


def _chunks(found: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    chunk: list[tuple[str, str]] = []
    for each in found:
        chunk.append(each)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
