"""Findings of checkov in synthesized stacks, with the acknowledgements of their constructs.

An acknowledgement of a check of mlinfra covers the checks of checkov about the same fact, so that both agree.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from mlinfra.checks.acknowledgements import acknowledgements
from mlinfra.checks.check import path_of
from mlinfra.checks.level import Level
from mlinfra.checks.suppressions import SUPPRESSIONS
from mlinfra.errors import OperationError
from mlinfra.operations.checks.finding import CheckFinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.checks.check import Described
    from mlinfra.checks.suppressions import Suppression

_COMMAND: Final = "checkov --directory FOLDER --framework terraform_json --output json"


def read_report(path: Path) -> Sequence[Mapping[str, Any]]:
    """The failed checks of a report of checkov on synthesized stacks.

    Args:
        path: the output of `checkov --framework terraform_json --output json`.

    Raises:
        OperationError: if it cannot be read, or checkov has parsed nothing, which it reports as a success.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        return failed_checks(report)
    except OSError as error:
        message = f"The report {path} cannot be read: {error.strerror}. Expected: the output of {_COMMAND}."
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is not a report of checkov on stacks ({error}). Expected: the output of {_COMMAND}."
    raise OperationError(message)


def failed_checks(report: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The failed checks of a report.

    Raises:
        ValueError: if checkov has not parsed the stacks.
    """
    summary = report["summary"]
    if summary["parsing_errors"] or not summary["passed"]:
        message = f"checkov has not parsed the stacks: {summary}"
        raise ValueError(message)
    failed: Sequence[Mapping[str, Any]] = report["results"]["failed_checks"]
    return failed


def checkov_findings(
    failed: Iterable[Mapping[str, Any]],
    stacks: Mapping[str, Mapping[str, Any]],
    checks: Sequence[Described],
    *,
    today: date,
) -> Iterator[tuple[CheckFinding, Suppression | None]]:
    """The findings of checkov, each with the suppression of mlinfra's own constructs that applies to it.

    Args:
        failed: the failed checks of a report.
        stacks: the Terraform JSON of the stacks, by name. Findings of other stacks are omitted.
        checks: the checks of mlinfra and of the project.
        today: the day on which acknowledgements are expired or not.
    """
    paths = {name: _paths(config) for name, config in stacks.items()}
    given = {name: tuple(acknowledgements(config)) for name, config in stacks.items()}
    for each in failed:
        stack = _stack(each)
        if stack not in stacks:
            continue
        check, resource = str(each["check_id"]), str(each["resource"])
        path = paths[stack].get(resource.rpartition(".")[2], "")
        same = {check, *(known.id for known in checks if check in known.related)}
        covering = [one for one in given[stack] if path and any(one.covers(id_, path) for id_ in same)]
        suppression = next((one for one in SUPPRESSIONS if one.covers(check, resource)), None)
        valid = next((one for one in covering if not one.is_expired(today)), suppression)
        expired = covering[-1].until if covering and valid is None else None
        finding = CheckFinding(
            check=check,
            title=f"{each['check_name']}.",
            fix=f"Change the resource, or acknowledge {check}.",
            level=Level.HOLD,
            stack=stack,
            path=path,
            text=f"{resource}: {each['check_name']}.",
            acknowledged=None if valid is None else valid.reason,
            expired=None if expired is None else expired.isoformat(),
        )
        yield finding, suppression


def _stack(failed: Mapping[str, Any]) -> str:
    """The name of the folder of the stack. checkov gives the path relative to the folder that it was started with."""
    return PurePath(failed["file_abs_path"]).parent.name


def _paths(config: Mapping[str, Any]) -> dict[str, str]:
    """The paths of constructs, by the name of their resource, which is unique: checkov omits the type of some."""
    named = [each for kind in ("resource", "data") for types in config.get(kind, {}).values() for each in types.items()]
    return {name: path_of(body) for name, body in named}
