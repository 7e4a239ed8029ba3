"""Approvals as they are written: the files `approvals/*.yaml` of a repository."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import yaml

from mlinfra.errors import DeclarationError
from mlinfra.operations.review.finding import Level, Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

FOLDER: Final = "approvals"
SETTINGS: Final = "settings.yaml"
LONGEST_DAYS: Final = 30
"""Maximum number of days from today to the last day of an approval."""
REQUIRED: Final = ("finding", "digest", "stack", "address", "reason", "who", "until")


@dataclass(frozen=True)
class Approval:
    """The approval of one finding by a reviewer."""

    finding: str
    digest: str
    """The digest of the finding, which includes its text."""
    stack: str
    address: str
    reason: str
    who: str
    """The e-mail address of the approver."""
    until: date
    """The last day on which the approval is valid."""
    file: str
    """The file, relative to the repository's folder."""

    def is_in(self, text: str) -> bool:
        """True if another version of the file, with the content `text`, contains the same approval."""
        try:
            entries = yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader
        except (yaml.YAMLError, RecursionError, ValueError):
            return False
        given = {name: getattr(self, name) for name in REQUIRED}
        return isinstance(entries, list) and any(
            isinstance(each, dict) and {**each, "until": _day(each.get("until"))} == given for each in entries
        )


def read(root: Path, rules: Mapping[str, Rule], today: date) -> tuple[Approval, ...]:
    """Read all approvals of a repository.

    Args:
        root: the folder of the repository.
        rules: all rules, by id.
        today: the date from which the longest time of an approval counts.

    Raises:
        DeclarationError: with all problems of all files, each with its file, entry and field.
    """
    errors: list[DeclarationError] = []
    found: list[Approval] = []
    files = sorted(path for pattern in ("*.yaml", "*.yml") for path in (root / FOLDER).glob(pattern))
    for path in files:
        if path.name == SETTINGS:
            continue
        name = f"{FOLDER}/{path.name}"
        try:
            entries = yaml_content(path, name)
        except DeclarationError as error:
            errors.append(error)
            continue
        if entries is None:
            continue
        if not isinstance(entries, list):
            kind = "mapping" if isinstance(entries, dict) else type(entries).__name__
            problem = f"the file contains a {kind}. Expected: a list of approvals, each with {_names()}."
            errors.append(DeclarationError(name, [problem]))
            continue
        for number, entry in enumerate(entries, start=1):
            problems = list(_problems(entry, rules, today))
            if problems:
                errors.append(DeclarationError(f"{name}, entry {number}", problems))
            else:
                found.append(_approval(entry, name))
    if errors:
        raise DeclarationError.together(errors)
    return tuple(found)


def yaml_content(path: Path, name: str) -> Any:  # noqa: ANN401  any YAML
    """The content of a YAML file, without duplicate fields.

    Raises:
        DeclarationError: if it cannot be read, with `name` for the file.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  a safe loader
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError, ValueError) as error:
        problem = f"the file is not valid YAML: {' '.join(str(error).split())}"
        raise DeclarationError(name, [problem]) from None


def _problems(entry: object, rules: Mapping[str, Rule], today: date) -> Iterable[str]:
    if not isinstance(entry, dict):
        yield f"{entry!r} is not an approval. Expected: {_names()}."
        return
    for name in entry:
        if name not in REQUIRED:
            near = difflib.get_close_matches(str(name), REQUIRED, n=1)
            yield f"{name}: unknown field.{f' Did you mean {near[0]!r}?' if near else ''}"
    for name in REQUIRED:
        if name not in entry:
            yield f"{name}: required. Expected: {_EXPECTED[name]}"
        elif name != "until" and (not isinstance(entry[name], str) or not entry[name].strip()):
            yield f"{name}: {entry[name]!r}. Expected: {_EXPECTED[name]}"
    yield from _problems_of_finding(entry.get("finding"), rules)
    for name in ("stack", "address"):
        # A key of `for_each`, in quotation marks, may contain any characters.
        if re.search(r"[*?]", re.sub(r'\["[^"]*"\]', "", str(entry.get(name, "")))):
            yield f"{name}: {entry[name]!r} has a wildcard. An approval is for one finding. Expected: {_EXPECTED[name]}"
    yield from _problems_of_person_and_time(entry, today)


def _problems_of_person_and_time(entry: Mapping[str, object], today: date) -> Iterable[str]:
    who = entry.get("who")
    if isinstance(who, str) and who.strip() and not re.fullmatch(r"\S+@\S+", who):
        yield f"who: {who!r}. Expected: {_EXPECTED['who']}"
    if "until" not in entry:
        return
    until = _day(entry["until"])
    if until is None:
        yield f"until: {entry['until']!r} is not a date. Expected: {_EXPECTED['until']}"
    elif (until - today).days > LONGEST_DAYS:
        yield (
            f"until: {until} is {(until - today).days} days away. An approval is valid for {LONGEST_DAYS} days at "
            f"most: until {today + timedelta(days=LONGEST_DAYS)}."
        )


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
    "digest": "the ten hexadecimal digits after the id in the report, in quotation marks.",
    "stack": "the name of the stack.",
    "address": "the complete address as in the report, in quotation marks.",
    "reason": "the reason why the change is intended.",
    "who": "the e-mail address of the approver, the one in their commits.",
    "until": "the last day on which the approval is valid, such as 2026-12-18.",
}


def _names() -> str:
    return f"{', '.join(REQUIRED[:-1])} and {REQUIRED[-1]}"


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
    return Approval(**{name: entry[name] for name in REQUIRED[:-1]}, until=until, file=file)


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
