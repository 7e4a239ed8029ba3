"""Having Terraform let go of a resource without destroying it, with the reason on record."""

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
from mlinfra.operations.terraform import Terraform, Version, find_terraform, proposed_stack, provider_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import Progress

OLDEST_TERRAFORM: Version = (1, 7)
"""The first that has `removed` blocks (https://developer.hashicorp.com/terraform/language/block/removed, 2026-11)."""


@dataclass(frozen=True)
class Let:
    """What Terraform was told to let go of."""

    forgotten: Forgotten
    id: str | None
    """What it is in AWS, where it stays."""
    others: tuple[str, ...]
    """What else a deploy of the stack would do."""
    dropped: tuple[str, ...]
    """Addresses of the stack whose entries were dropped from the record: the state has them no more."""


def forget(
    environment: Environment, root: Path, progress: Progress, *, address: str, stack: str, reason: str, today: date
) -> Let:
    """Record that the stack lets go of `address`, once a plan says that it stays in AWS.

    The next apply of the stack takes it out of the state. What was adopted is taken out of the record of that, too;
    what a stack declares in Python has to be taken out there first.

    Args:
        environment: whose stack it is.
        root: the project.
        progress: is shown the steps.
        address: its address in Terraform, such as `aws_s3_bucket.legacy-data`.
        stack: the stack's id, such as `dev-adopted`.
        reason: why, in a sentence.
        today: the day.

    Raises:
        OperationError: where Terraform is too old, the state does not have it, it is declared still, or the plan would
            destroy it.
        DeclarationError: where the address or the reason is refused.
    """
    with progress.step("Check the tools and the account") as step:
        tool = find_terraform(OLDEST_TERRAFORM)
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{tool}, account {account.account_id}")
    entry = Forgotten(address=address, stack=stack, reason=reason, who=account.caller, when=today)
    component = environment.names.component_of(stack)
    with aws_errors_explained(), tempfile.TemporaryDirectory(prefix="mlinfra-forget-") as private:
        terraform = Terraform(Path(private), tool.path, changes=source.changes)
        proposed = proposed_stack(environment, root, account, terraform, component)
        with progress.step("Look into the state"):
            resources = proposed.state()
            _expect_there(address, stack, resources)
        records, dropped = _records(environment, root, entry, resources)
        with progress.step("Prove by a plan") as step:
            # Where it is declared still, the synth fails and says so.
            error, plan = proposed.plan(records)
            if error:
                message = f"The plan of {stack} fails"
                raise OperationError(message, details=error)
            others = _others(plan, entry)
            step.conclude("it stays in AWS")
    for name, text in records.items():
        write_whole(root / "environments" / name, text)
    return Let(entry, resources[address], others, dropped)


def _expect_there(address: str, stack: str, resources: Mapping[str, str | None]) -> None:
    if address in resources:
        return
    near = difflib.get_close_matches(address, resources, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    known = "\n".join(sorted(resources)) or "nothing"
    message = f"The state of {stack} has no {address}.{hint} It has:"
    raise OperationError(message, details=known)


def _records(
    environment: Environment, root: Path, entry: Forgotten, resources: Mapping[str, str | None]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The records with `entry`, by the names of their files; and the addresses that were dropped."""
    folder = root / "environments"
    before = load_forgotten(folder, environment.name)
    if any((each.stack, each.address) == (entry.stack, entry.address) for each in before):
        message = f"{entry.address} of {entry.stack} is on record already: the next deploy of {entry.stack} forgets it."
        raise OperationError(message)
    done = tuple(each for each in before if each.stack == entry.stack and each.address not in resources)
    kept = [each for each in before if each not in done]
    records = {forgotten_file(environment.name): dump_forgotten([*kept, entry])}
    if entry.stack == environment.names.stack_id(ADOPTED_COMPONENT):
        adopted = load_adopted(folder, environment.name)
        left = [each for each in adopted if each.address != entry.address]
        if left != list(adopted):
            # First what lets go, then what declares: cut off between the two, a synth fails and nothing is destroyed.
            records[adopted_file(environment.name)] = dump_adopted(left)
    return records, tuple(each.address for each in done)


def _others(plan: Mapping[str, Sequence[Mapping[str, object]]], entry: Forgotten) -> tuple[str, ...]:
    """What else the plan would do.

    Raises:
        OperationError: where it would not just let go of it.
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
        told = " and ".join(actions) or "do nothing with it"
        message = f"The plan of {entry.stack} would not forget {entry.address} but {told}. Nothing was written."
        raise OperationError(message)
    return tuple(others)
