"""A plan as it is read: once, from front to back, keeping only what the review looks at."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.operations.review import references
from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()
_BINARY_PLAN: Final = b"PK"
"""Terraform's binary plans are zip archives."""
_FORMAT: Final = "1"
"""The major version of the format that is understood; a minor one only adds (Terraform's documentation of it)."""
_KEPT_WITHOUT_CHANGE: Final = frozenset(
    {
        "aws_autoscaling_group",
        "aws_batch_compute_environment",
        "aws_eks_node_group",
        "aws_instance",
        "aws_launch_configuration",
        "aws_launch_template",
        "aws_sagemaker_endpoint",
        "aws_sagemaker_endpoint_configuration",
    }
)
"""What is looked at although nothing happens to it: what costs, and what uses something that changes."""


@dataclass
class Plan:
    """What a review looks at of one plan."""

    stack: str
    source: str
    """The file, as it was given."""
    changes: list[Change] = field(default_factory=list)
    """The resources to which something happens, in the plan's order."""
    unchanged: list[Change] = field(default_factory=list)
    """Those of the others that cost something by the hour, or shape what does."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Small parts of the plan, such as `errored`."""
    configuration: Mapping[str, Any] = field(default_factory=dict)

    def referred_to(self, change: Change, path: str) -> Change | None:
        """What happens to the resource that the code of `change` refers to for the attribute `path`.

        For a value that only the apply will tell.
        """
        for address in references.candidates(self._configured, change.address, path):
            if address in self._by_address:
                return self._by_address[address]
        return None

    def makes(self, change: Change, path: str) -> bool:
        """Whether what the value at `path` calls by name is made by this plan, and was not there before."""
        value = change.new(path)
        made = self.referred_to(change, path) if value is UNKNOWN else None
        if made:
            # What is replaced was there before, although its id is not known.
            return made.kind is Kind.CREATE
        return value is UNKNOWN or (isinstance(value, str) and value in self.created_names)

    def name(self, change: Change, path: str, *others: str) -> str:
        """What the value at `path` calls something, quoted; where it is not known yet, what that is called itself."""
        if change.new(path) is UNKNOWN and not change.old(path):
            made = self.referred_to(change, path)
            if made:
                return made.name("name", "bucket", "function_name", "identifier", "id")
        return change.name(path, *others)

    @cached_property
    def _by_address(self) -> Mapping[str, Change]:
        return {each.address: each for each in self.changes}

    @cached_property
    def _configured(self) -> references.Configured:
        return references.configured(self.configuration)

    @cached_property
    def destroyed_names(self) -> frozenset[str]:
        """The names and ids of what others are a part of, and is destroyed for good."""
        gone = (each for each in self.changes if each.kind is Kind.DESTROY and not each.deposed)
        return frozenset(value for each in gone for value in _names(each, each.old))

    @cached_property
    def created_names(self) -> frozenset[str]:
        """The names of what others are a part of, and is created."""
        new = (each for each in self.changes if each.kind is Kind.CREATE)
        return frozenset(value for each in new for value in _names(each, each.new))


def _names(change: Change, value_of: Callable[[str], Any]) -> Iterator[str]:
    if change.type in _OWNERS:
        values = map(value_of, ("id", "name", "bucket", "function_name", "arn"))
        yield from (each for each in values if isinstance(each, str))


_OWNERS: Final = frozenset(
    {
        "aws_dynamodb_table",
        "aws_ecr_repository",
        "aws_efs_file_system",
        "aws_iam_group",
        "aws_iam_role",
        "aws_iam_user",
        "aws_kms_key",
        "aws_lambda_function",
        "aws_s3_bucket",
        "aws_security_group",
    }
)
"""What others are a part of, which go with it."""


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Args:
        path: the file that `terraform show -json` wrote, or a folder with it as `plan.json`.

    Raises:
        OperationError: where it cannot be read, or is no plan.
    """
    file = path / "plan.json" if path.is_dir() else path
    try:
        with file.open("rb") as opened:
            if opened.read(2) == _BINARY_PLAN:
                message = f"{path} is Terraform's binary plan. Make JSON of it: terraform show -json {path} > plan.json"
                raise OperationError(message)
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        message = f"The plan {file} cannot be read: {reason}. Expected: a file that terraform show -json wrote."
        raise OperationError(message) from error
    plan = Plan(stack=_stack(path), source=str(path))
    try:
        seen = _read(text, plan)
    except (ValueError, RecursionError) as error:
        hint = " It looks like the log of terraform plan -json." if '"@level"' in text[:2000] else ""
        message = f"{file} is not the JSON of a plan: {error}.{hint} Expected: what terraform show -json PLAN writes."
        raise OperationError(message) from error
    _require_plan(file, plan, seen)
    return plan


def _stack(path: Path) -> str:
    """What the plan is of: what about.json beside it says, the folder, or the file."""
    folder = path if path.is_dir() else path.parent
    if path.is_dir() or path.name == "plan.json":
        try:
            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            about = None
        said = about.get("stack") if isinstance(about, dict) else None
        return said if isinstance(said, str) and said else folder.resolve().name
    return path.stem


def _read(text: str, plan: Plan) -> set[str]:
    """Read the members of the document one by one; what is not looked at is dropped before the next is read."""
    seen = set()

    def member(name: str, at: int) -> int:
        seen.add(name)
        if name == "resource_changes":
            return _elements(text, at, lambda raw: _take(plan, raw))
        value, end = _DECODER.raw_decode(text, at)
        if name == "configuration" and isinstance(value, dict):
            plan.configuration = value
        elif not isinstance(value, (dict, list)):
            plan.facts[name] = value
        elif name == "deferred_changes":
            plan.facts[name] = len(value)
        elif name == "action_invocations":
            plan.facts[name] = [str(references.mapping(each).get("address") or "an action") for each in items(value)]
        elif name == "checks":
            plan.facts[name] = list(_failed_checks(value))
        return end

    end = _members(text, _past_space(text, 0), member)
    if _past_space(text, end) != len(text):
        message = "there is something after its end"
        raise ValueError(message)
    return seen


def _failed_checks(checks: object) -> Iterator[tuple[str, list[str]]]:
    """The checks of the code that do not hold, each with what it says."""
    for check in items(checks):
        if references.mapping(check).get("status") in {"fail", "error"}:
            instances = [references.mapping(each) for each in items(check.get("instances"))]
            problems = [references.mapping(problem) for each in instances for problem in items(each.get("problems"))]
            address = str(references.mapping(check.get("address")).get("to_display") or "a check")
            yield address, [str(each.get("message")) for each in problems]


def _take(plan: Plan, raw: object) -> None:
    if not isinstance(raw, dict):
        return
    change = Change(raw)
    if change.is_data_source:
        return
    if change.kind is not Kind.NOTHING or change.moved_from or change.imports:
        plan.changes.append(change)
    elif change.type in _KEPT_WITHOUT_CHANGE:
        plan.unchanged.append(change)


def _require_plan(file: Path, plan: Plan, seen: set[str]) -> None:
    version = str(plan.facts.get("format_version", ""))
    if "resource_changes" not in seen and "planned_values" not in seen:
        what = "a state, not a plan" if "values" in seen else "not the JSON of a plan: it has no resource_changes"
        message = f"{file} is {what}. Expected: what terraform show -json PLAN writes."
        raise OperationError(message)
    if version and version.partition(".")[0] != _FORMAT:
        message = f"{file} has the format version {version}, and this version of mlinfra reads 1.x."
        raise OperationError(message)


def _members(text: str, at: int, member: Callable[[str, int], int]) -> int:
    """Call `member` with the name and the place of each member of the object at `at`; returns where it ends."""
    at = _expect(text, at, "{")
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        name, at = _DECODER.raw_decode(text, at)
        at = _expect(text, _past_space(text, at), ":")
        at = _past_space(text, member(str(name), at))
        if text[at : at + 1] == "}":
            return at + 1
        at = _expect(text, at, ",")


def _elements(text: str, at: int, take: Callable[[object], None]) -> int:
    """Call `take` with each element of the list at `at`; returns where it ends."""
    if text[at : at + 1] != "[":
        return _DECODER.raw_decode(text, at)[1]
    at = _expect(text, at, "[")
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        value, at = _DECODER.raw_decode(text, at)
        take(value)
        at = _past_space(text, at)
        if text[at : at + 1] == "]":
            return at + 1
        at = _expect(text, at, ",")


def _expect(text: str, at: int, character: str) -> int:
    if text[at : at + 1] != character:
        message = f"Expecting {character!r}"
        raise json.JSONDecodeError(message, text, at)
    return _past_space(text, at + 1)


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
