"""The steps of `mlinfra adopt`: find, read, propose, prove by a plan, write."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.declarations import ADOPTED_COMPONENT, Adopted, adopted_file, dump_adopted, load_adopted, write_whole
from mlinfra.errors import OperationError
from mlinfra.operations.adopt.arguments import Arguments, arguments_of, conflicts, may_be_left_out, without
from mlinfra.operations.adopt.finding import GROUP_TAG, Found, find, find_tagged
from mlinfra.operations.adopt.kinds import BY_TYPE, KINDS
from mlinfra.operations.adopt.next_steps import next_step
from mlinfra.operations.adopt.proof import Import, import_of, others
from mlinfra.operations.adopt.reading import Read, Reading, read
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.terraform import (
    ProposedStack,
    ProviderSource,
    Terraform,
    Tool,
    find_terraform,
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
"""How often arguments that do not fit are left out before what is left is shown."""


@dataclass(frozen=True)
class Asked:
    """What shall be adopted."""

    ids: Sequence[str] = ()
    """Ids, ARNs or names."""
    tags: Mapping[str, str] | None = None
    """Tags that what is meant carries, all of them."""
    kinds: Sequence[str] = ()
    """The words of the kinds to look among; empty: all."""


@dataclass(frozen=True)
class Proposal:
    """One resource as it would be adopted, and what the plan says about it."""

    adopted: Adopted
    left_out: Mapping[str, str]
    """Arguments that are not written, with the reason."""
    planned: Import
    next_step: str
    """Which construct it could become part of, and what would differ."""


@dataclass(frozen=True)
class Adoption:
    """What an adoption came to."""

    proposals: Sequence[Proposal]
    others: Sequence[str]
    """What else a plan of the stack would do, which is none of this adoption's doing."""
    written: Path | None
    """The record that was written; None where nothing was."""

    @property
    def changes_nothing(self) -> bool:
        """Whether AWS stays as it is for all that is adopted."""
        return all(each.planned.changes_nothing for each in self.proposals)


def adopt(
    environment: Environment,
    root: Path,
    progress: Progress,
    *,
    asked: Asked,
    owner: str,
    today: date,
    neighbours: Sequence[Environment] = (),
    accept_changes: bool = False,
    dry_run: bool = False,
) -> Adoption:
    """Find what is `asked`, propose how it stands in Terraform, prove it by a plan, and write it into the record.

    Nothing in AWS and in the state changes: the next apply of the environment's stack `adopted` imports it.

    Args:
        environment: whose it becomes.
        root: the project.
        progress: is shown the steps.
        asked: what is meant.
        owner: the e-mail address of the person who answers for it.
        today: the day it is adopted.
        neighbours: other environments of the project, which may have adopted it already.
        accept_changes: whether it is written although the import would change something. Default: False.
        dry_run: whether nothing is written at all. Default: False.

    Raises:
        OperationError: where a tool is missing, the credentials are of another account, something is not found or not
            unique, somebody else manages it, or Terraform fails.
        DeclarationError: where the result is refused, such as an `owner` that is no address.
    """
    with progress.step("Check the tools and the account") as step:
        terraform = find_terraform()
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{terraform}, account {account.account_id}")
    with aws_errors_explained(), tempfile.TemporaryDirectory(prefix="mlinfra-adopt-") as private:
        with progress.step("Find") as step:
            found = _find(account, asked)
            _expect_free(found, environment, neighbours)
            step.conclude(", ".join(str(each) for each in found))
        with progress.step("Read") as step:
            reading = read(found, environment, root, _terraform_in(Path(private) / "reading", terraform, source))
            present = load_adopted(root / "environments", environment.name)
            drafts = _drafts(reading, present, environment, owner, today)
        with progress.step("Prove by a plan") as step:
            runner = _terraform_in(Path(private) / "proof", terraform, source)
            stack = proposed_stack(environment, root, account, runner, ADOPTED_COMPONENT)
            drafts, imports, other = _prove(drafts, reading, present, stack)
            step.conclude("it changes nothing" if all(each.changes_nothing for each in imports) else "it differs")
    proposals = [
        Proposal(draft.adopted, draft.arguments.left_out, planned, next_step(draft.read, environment))
        for draft, planned in zip(drafts, imports, strict=True)
    ]
    made = Adoption(proposals, other, written=None)
    if dry_run or not (made.changes_nothing or accept_changes):
        return made
    path = root / "environments" / adopted_file(environment.name)
    # Read again: somebody may have adopted something else in the meantime.
    write_whole(path, dump_adopted([*load_adopted(path.parent, environment.name), *(each.adopted for each in drafts)]))
    return replace(made, written=path)


@dataclass(frozen=True)
class _Draft:
    read: Read
    adopted: Adopted
    arguments: Arguments

    def leaving_out(self, path: str, reason: str) -> _Draft:
        written = without(self.adopted.arguments, path)
        arguments = Arguments(written, {**self.arguments.left_out, path: reason})
        return replace(self, adopted=self.adopted.model_copy(update={"arguments": written}), arguments=arguments)


def _terraform_in(folder: Path, tool: Tool, source: ProviderSource) -> Terraform:
    folder.mkdir()
    return Terraform(folder, tool.path, changes=source.changes)


def _find(account: AwsAccount, asked: Asked) -> list[Found]:
    if not asked.ids and not asked.tags:
        message = "Nothing is asked for. Expected: ids, ARNs or names; or --tag KEY=VALUE."
        raise OperationError(message)
    unknown = [word for word in asked.kinds if word not in KINDS]
    if unknown:
        message = f"{unknown[0]!r} is nothing that can be adopted. Expected: {', '.join(KINDS)}."
        raise OperationError(message)
    kinds = [KINDS[word] for word in asked.kinds] or list(KINDS.values())
    found = [find(account, each, kinds) for each in asked.ids]
    if asked.tags:
        found += find_tagged(account, asked.tags, kinds)
    return list(dict.fromkeys(found))


def _expect_free(found: Sequence[Found], environment: Environment, neighbours: Sequence[Environment]) -> None:
    """See that nobody else manages what was found: two that do would undo each other's work."""
    owners = [environment, *(each for each in neighbours if each.name != environment.name)]
    problems = [
        f"{each} is adopted already: {other.address} in the environment {owner.name!r}."
        for each in found
        for owner in owners
        for other in owner.adopted
        if (other.type, other.id, owner.account_id) == (each.kind.type, each.id, environment.account_id)
    ]
    problems += [f"{each} {reason}" for each in found if (reason := _managed_by(each.tags))]
    if problems:
        message = "Nothing was adopted."
        raise OperationError(message, details="\n".join(problems))


def _managed_by(tags: Mapping[str, str]) -> str:
    if tags.get("ManagedBy", "").lower() == "terraform":
        return (
            f"is tagged ManagedBy={tags['ManagedBy']}: a Terraform state has it already. Have that one forget it "
            f"first, and take the tag off."
        )
    if stack := tags.get("aws:cloudformation:stack-name"):
        return f"belongs to the CloudFormation stack {stack!r}. Delete it there with DeletionPolicy Retain first."
    if group := tags.get(GROUP_TAG):
        return f"was launched by the auto scaling group {group!r}, which replaces it at will. Adopt the group."
    return ""


def _drafts(
    reading: Reading, present: Sequence[Adopted], environment: Environment, owner: str, today: date
) -> list[_Draft]:
    # What is to be forgotten under an address cannot be declared under it.
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
            owner=owner,
            since=today,
            arguments=arguments.written,
            ignore_changes=tuple(sorted(unread | unmanaged)),
        )
        drafts.append(_Draft(each, adopted, arguments))
    return drafts


def _name_for(found: Found, taken: set[str]) -> str:
    """A name for Terraform that follows from what people call it."""
    name = re.sub(r"[^a-z0-9]+", "-", found.name.lower()).strip("-")
    name = name if re.match(r"[a-z]", name) else f"{found.kind.word}-{name}"
    name = name[:60].rstrip("-")
    number, unique = 1, name
    while f"{found.kind.type}.{unique}" in taken:
        number += 1
        unique = f"{name}-{number}"
    return unique


def _prove(
    drafts: list[_Draft], reading: Reading, present: Sequence[Adopted], stack: ProposedStack
) -> tuple[list[_Draft], list[Import], tuple[str, ...]]:
    """Plan the stack with `drafts`, leaving out what Terraform does not take, until nothing more can be left out."""
    for _ in range(_ROUNDS):
        # What would be replaced is shown as such; with prevent_destroy the plan would only fail.
        candidates = [each.adopted.model_copy(update={"prevent_destroy": False}) for each in drafts]
        error, plan = stack.plan({adopted_file(stack.environment): dump_adopted([*present, *candidates])})
        if error:
            better = [_without_conflicts(each, error) for each in drafts]
            if better == drafts:
                message = "Terraform does not take what was read"
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
        draft = draft.leaving_out(path, f"Terraform does not take it together with {other}")
    return draft


def _without_changes(draft: _Draft, planned: Import, reading: Reading) -> _Draft:
    """Leave out what the plan would change, where AWS keeps what it has when nothing is said."""
    block = reading.schemas[BY_TYPE[draft.adopted.type].type]["block"]
    for change in planned.changes:
        first = change.path.partition(".")[0]
        if first in draft.adopted.arguments and may_be_left_out(block, change.path):
            draft = draft.leaving_out(change.path, f"Terraform would change it: {change.before} -> {change.after}")
    return draft
