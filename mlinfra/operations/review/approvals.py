"""Approvals of findings: the files `approvals/*.yaml` of a repository."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import yaml

from mlinfra.errors import DeclarationError
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

FOLDER: Final = "approvals"
_REQUIRED: Final = ("finding", "address", "reason", "who", "until")
_FIELDS: Final = (*_REQUIRED, "stack")

EXPIRED: Final = Rule(
    "MLR901",
    Level.WARNING,
    "The approval of a held finding has expired.",
    "Check that the change is still intended, and set a later `until`.",
)
UNUSED: Final = Rule(
    "MLR902",
    Level.NOTE,
    "An approval matches no finding in these plans.",
    "Remove the approval once its change has been applied.",
)
RULES: Final = (EXPIRED, UNUSED)


@dataclass(frozen=True)
class Approval:
    """The approval of one finding by a reviewer."""

    finding: str
    address: str
    reason: str
    who: str
    until: date
    """The last day on which the approval is valid."""
    stack: str | None
    """The stack of the finding. None: any stack."""
    file: str

    def covers(self, finding: Finding) -> bool:
        """True if the approval is for `finding`. Its last day is not checked."""
        return (self.finding, self.address) == (finding.id, finding.address) and self.stack in {None, finding.stack}


def read(root: Path, rules: Mapping[str, Rule]) -> tuple[Approval, ...]:
    """Read all approvals of a repository.

    Args:
        root: the folder of the repository.
        rules: all rules, by id.

    Raises:
        DeclarationError: with all problems of all files, each with its file, entry and field.
    """
    errors: list[DeclarationError] = []
    found: list[Approval] = []
    files = sorted(path for pattern in ("*.yaml", "*.yml") for path in (root / FOLDER).glob(pattern))
    for path in files:
        name = f"{FOLDER}/{path.name}"
        try:
            entries = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  a safe loader
        except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError, ValueError) as error:
            errors.append(DeclarationError(name, [f"the file is not valid YAML: {' '.join(str(error).split())}"]))
            continue
        if entries is None:
            continue
        if not isinstance(entries, list):
            problem = (
                f"the file contains a {type(entries).__name__}. Expected: a list of approvals, each with {_names()}."
            )
            errors.append(DeclarationError(name, [problem]))
            continue
        for number, entry in enumerate(entries, start=1):
            problems = list(_problems(entry, rules))
            if problems:
                errors.append(DeclarationError(f"{name}, entry {number}", problems))
            else:
                found.append(_approval(entry, name))
    if errors:
        raise DeclarationError.together(errors)
    return tuple(found)


def apply(
    findings: Sequence[Finding], approvals: Iterable[Approval], today: date, *, stacks: Collection[str]
) -> list[Finding]:
    """Apply approvals to findings, and report approvals that are expired or unused.

    Args:
        findings: the findings of all plans.
        approvals: the recorded approvals.
        today: the date for their expiry.
        stacks: the reviewed stacks. Approvals for other stacks are skipped.
    """
    positions: dict[tuple[str, str], list[int]] = {}
    for position, finding in enumerate(findings):
        positions.setdefault((finding.id, finding.address), []).append(position)
    result = list(findings)
    reported: list[Finding] = []
    for each in approvals:
        matching = [at for at in positions.get((each.finding, each.address), ()) if each.covers(findings[at])]
        approval = f"of {quoted(each.finding)} for {quoted(each.address)} by {quoted(each.who)} in {quoted(each.file)}"
        if not matching:
            if each.stack is not None and each.stack not in stacks:
                continue
            text = f"The approval {approval} matches no finding in these plans."
            reported.append(UNUSED.at(each.stack or "", each.address, text))
        elif each.until < today:
            text = f"The approval {approval} expired on {each.until}."
            reported += [EXPIRED.at(findings[at].stack, each.address, text) for at in matching]
        else:
            for at in matching:
                result[at] = replace(result[at], approved_by=f"{each.who}, until {each.until}: {each.reason}")
    return [*result, *reported]


def _problems(entry: object, rules: Mapping[str, Rule]) -> Iterable[str]:
    if not isinstance(entry, dict):
        yield f"{entry!r} is not an approval. Expected: {_names()}."
        return
    for name in entry:
        if name not in _FIELDS:
            near = difflib.get_close_matches(str(name), _FIELDS, n=1)
            yield f"{name}: unknown field.{f' Did you mean {near[0]!r}?' if near else ''}"
    for name in _REQUIRED:
        if name not in entry:
            yield f"{name}: required. Expected: {_EXPECTED[name]}"
    for name in ("finding", "address", "reason", "who", "stack"):
        value = entry.get(name, "given")
        if not isinstance(value, str) or not value.strip():
            yield f"{name}: {value!r}. Expected: {_EXPECTED[name]}"
    yield from _problems_of_finding(entry.get("finding"), rules)
    if "until" in entry and _day(entry["until"]) is None:
        yield f"until: {entry['until']!r} is not a date. Expected: {_EXPECTED['until']}"


def _problems_of_finding(given: object, rules: Mapping[str, Rule]) -> Iterable[str]:
    if not isinstance(given, str) or not given.strip():
        return
    rule = rules.get(given)
    if rule is None:
        near = difflib.get_close_matches(given, rules, n=3)
        similar = f" Similar ids: {', '.join(near)}." if near else ""
        yield f"finding: {given!r} is not the id of a rule. Expected: {_EXPECTED['finding']}{similar}"
    elif rule.level is not Level.HOLD:
        yield f"finding: {given} is a {rule.level.value}, and needs no approval. Remove the entry."


_EXPECTED: Final = {
    "finding": "the id of a rule as in the report, such as MLR101.",
    "address": "the complete address as in the report, in quotation marks.",
    "reason": "the reason why the change is intended.",
    "who": "the approver, such as an e-mail address.",
    "until": "the last day on which the approval is valid, such as 2026-12-18.",
    "stack": "the name of a stack, or no such field for any stack.",
}


def _names() -> str:
    return f"{', '.join(_REQUIRED)}, and optionally stack"


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _approval(entry: Mapping[str, Any], file: str) -> Approval:
    until = _day(entry["until"])
    assert until is not None  # noqa: S101  checked before
    texts = {name: entry[name] for name in ("finding", "address", "reason", "who")}
    return Approval(**texts, until=until, stack=entry.get("stack"), file=file)


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which also refuses duplicate fields instead of taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """Read a mapping, and refuse duplicate fields."""
        seen: Collection[str] = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        duplicates = sorted({name for name in seen if list(seen).count(name) > 1})
        if duplicates:
            message = f"duplicate field: {', '.join(duplicates)}"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return super().construct_mapping(node, deep)
