"""What people approved: the files `approvals/*.yaml` of a repository."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import yaml

from mlinfra.errors import DeclarationError
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

FOLDER: Final = "approvals"
_REQUIRED: Final = ("finding", "address", "reason", "who", "until")
_FIELDS: Final = (*_REQUIRED, "stack")

EXPIRED: Final = Rule(
    "MLR901",
    Level.WARNING,
    "An approval of something that is held has expired.",
    "Look again whether it is still meant, and give it a later `until`.",
)
UNUSED: Final = Rule(
    "MLR902",
    Level.NOTE,
    "An approval is of nothing that these plans do.",
    "Take it out once it was applied.",
)
RULES: Final = (EXPIRED, UNUSED)


@dataclass(frozen=True)
class Approval:
    """One finding that somebody answers for."""

    finding: str
    address: str
    reason: str
    who: str
    until: date
    """The last day on which it counts."""
    stack: str | None
    """The stack it is for; None: any."""
    file: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is about `finding`, whatever the day."""
        return (self.finding, self.address) == (finding.id, finding.address) and self.stack in {None, finding.stack}


def read(root: Path, rules: Mapping[str, Rule]) -> tuple[Approval, ...]:
    """Every approval of the repository.

    Args:
        root: the repository's folder.
        rules: all rules, by id.

    Raises:
        DeclarationError: with every problem of every file: the file, the entry and the field.
    """
    errors: list[DeclarationError] = []
    found: list[Approval] = []
    files = sorted(path for pattern in ("*.yaml", "*.yml") for path in (root / FOLDER).glob(pattern))
    for path in files:
        name = f"{FOLDER}/{path.name}"
        try:
            entries = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  a safe loader
        except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError, ValueError) as error:
            errors.append(DeclarationError(name, [f"it is not YAML: {' '.join(str(error).split())}"]))
            continue
        if entries is None:
            continue
        if not isinstance(entries, list):
            problem = f"it is a {type(entries).__name__}. Expected: a list of approvals, each with {_names()}."
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
    """The findings, those that are approved with by whom, and what is to be said about the approvals.

    Args:
        findings: what was found.
        approvals: what was approved.
        today: the day that counts.
        stacks: those that are reviewed. An approval for another one says nothing here.
    """
    by_place: dict[tuple[str, str], list[int]] = {}
    for place, finding in enumerate(findings):
        by_place.setdefault((finding.id, finding.address), []).append(place)
    done = list(findings)
    said: list[Finding] = []
    for each in approvals:
        places = [at for at in by_place.get((each.finding, each.address), ()) if each.covers(findings[at])]
        about = f"{quoted(each.finding)} of {quoted(each.address)}, by {quoted(each.who)} in {quoted(each.file)}"
        if not places:
            if each.stack is not None and each.stack not in stacks:
                continue
            text = f"The approval of {about}, matches nothing here."
            said.append(UNUSED.at(each.stack or "", each.address, text))
        elif each.until < today:
            text = f"The approval of {about}, expired with {each.until}."
            said += [EXPIRED.at(findings[at].stack, each.address, text) for at in places]
        else:
            for at in places:
                done[at] = replace(done[at], approved_by=f"{each.who}, until {each.until}: {each.reason}")
    return [*done, *said]


def _problems(entry: object, rules: Mapping[str, Rule]) -> Iterable[str]:
    if not isinstance(entry, dict):
        yield f"{entry!r} is no approval. Expected: {_names()}."
        return
    for name in entry:
        if name not in _FIELDS:
            near = difflib.get_close_matches(str(name), _FIELDS, n=1)
            yield f"{name}: there is no such field.{f' Did you mean {near[0]!r}?' if near else ''}"
    for name in _REQUIRED:
        if name not in entry:
            yield f"{name}: missing. Expected: {_EXPECTED[name]}"
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
        yield f"finding: there is no {given!r}. Expected: {_EXPECTED['finding']} Near: {', '.join(near) or 'none'}."
    elif rule.level is not Level.HOLD:
        yield f"finding: {given} is a {rule.level.value}, which holds nothing. Take the approval out."


_EXPECTED: Final = {
    "finding": "the id that the report shows, such as MLR101.",
    "address": "the whole address that the report shows, in quotation marks.",
    "reason": "why it is meant, for those who read it later.",
    "who": "who approves it, such as an e-mail address.",
    "until": "the last day on which it counts, such as 2026-12-18.",
    "stack": "the stack's name, or no such field where it is for any.",
}


def _names() -> str:
    return f"{', '.join(_REQUIRED)}, and if need be stack"


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
    assert until is not None  # noqa: S101  it was looked at before
    texts = {name: entry[name] for name in ("finding", "address", "reason", "who")}
    return Approval(**texts, until=until, stack=entry.get("stack"), file=file)


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which refuses a field that is given twice instead of taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """Read a mapping whose fields are all different."""
        seen: Collection[str] = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = sorted({name for name in seen if list(seen).count(name) > 1})
        if twice:
            message = f"{', '.join(twice)} is given twice"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return super().construct_mapping(node, deep)
