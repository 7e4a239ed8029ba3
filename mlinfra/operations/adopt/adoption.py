"""Adoption of existing resources: search, read, propose, verify with a plan, and record."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.declarations import ADOPTED_COMPONENT, Adopted, adopted_file, dump_adopted, load_adopted, write_whole
from mlinfra.errors import OperationError
from mlinfra.operations.adopt.arguments import Arguments, arguments_of, conflicts, is_kept_if_unset, without
from mlinfra.operations.adopt.kinds import BY_TYPE, KINDS
from mlinfra.operations.adopt.next_steps import next_step
from mlinfra.operations.adopt.planned_imports import Import, import_of, others
from mlinfra.operations.adopt.reading import Reading, ReadResource, read
from mlinfra.operations.adopt.search import GROUP_TAG, Found, find, find_tagged, region_of
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.terraform import (
    ProposedStack,
    ProviderSource,
    Terraform,
    Tool,
    find_terraform,
    oldest_terraform,
    proposed_stack,
    provider_source,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.terraform import Progress

_ROUNDS = 6
"""Maximum number of plans. After each, arguments that Terraform refuses or would change are left out."""


@dataclass(frozen=True)
class AdoptionRequest:
    """A selection of resources."""

    ids: Sequence[str] = ()
    """Ids, ARNs or names."""
    tags: Mapping[str, str] | None = None
    """Tags that the resources must all have."""
    kinds: Sequence[str] = ()
    """Kinds to search, such as `bucket`. Empty: all kinds."""
    region: str | None = None
    """The region to search. None: that of the environment. An ARN is searched in its own region."""


@dataclass(frozen=True)
class Proposal:
    """The proposed declaration of one resource, and its plan."""

    adopted: Adopted
    left_out: Mapping[str, str]
    """Arguments that are not recorded, with the reason."""
    planned: Import
    next_step: str
    """The construct that could manage the resource, and the differences."""


@dataclass(frozen=True)
class Adoption:
    """The result of an adoption."""

    proposals: Sequence[Proposal]
    others: Sequence[str]
    """Other planned changes of the stack, which are unrelated to the adoption."""
    written: Path | None
    """The path of the record. None: nothing was recorded."""

    @property
    def changes_nothing(self) -> bool:
        """True if no adopted resource would change in AWS."""
        return all(each.planned.changes_nothing for each in self.proposals)


def adopt(
    environment: Environment,
    root: Path,
    progress: Progress,
    *,
    request: AdoptionRequest,
    owner: str,
    today: date,
    other_environments: Sequence[Environment] = (),
    accept_changes: bool = False,
    dry_run: bool = False,
) -> Adoption:
    """Find resources, propose their declarations, verify them with a plan, and record them.

    AWS and the state are not changed: the next apply of the stack `adopted` of the environment imports the resources.

    Args:
        environment: the environment that adopts the resources.
        root: the project.
        progress: shows the steps.
        request: the selection of resources.
        owner: the e-mail address of the owner.
        today: the date of the adoption.
        other_environments: other environments of the project, which may have adopted the resources already.
        accept_changes: True to record resources that the import would change. Default: False.
        dry_run: True to record nothing. Default: False.

    Raises:
        OperationError: if a tool is missing, the credentials are for another account, a resource is not found, is
            ambiguous or is managed already, or Terraform fails.
        DeclarationError: if the declaration is invalid, such as an `owner` that is not an e-mail address.
    """
    with progress.step("Check the tools and the account") as step:
        terraform = find_terraform(oldest_terraform([environment]))
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{terraform}, account {account.account_id}")
    with aws_errors_explained(), tempfile.TemporaryDirectory(prefix="mlinfra-adopt-") as private:
        with progress.step("Search") as step:
            found = _find(account, request)
            _require_unmanaged(found, environment, other_environments)
            step.conclude(", ".join(str(each) for each in found))
        with progress.step("Read") as step:
            reading = read(found, environment, root, _terraform_in(Path(private) / "reading", terraform, source))
            present = load_adopted(root / "environments", environment.name)
            drafts = _drafts(reading, present, environment, owner, today)
        with progress.step("Verify with a plan") as step:
            runner = _terraform_in(Path(private) / "verification", terraform, source)
            stack = proposed_stack(environment, root, account, runner, ADOPTED_COMPONENT)
            drafts, imports, other = _verify(drafts, reading, present, stack)
            step.conclude("no changes" if all(each.changes_nothing for each in imports) else "with changes")
    proposals = [
        Proposal(draft.adopted, draft.arguments.left_out, planned, next_step(draft.read, environment))
        for draft, planned in zip(drafts, imports, strict=True)
    ]
    made = Adoption(proposals, other, written=None)
    if dry_run or not (made.changes_nothing or accept_changes):
        return made
    path = root / "environments" / adopted_file(environment.name)
    # Load the record again: a concurrent adoption may have changed it.
    write_whole(path, dump_adopted([*load_adopted(path.parent, environment.name), *(each.adopted for each in drafts)]))
    return replace(made, written=path)


@dataclass(frozen=True)
class _Draft:
    read: ReadResource
    adopted: Adopted
    arguments: Arguments

    def leaving_out(self, path: str, reason: str) -> _Draft:
        written = without(self.adopted.arguments, path)
        arguments = Arguments(written, {**self.arguments.left_out, path: reason})
        return replace(self, adopted=self.adopted.model_copy(update={"arguments": written}), arguments=arguments)


def _terraform_in(folder: Path, tool: Tool, source: ProviderSource) -> Terraform:
    folder.mkdir()
    return Terraform(folder, tool.path, changes=source.changes)


def _find(account: AwsAccount, request: AdoptionRequest) -> list[Found]:
    if not request.ids and not request.tags:
        message = "No resource was specified. Expected: ids, ARNs or names; or --tag KEY=VALUE."
        raise OperationError(message)
    unknown = [word for word in request.kinds if word not in KINDS]
    if unknown:
        message = f"Resources of the type {unknown[0]!r} cannot be adopted. Expected: {', '.join(KINDS)}."
        raise OperationError(message)
    kinds = [KINDS[word] for word in request.kinds] or list(KINDS.values())
    found, home = [], str(account.session.region_name)
    for each in request.ids:
        region = region_of(each) or request.region or home
        found.append(_in_region(find(_account_in(region, account, home), each, kinds), region, home))
    if request.tags:
        region = request.region or home
        tagged = find_tagged(_account_in(region, account, home), request.tags, kinds)
        found += [_in_region(each, region, home) for each in tagged]
    return list(dict.fromkeys(found))


def _account_in(region: str, account: AwsAccount, home: str) -> AwsAccount:
    return account if region == home else account.in_region(region)


def _in_region(found: Found, region: str, home: str) -> Found:
    """The resource with its region, if it is another than `home`. IAM roles are in all regions."""
    return found if region == home or found.kind.word == "role" else replace(found, region=region)


def _require_unmanaged(
    found: Sequence[Found], environment: Environment, other_environments: Sequence[Environment]
) -> None:
    """Refuse managed resources: two managers of one resource would revert each other's changes."""
    owners = [environment, *(each for each in other_environments if each.name != environment.name)]
    problems = [
        f"{each} is already adopted: {other.address} in the environment {owner.name!r}."
        for each in found
        for owner in owners
        for other in owner.adopted
        if (other.type, other.id, other.region or owner.region, owner.account_id)
        == (each.kind.type, each.id, _region_of(each, owner, environment), environment.account_id)
    ]
    problems += [f"{each} {reason}" for each in found if (reason := _managed_by(each.tags))]
    if problems:
        message = "Nothing was adopted, because these resources are managed already."
        raise OperationError(message, details="\n".join(problems))


def _region_of(found: Found, owner: Environment, environment: Environment) -> str:
    """The region to compare with that of a resource that `owner` has adopted."""
    return owner.region if found.kind.word == "role" else found.region or environment.region


def _managed_by(tags: Mapping[str, str]) -> str:
    if tags.get("ManagedBy", "").lower() == "terraform":
        return (
            f"has the tag ManagedBy={tags['ManagedBy']}: it is in another Terraform state. Remove it from that state, "
            f"and remove the tag."
        )
    if stack := tags.get("aws:cloudformation:stack-name"):
        return f"belongs to the CloudFormation stack {stack!r}. First remove it there with DeletionPolicy Retain."
    if group := tags.get(GROUP_TAG):
        return f"was launched by the auto scaling group {group!r}, which may replace it. Adopt the group instead."
    return ""


def _drafts(
    reading: Reading, present: Sequence[Adopted], environment: Environment, owner: str, today: date
) -> list[_Draft]:
    # A forgotten address cannot be declared again.
    taken = {each.address for each in (*present, *environment.adopted)}
    taken |= {each.address for each in environment.forgotten}
    drafts = []
    for each in reading.resources:
        kind = each.found.kind
        arguments = arguments_of(each.values, each.sensitive, reading.schemas[kind.type]["block"], kind)
        unread = {name for name in kind.terraform_only if each.values.get(name) in (None, [])}
        unmanaged = {name for name in kind.unmanaged if each.values.get(name)}
        name = _name_for(each.found, taken)
        taken.add(f"{kind.type}.{name}")
        adopted = Adopted(
            type=kind.type,
            id=each.found.id,
            name=name,
            region=each.found.region,
            owner=owner,
            since=today,
            arguments=arguments.written,
            ignore_changes=tuple(sorted(unread | unmanaged)),
        )
        drafts.append(_Draft(each, adopted, arguments))
    return drafts


def _name_for(found: Found, taken: set[str]) -> str:
    """A unique name in Terraform, derived from the name of the resource."""
    name = re.sub(r"[^a-z0-9]+", "-", found.name.lower()).strip("-")
    name = name if re.match(r"[a-z]", name) else f"{found.kind.word}-{name}"
    name = name[:60].rstrip("-")
    number, unique = 1, name
    while f"{found.kind.type}.{unique}" in taken:
        number += 1
        unique = f"{name}-{number}"
    return unique


def _verify(
    drafts: list[_Draft], reading: Reading, present: Sequence[Adopted], stack: ProposedStack
) -> tuple[list[_Draft], list[Import], tuple[str, ...]]:
    """Plan the stack with `drafts`, and leave out arguments that Terraform refuses or would change."""
    for _ in range(_ROUNDS):
        # Without prevent_destroy, a replacement is planned and shown. With it, the plan would fail.
        candidates = [each.adopted.model_copy(update={"prevent_destroy": False}) for each in drafts]
        error, plan = stack.plan({adopted_file(stack.environment): dump_adopted([*present, *candidates])})
        if error:
            better = [_without_conflicts(each, error) for each in drafts]
            if better == drafts:
                message = "Terraform refuses the proposed declaration"
                raise OperationError(message, details=error)
            drafts = better
            continue
        imports = [import_of(plan, each.adopted.address) for each in drafts]
        better = [_without_changes(each, planned, reading) for each, planned in zip(drafts, imports, strict=True)]
        if better == drafts:
            return drafts, imports, others(plan, {each.adopted.address for each in drafts})
        drafts = better
    return drafts, imports, others(plan, {each.adopted.address for each in drafts})


def _without_conflicts(draft: _Draft, error: str) -> _Draft:
    for path, other in conflicts(error, draft.adopted.address):
        draft = draft.leaving_out(path, f"it conflicts with {other}")
    return draft


def _without_changes(draft: _Draft, planned: Import, reading: Reading) -> _Draft:
    """Leave out arguments that the plan would change, if AWS keeps the value of an unset argument."""
    block = reading.schemas[BY_TYPE[draft.adopted.type].type]["block"]
    for change in planned.changes:
        first = change.path.partition(".")[0]
        if first in draft.adopted.arguments and is_kept_if_unset(block, change.path):
            draft = draft.leaving_out(change.path, f"Terraform would change it: {change.before} -> {change.after}")
    return draft
