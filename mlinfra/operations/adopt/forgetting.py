"""Removal of resources from the state without destroying them, with a recorded reason."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.declarations import (
    ADOPTED_COMPONENT,
    Forgotten,
    adopted_file,
    dump_adopted,
    dump_forgotten,
    forgotten_file,
    load_adopted,
    load_forgotten,
    write_whole,
)
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.terraform import (
    OLDEST_TERRAFORM_WITH_REMOVED_BLOCKS,
    Terraform,
    find_terraform,
    oldest_terraform,
    proposed_stack,
    provider_source,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import Progress


@dataclass(frozen=True)
class ForgottenResource:
    """The result of forgetting a resource."""

    forgotten: Forgotten
    id: str | None
    """The id in AWS, where the resource remains."""
    others: tuple[str, ...]
    """Other planned changes of the stack."""
    dropped: tuple[str, ...]
    """Addresses with a removed entry: they are no longer in the state."""


def forget(
    environment: Environment, root: Path, progress: Progress, *, address: str, stack: str, reason: str, today: date
) -> ForgottenResource:
    """Record that a stack forgets a resource, after a plan has verified that the resource remains in AWS.

    The next apply of the stack removes the resource from the state. An adopted resource is also removed from the record
    of adopted resources. A resource that is declared in Python must be removed from the code first.

    Args:
        environment: the environment of the stack.
        root: the project.
        progress: shows the steps.
        address: the address in Terraform, such as `aws_s3_bucket.legacy-data`.
        stack: the id of the stack, such as `dev-adopted`.
        reason: the reason, in a sentence.
        today: the date of the record.

    Raises:
        OperationError: if Terraform is too old, the resource is not in the state or is still declared, or the plan
            would destroy it.
        DeclarationError: if the address or the reason is invalid.
    """
    with progress.step("Check the tools and the account") as step:
        tool = find_terraform(max(OLDEST_TERRAFORM_WITH_REMOVED_BLOCKS, oldest_terraform([environment])))
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{tool}, account {account.account_id}")
    region = next((each.region for each in environment.adopted if each.address == address), None)
    entry = Forgotten(address=address, stack=stack, region=region, reason=reason, who=account.caller, when=today)
    component = environment.names.component_of(stack)
    with aws_errors_explained(), tempfile.TemporaryDirectory(prefix="mlinfra-forget-") as private:
        terraform = Terraform(Path(private), tool.path, changes=source.changes)
        proposed = proposed_stack(environment, root, account, terraform, component)
        with progress.step("Read the state"):
            resources = proposed.state()
            _require_in_state(address, stack, resources)
        records, dropped = _records(environment, root, entry, resources)
        with progress.step("Verify with a plan") as step:
            # If the resource is still declared, the synth fails with that message.
            error, plan = proposed.plan(records)
            if error:
                message = f"The plan of {stack} fails"
                raise OperationError(message, details=error)
            others = _others(plan, entry)
            step.conclude("the resource remains in AWS")
    for name, text in records.items():
        write_whole(root / "environments" / name, text)
    return ForgottenResource(entry, resources[address], others, dropped)


def _require_in_state(address: str, stack: str, resources: Mapping[str, str | None]) -> None:
    if address in resources:
        return
    near = difflib.get_close_matches(address, resources, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    known = "\n".join(sorted(resources)) or "(no resources)"
    message = f"{address} is not in the state of {stack}.{hint} Resources in the state:"
    raise OperationError(message, details=known)


def _records(
    environment: Environment, root: Path, entry: Forgotten, resources: Mapping[str, str | None]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The contents of the records with `entry`, by file name; and the addresses of removed entries."""
    folder = root / "environments"
    before = load_forgotten(folder, environment.name)
    if any((each.stack, each.address) == (entry.stack, entry.address) for each in before):
        message = f"{entry.address} of {entry.stack} is already recorded: the next apply of {entry.stack} forgets it."
        raise OperationError(message)
    done = tuple(each for each in before if each.stack == entry.stack and each.address not in resources)
    kept = [each for each in before if each not in done]
    records = {forgotten_file(environment.name): dump_forgotten([*kept, entry])}
    if entry.stack == environment.names.stack_id(ADOPTED_COMPONENT):
        adopted = load_adopted(folder, environment.name)
        left = [each for each in adopted if each.address != entry.address]
        if left != list(adopted):
            # The record of forgotten resources is written first: after an interruption in between, the synth fails, and
            # nothing is destroyed.
            records[adopted_file(environment.name)] = dump_adopted(left)
    return records, tuple(each.address for each in done)


def _others(plan: Mapping[str, Sequence[Mapping[str, object]]], entry: Forgotten) -> tuple[str, ...]:
    """Other planned changes.

    Raises:
        OperationError: if the plan would not only forget the resource.
    """
    others: list[str] = []
    actions: list[str] = []
    for each in plan.get("resource_changes", ()):
        change = each["change"]
        assert isinstance(change, dict)  # noqa: S101  Terraform's documented JSON
        if each["address"] == entry.address:
            actions = change["actions"]
        elif each["mode"] == "managed" and change["actions"] not in (["no-op"], ["forget"]):
            others.append(f"{each['address']}: {' and '.join(change['actions'])}")
    if actions != ["forget"]:
        planned = " and ".join(actions) or "no change"
        message = f"The plan of {entry.stack} does not forget {entry.address}. Planned: {planned}. Nothing was written."
        raise OperationError(message)
    return tuple(others)
