"""`mlinfra bootstrap`: creates the remote state of an environment."""

from __future__ import annotations

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, EnvironmentName  # noqa: TC001  Typer reads the annotations
from mlinfra.command import deploy_command

_OUTCOMES = {
    "created": "now holds the state of",
    "updated": "was updated for",
    "unchanged": "required no change for",
}


def bootstrap(environment: EnvironmentName, *, as_json: AsJson = False) -> None:
    """Create the bucket, lock table and key that hold an environment's Terraform state.

    Run it once per environment, with credentials of its account. A second run changes nothing, and completes a run that
    was interrupted.
    """
    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.declarations import load_environments
    from mlinfra.operations.bootstrap import bootstrap as operation, state_after_interruption
    from mlinfra.operations.terraform import project_root

    root = project_root()
    (declared,) = load_environments(root, only=environment)
    with on_interruption(lambda: state_after_interruption(declared)):
        made = operation(declared, root, progress())
    if as_json:
        print_json(made)
        return
    console = output_console()
    console.print(
        f"[bold]{made.bucket}[/] {_OUTCOMES[made.outcome]} {environment}: {made.resources} resources, "
        f"lock table {made.lock_table}."
    )
    console.print(f"Next: [cyan]{deploy_command(environment)}[/]")
