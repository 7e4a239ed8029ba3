"""Reading of plans: once, sequentially, keeping only the parts that a review needs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.operations.cost import FORMULAS, RELATED_TYPES
from mlinfra.operations.review import accounts, references
from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items
from mlinfra.operations.terraform import StackSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

APPLIED_SETTINGS: Final = "applied-settings"
"""The file beside a plan with the settings of the last apply of its stack."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()
_BINARY_PLAN: Final = b"PK"
"""Terraform's binary plans are zip archives."""
_FORMAT: Final = "1"
"""The supported major version of the format. Minor versions only add members (documentation of the format)."""
_KEPT_WITHOUT_CHANGE: Final = frozenset({*FORMULAS, *RELATED_TYPES})
"""Types that are needed although they do not change: they incur costs, or determine the costs of others."""


@dataclass
class Plan:
    """The parts of a plan that a review needs."""

    stack: str
    source: str
    """The file or folder, as it was given."""
    changes: list[Change] = field(default_factory=list)
    """Resources with an action, in the order of the plan."""
    unchanged: list[Change] = field(default_factory=list)
    """Unchanged resources that incur costs, or determine the costs of others."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Single values of the plan, such as `errored`."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    known_accounts: accounts.Known = field(default_factory=accounts.Known)
    settings: StackSettings | None = None
    """Settings of the synthesized stack beside the plan. None: there is none."""
    applied_settings: StackSettings | None = None
    """The settings of the last apply. None: not recorded."""

    def referred_to(self, change: Change, path: str) -> Change | None:
        """The change of the resource that the attribute `path` of `change` refers to in the configuration.

        Use it for values that are known after apply.
        """
        for address in references.candidates(self._configured, change.address, path):
            if address in self._by_address:
                return self._by_address[address]
        return None

    def makes(self, change: Change, path: str) -> bool:
        """True if the value at `path` names a resource that this plan creates and that did not exist before."""
        value = change.new(path)
        made = self.referred_to(change, path) if value is UNKNOWN else None
        if made:
            # A replaced resource existed before, although its new id is not known.
            return made.kind is Kind.CREATE
        return value is UNKNOWN or (isinstance(value, str) and value in self.created_names)

    def name(self, change: Change, path: str, *others: str) -> str:
        """The quoted name at `path`. If it is known after apply: the name of the resource that it refers to."""
        if change.new(path) is UNKNOWN and not change.old(path):
            made = self.referred_to(change, path)
            if made:
                return made.name("name", "bucket", "function_name", "identifier", "id")
        return change.name(path, *others)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The AWS accounts that the plan changes. Empty: unknown."""
        return accounts.own(self.known_accounts, self.configuration, (*self.changes, *self.unchanged))

    def is_foreign(self, value: object) -> bool:
        """True if an ARN or the id of an account names another account than that of the plan."""
        account = accounts.account_of(value)
        return account is not None and bool(self.accounts) and account not in self.accounts

    def may_be_foreign(self, value: object) -> bool:
        """True if an ARN or the id of an account names another account than that of the plan, or that is unknown."""
        account = accounts.account_of(value)
        return account is not None and account not in self.accounts

    @cached_property
    def by_type(self) -> Mapping[str, list[Change]]:
        """The changes by type of resource: tables and rules of a few types skip the changes of all others."""
        found: dict[str, list[Change]] = {}
        for each in self.changes:
            found.setdefault(each.type, []).append(each)
        return found

    def of_types(self, types: Iterable[str]) -> Iterator[Change]:
        """The changes of resources of some types."""
        for kind in types:
            yield from self.by_type.get(kind, ())

    @cached_property
    def _by_address(self) -> Mapping[str, Change]:
        return {each.address: each for each in self.changes}

    @cached_property
    def _configured(self) -> references.Configured:
        return references.configured(self.configuration)

    @cached_property
    def destroyed_names(self) -> frozenset[str]:
        """Names and ids of destroyed resources that other resources belong to."""
        gone = (each for each in self.changes if each.kind is Kind.DESTROY and not each.deposed)
        return frozenset(value for each in gone for value in _names(each, each.old))

    @cached_property
    def created_names(self) -> frozenset[str]:
        """Names of created resources that other resources belong to."""
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
"""Types of resources that other resources belong to, and are deleted with."""


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Args:
        path: a file written by `terraform show -json`, or a folder with such a file called `plan.json`.

    Raises:
        OperationError: if the file cannot be read, or is not a plan.
    """
    file = path / "plan.json" if path.is_dir() else path
    try:
        with file.open("rb") as opened:
            if opened.read(2) == _BINARY_PLAN:
                message = (
                    f"{path} is a binary plan of Terraform. Convert it to JSON: terraform show -json {path} > plan.json"
                )
                raise OperationError(message)
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the file is not UTF-8 text"
        message = f"The plan {file} cannot be read: {reason}. Expected: a file written by terraform show -json."
        raise OperationError(message) from error
    plan = Plan(stack=_stack(path), source=str(path))
    try:
        seen = _read(text, plan)
    except (ValueError, RecursionError) as error:
        hint = " It appears to be the log of terraform plan -json." if '"@level"' in text[:2000] else ""
        message = f"{file} is not a plan in JSON: {error}.{hint} Expected: the output of terraform show -json PLAN."
        raise OperationError(message) from error
    _require_plan(file, plan, seen)
    _read_settings(file.parent, plan)
    return plan


def _read_settings(folder: Path, plan: Plan) -> None:
    """Read the settings of the stack that `mlinfra plan` saved beside the plan, and those of its last apply."""
    applied, stack = folder / APPLIED_SETTINGS, folder / "stack"
    if not applied.is_file() or not (stack / "cdk.tf.json").is_file():
        return
    try:
        plan.applied_settings = StackSettings.unpacked(applied.read_text(encoding="utf-8"))
        plan.settings = StackSettings.read(stack, str(plan.facts.get("terraform_version") or ""))
    except (OSError, ValueError) as error:
        message = f"The settings of the last apply in {applied} cannot be read: {error}. Plan again."
        raise OperationError(message) from error


def _stack(path: Path) -> str:
    """The name of the stack: from about.json in the same folder, else the name of the folder or file."""
    folder = path if path.is_dir() else path.parent
    if path.is_dir() or path.name == "plan.json":
        try:
            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            about = None
        name = about.get("stack") if isinstance(about, dict) else None
        return name if isinstance(name, str) and name else folder.resolve().name
    return path.stem


def _read(text: str, plan: Plan) -> set[str]:
    """Read the members of the document one by one, and release those that are not needed. Returns their names."""
    seen = set()

    def member(name: str, at: int) -> int:
        seen.add(name)
        if name == "resource_changes":
            return _elements(text, at, lambda raw: _take(plan, raw))
        value, end = _DECODER.raw_decode(text, at)
        if name == "configuration" and isinstance(value, dict):
            plan.configuration = value
        elif name == "prior_state":
            plan.known_accounts.read(value)
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
        message = "unexpected text after the end of the document"
        raise ValueError(message)
    return seen


def _failed_checks(checks: object) -> Iterator[tuple[str, list[str]]]:
    """Failed `check` blocks of the configuration, each with its messages."""
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
        problem = "a state, not a plan" if "values" in seen else "not a plan in JSON: it has no resource_changes"
        message = f"{file} is {problem}. Expected: the output of terraform show -json PLAN."
        raise OperationError(message)
    if version and version.partition(".")[0] != _FORMAT:
        message = f"{file} has format version {version}, but this version of mlinfra supports 1.x only."
        raise OperationError(message)


def _members(text: str, at: int, member: Callable[[str, int], int]) -> int:
    """Call `member` with the name and the position of each member of the object at `at`. Returns the end position."""
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
    """Call `take` with each element of the list at `at`. Returns the end position."""
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
