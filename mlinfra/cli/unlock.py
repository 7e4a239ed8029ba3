"""`mlinfra unlock`: releases the state lock that a killed process left, and repairs the state's checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.questions import confirmed

if TYPE_CHECKING:
    from mlinfra.operations.terraform import StateLock


def unlock(
    stack: Annotated[str, typer.Argument(help="The stack, such as dev-data.", metavar="STACK")],
    *,
    lock_id: Annotated[
        str | None,
        typer.Option(
            "--id", help="Release the lock with this id without a question, and no other lock.", show_default=False
        ),
    ] = None,
    repair_checksum: Annotated[
        bool, typer.Option("--repair-checksum", help="Repair a wrong checksum of the state without a question.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Release the state lock of a stack, after a check that no apply of it runs on this machine.

    Runs on other machines and in pipelines cannot be checked: the holder and the time of the lock are shown before the
    question. A wrong checksum of the state, with which Terraform reports that the state "does not have the expected
    content", is repaired.
    """
    from mlinfra.cli.presentation import output_console, print_json
    from mlinfra.operations.deploy import unlock as operation
    from mlinfra.operations.terraform import project_root

    def confirm(lock: StateLock, is_own: bool) -> bool:  # noqa: FBT001  as the operation calls it
        return lock.id == lock_id if lock_id else _confirmed(stack, lock, is_own=is_own)

    result = operation(
        stack,
        project_root(),
        confirm=confirm,
        confirm_checksum=lambda: repair_checksum or _checksum_confirmed(stack),
    )
    if as_json:
        print_json(result)
        return
    console = output_console()
    for lock in result.released:
        console.print(f"Released the lock {lock.id} of {stack}, held by {lock.who}.")
    if result.checksum == "repaired":
        console.print(f"Repaired the checksum of the state of {stack}.")
    elif result.checksum == "wrong":
        console.print(f"The checksum of the state of {stack} is still wrong, and Terraform rejects the state.")
        raise typer.Exit(1)
    if not result.was_locked:
        console.print(f"The state of {stack} is not locked.")
    elif not result.released:
        console.print(f"The state of {stack} is still locked.")
        raise typer.Exit(1)


def _checksum_confirmed(stack: str) -> bool:
    question = (
        f"The state of {stack} is not locked, and differs from its checksum in the lock table, as after a Terraform "
        f"that was killed. If another program changed the state, restore a version first (docs/state.md). Accept this "
        f"state and repair the checksum?"
    )
    return confirmed(question, "Use --repair-checksum")


def _confirmed(stack: str, lock: StateLock, *, is_own: bool) -> bool:
    since = f"{lock.created:%Y-%m-%d %H:%M:%S} UTC"
    if is_own:
        question = (
            f"{stack} is locked since {since} by your own apply on this machine, which was killed. Release the lock?"
        )
    else:
        question = (
            f"{stack} is locked since {since} by {lock.who} ({lock.operation}). Nothing runs on this machine. A second "
            f"apply beside a running one damages the state: ask {lock.who.partition('@')[0]}, and check the pipelines. "
            f"Release the lock?"
        )
    return confirmed(question, f"Use --id {lock.id}")
