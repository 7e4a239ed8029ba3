"""Checks of the project's own as rules of the review: for each resource that a plan creates or changes.

The file `mlinfra_checks.py` of the default branch applies, not that of the change under review: a change must not
weaken its own review, and its code must not run in a job that can get credentials.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mlinfra.checks import Level, Resource, ResourceCheck
from mlinfra.checks.acknowledgements import Acknowledgement, acknowledgements
from mlinfra.checks.check import path_of
from mlinfra.checks.evaluation import FAILED
from mlinfra.checks.failure import FILE
from mlinfra.checks.own_checks import checks_in, without_project
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.operations.review.default_branch import default_branch
from mlinfra.operations.review.escaping import abbreviated, visible
from mlinfra.operations.review.finding import Finding, Rule
from mlinfra.operations.terraform import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.operations.review.change import Change
    from mlinfra.operations.review.plan import Plan

_LONGEST: Final = 1000
"""The longest text of a finding, in characters."""

FAILED_CHECK: Final = Rule(FAILED.id, Level.HOLD, FAILED.title, FAILED.fix)
CHANGED_CHECKS: Final = Rule(
    "MLR905",
    Level.WARNING,
    "The change edits the project's own checks. Its review uses those of the default branch.",
    "Check that no check is weakened. The edited checks apply to reviews after the merge.",
)
RULES: Final = (CHANGED_CHECKS,)


@dataclass(frozen=True)
class OwnChecks:
    """The checks of a project that apply to reviews."""

    root: Path
    checks: tuple[ResourceCheck, ...] = ()
    source: str = FILE
    """The file, with its branch."""
    edited: bool = False
    """True if the file in the checkout differs from that of the default branch."""

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The checks as rules, by id."""
        return {each.id: Rule(each.id, each.level, each.title, each.fix) for each in self.checks} | {
            FAILED.id: FAILED_CHECK
        }

    @classmethod
    def read(cls, root: Path, file: Path | None = None) -> OwnChecks:
        """Read the checks.

        Args:
            root: the project.
            file: the file to use instead of that of the default branch. Default: that of the default branch; without a
                repository or a default branch, that in the project.

        Raises:
            OperationError: if the default branch cannot be determined or read.
            DeclarationError: if the file cannot be read, fails, or declares an invalid check.
        """
        present = _text(root / FILE)
        if file is not None:
            text, source, edited = _text(file, required=True), str(file), False
        elif branch := _branch(repository := Repository(root), is_present=present is not None):
            text, source = repository.content(branch, FILE), f"{FILE} of {branch.removeprefix('refs/')}"
            edited = text != present
        else:
            text, source, edited = present, FILE, False
        if text is None:
            return cls(root, source=source, edited=edited)
        found = checks_in(text, root, source=source)
        return cls(root, tuple(each for each in found if isinstance(each, ResourceCheck)), source, edited)

    def check(self, plan: Plan, folder: Path, today: date) -> Iterator[Finding]:
        """Find problems of the resources that a plan creates or changes.

        Args:
            plan: the plan.
            folder: the folder of the plan, in which `mlinfra plan` saved the stack too.
            today: the day on which acknowledgements are expired or not.
        """
        if not self.checks:
            return
        accepted = _Accepted(folder, today)
        with without_project(self.root):
            for each in self.checks:
                for type_name in each.types:
                    for change in plan.by_type.get(type_name, ()):
                        if change.after or change.unknown:
                            yield from self._of_change(each, plan, change, accepted)

    def report_edit(self, stacks: Sequence[str]) -> Iterator[Finding]:
        """Report that the change edits the checks, at the first of the reviewed stacks."""
        if self.edited and stacks:
            yield CHANGED_CHECKS.at(stacks[0], FILE, f"This review used {self.source}, which differs in this checkout.")

    def _of_change(self, check: ResourceCheck, plan: Plan, change: Change, accepted: _Accepted) -> Iterator[Finding]:
        rule = self.rules[check.id]
        found = check.assess(_resource(change, change.after, change.unknown))
        if found.failure:
            yield FAILED_CHECK.at(plan.stack, change, _safe(f"{found.failure} It is declared in {self.source}."))
        if found.undecided:
            yield rule.at(plan.stack, change, _safe(f"It cannot be checked: {found.undecided}."))
        if not found.problems:
            return
        before = check.assess(_resource(change, change.before, None)).problems if change.before else ()
        for text in map(_safe, found.problems):
            acknowledged = accepted.of(check, change.address)
            existed = text in map(_safe, before)
            words = [text]
            if existed:
                words.append("The resource has this problem before the change too.")
            if acknowledged is not None:
                until = f" until {acknowledged.until}" if acknowledged.until else ""
                words.append(_safe(f"Acknowledged in the code{until}: {acknowledged.reason}"))
            finding = rule.at(plan.stack, change, " ".join(words), fact=text)
            yield replace(finding, level=_level(check.level, existed=existed, acknowledged=acknowledged is not None))


def _level(level: Level, *, existed: bool, acknowledged: bool) -> Level:
    """A new problem has the level of its check, also if its author acknowledged it: a reviewer has to approve it."""
    if existed and acknowledged:
        return Level.NOTE
    return Level.WARNING if existed and level is Level.HOLD else level


def _branch(repository: Repository, *, is_present: bool) -> str | None:
    """The default branch. None: there is none; or this clone does not contain it, and no own checks either."""
    try:
        return default_branch(repository)
    except OperationError:
        if is_present or next(repository.versions(FILE), None):
            raise
        return None


class _Accepted:
    """The acknowledgements in the stack that was saved beside a plan."""

    def __init__(self, folder: Path, today: date) -> None:
        self._file = folder / "stack" / "cdk.tf.json"
        self._today = today
        self._read: tuple[Mapping[str, Any], tuple[Acknowledgement, ...]] | None = None

    def of(self, check: ResourceCheck, address: str) -> Acknowledgement | None:
        """The valid acknowledgement of a check for a resource."""
        if self._read is None:
            self._read = self._stack()
        config, given = self._read
        type_name, _, name = address.partition(".")
        body = config.get("resource", {}).get(type_name, {}).get(name)
        if body is None or not check.can_be_acknowledged:
            return None
        path = path_of(body)
        return next((each for each in given if each.covers(check.id, path) and not each.is_expired(self._today)), None)

    def _stack(self) -> tuple[Mapping[str, Any], tuple[Acknowledgement, ...]]:
        try:
            config = json.loads(self._file.read_text(encoding="utf-8"))
            return config, tuple(acknowledgements(config))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # A plan of another program, or a file that the change wrote: no acknowledgement counts.
            return {}, ()


def _resource(change: Change, values: Mapping[str, Any], unknown: object) -> Resource:
    return Resource(change.address, change.type, values, unknown=unknown, sensitive=change.sensitive)


def _safe(text: str) -> str:
    """The text of a check, which may contain values of the plan, on one line and with a limited length."""
    text = visible(" ".join(text.split()))
    return text if len(text) <= _LONGEST else abbreviated(f"{text[:_LONGEST]}…", text)


def _text(path: Path, *, required: bool = False) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not required:
            return None
        raise DeclarationError(str(path), ["the file does not exist."]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(str(path), [f"the file cannot be read: {error}"]) from None
