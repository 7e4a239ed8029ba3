"""Decision about each action with which AWS changes resources: locked by ConsoleLockdown, or left open for a reason.

`ci/lockdown_actions/write_actions.csv` lists the actions of the managed services that change something, by their access
levels in AWS's service authorization reference: Write, Permissions management and Tagging. Locked actions are in
`mlinfra/catalog/managed_actions.py`; `left_open.csv` gives the reasons for the others, by pattern. A test fails for an
action without a decision.

    python -m ci.lockdown_actions    # write the list again, after `make policy` has installed a newer reference
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ci.authorization import Reference
from ci.synthesis import ROOT
from mlinfra.catalog.managed_actions import LEFT_OPEN, MANAGED_ACTIONS, managed_actions_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

FOLDER = ROOT / "ci" / "lockdown_actions"
_ACTIONS = FOLDER / "write_actions.csv"
_REASONS = FOLDER / "left_open.csv"


@dataclass(frozen=True)
class Decisions:
    """The decisions about all write actions of the managed services."""

    undecided: tuple[str, ...]
    """Actions that are neither locked nor left open."""

    unknown: tuple[str, ...]
    """Locked actions that AWS does not have, or does not classify as a change."""

    unused: tuple[str, ...]
    """Patterns of left_open.csv that no action needs."""


def managed_services() -> tuple[str, ...]:
    """The services with managed resources, by the prefixes of their actions."""
    return tuple(sorted({action.partition(":")[0] for action in managed_actions_of(MANAGED_ACTIONS)}))


def write_actions() -> tuple[str, ...]:
    """The stored list of write actions."""
    with _ACTIONS.open(encoding="utf-8", newline="") as file:
        return tuple(row["action"] for row in csv.DictReader(file))


def reasons() -> dict[str, str]:
    """The reasons for which actions are left open, by the pattern of the actions."""
    with _REASONS.open(encoding="utf-8", newline="") as file:
        return {row["actions"]: row["reason"] for row in csv.DictReader(file)}


def decisions(actions: Collection[str], left_open: Mapping[str, str]) -> Decisions:
    """Compare the write actions of AWS with the decisions about them.

    Args:
        actions: the write actions of AWS.
        left_open: the reasons for actions that are left open, by pattern.
    """
    locked = set(managed_actions_of(MANAGED_ACTIONS))
    rest = [each for each in actions if each not in locked and each not in LEFT_OPEN]
    matching = {pattern: [each for each in rest if fnmatchcase(each, pattern)] for pattern in left_open}
    decided = {action for found in matching.values() for action in found}
    return Decisions(
        undecided=tuple(each for each in rest if each not in decided),
        unknown=tuple(sorted((locked | LEFT_OPEN.keys()) - set(actions))),
        unused=tuple(pattern for pattern, found in matching.items() if not found),
    )


def _rows(reference: Reference) -> Iterator[tuple[str, str]]:
    for service in managed_services():
        yield from reference.write_actions(service)


def main() -> int:
    """Write the list of write actions from the installed reference, and show what is undecided."""
    FOLDER.mkdir(exist_ok=True)
    with _ACTIONS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("action", "access_level"))
        writer.writerows(_rows(Reference.installed()))
    found = decisions(write_actions(), reasons())
    for each in found.undecided:
        sys.stdout.write(f"{each}: lock it in managed_actions.py, or give the reason to leave it open in {_REASONS}\n")
    return 1 if found.undecided else 0


if __name__ == "__main__":
    sys.exit(main())
