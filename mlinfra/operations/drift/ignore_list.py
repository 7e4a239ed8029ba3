"""`drift-ignore.yaml`: intended drift, each entry with its reason and its last day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mlinfra.errors import DeclarationError
from mlinfra.operations.drift.patterns import matches
from mlinfra.operations.drift.report import DELETED, Difference

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from pathlib import Path

IGNORE_FILE = "drift-ignore.yaml"
"""The path of the list in a project."""

_EXAMPLE = 'Expected: a list of entries, such as {address: "aws_s3_bucket.*", reason: ..., expires: 2027-01-31}.'


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(min_length=1, description="the address in Terraform; * is any text.")
    attribute: str = Field(
        default="*", min_length=1, description="the attribute; * is any text. Default: all except `deleted`."
    )
    stack: str = Field(default="*", min_length=1, description="the stack; * is any text. Default: all.")
    reason: str = Field(min_length=10, description="the reason why the drift is intended, in a sentence.")
    expires: date = Field(description="the last day, such as 2027-01-31.")

    @field_validator("expires", mode="before")
    @classmethod
    def _only_dates(cls, value: Any) -> Any:  # noqa: ANN401
        # pydantic would read 2027 as a number of seconds.
        if not isinstance(value, (date, str)):
            problem = "is not a date"
            raise ValueError(problem)  # noqa: TRY004  pydantic collects ValueErrors
        return value

    def covers(self, difference: Difference) -> bool:
        """True if the entry applies to `difference`. Deletions need the attribute `deleted`."""
        return (
            matches(self.stack, difference.stack)
            and matches(self.address, difference.address)
            and (
                self.attribute == DELETED
                if difference.attribute == DELETED
                else matches(self.attribute, difference.attribute)
            )
        )


@dataclass(frozen=True)
class IgnoreList:
    """The ignore list on one day."""

    entries: tuple[_Entry, ...] = ()
    today: date | None = None

    @classmethod
    def load(cls, path: Path, *, today: date) -> IgnoreList:
        """Read the list at `path`; a missing file is an empty list.

        Raises:
            DeclarationError: with all problems, each with its entry and field.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise DeclarationError(path.name, [f"the file cannot be read: {error}"]) from None
        return cls(_entries(text, path.name), today)

    @property
    def expired(self) -> Mapping[str, date]:
        """Last days of the expired entries, by address and attribute."""
        return {f"{each.address} {each.attribute}": each.expires for each in self.entries if self._is_expired(each)}

    def apply(self, difference: Difference) -> Difference:
        """Mark `difference` as ignored if an entry applies to it."""
        if difference.status != "drift":
            return difference
        for each in self.entries:
            if not self._is_expired(each) and each.covers(difference):
                return replace(difference, status="ignored", reason=f"{each.reason} (until {each.expires})")
        return difference

    def _is_expired(self, entry: _Entry) -> bool:
        return self.today is not None and entry.expires < self.today


class _Loader(yaml.SafeLoader):
    """Refuses duplicate fields, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        made: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        if len(made) != len(node.value):
            problem = "a field is duplicate"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return made


def _entries(text: str, where: str) -> tuple[_Entry, ...]:
    try:
        given = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise DeclarationError(where, [f"the file is not valid YAML: {' '.join(str(error).split())}"]) from None
    if given is None:
        return ()
    if not isinstance(given, list):
        raise DeclarationError(where, [f"the file contains a {type(given).__name__}. {_EXAMPLE}"])
    entries: list[_Entry] = []
    problems: list[str] = []
    for number, each in enumerate(given, 1):
        if not isinstance(each, dict):
            problems.append(f"entry {number}: {each!r} is not an entry. {_EXAMPLE}")
            continue
        try:
            entries.append(_Entry.model_validate(each))
        except ValidationError as error:
            problems += [f"entry {number}, {problem}" for problem in map(_problem, error.errors())]
    if problems:
        raise DeclarationError(where, problems)
    return tuple(entries)


def _problem(error: Any) -> str:  # noqa: ANN401  pydantic's own shape
    name = str(error["loc"][0])
    known = _Entry.model_fields.get(name)
    if known is None:
        return f"{name}: unknown field. Expected: {', '.join(_Entry.model_fields)}."
    if error["type"] == "missing":
        return f"{name}: required. Expected: {known.description}"
    return f"{name}: {error['input']!r}. Expected: {known.description}"
