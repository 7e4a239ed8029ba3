"""`mlinfra buckets`: the record of what the buckets of protected data lakes are called."""

from __future__ import annotations

from typing import Annotated

import typer

buckets = typer.Typer(
    help="The names of the buckets of protected data lakes, recorded in environments/buckets.lock.json.",
    no_args_is_help=True,
)


@buckets.callback()
def _group() -> None:
    """Without it, Typer would make the one command the group itself."""


@buckets.command()
def pin(
    environments: Annotated[
        list[str] | None,
        typer.Argument(
            help="The environments, such as prod. Default: all that protect their data.",
            metavar="ENV",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write down the names of an environment's buckets, once, before it is bootstrapped. Commit the file.

    From then on a synth fails where one of them would change, and says what to do instead.
    """
    from rich.console import Console

    from mlinfra.declarations import BUCKET_RECORD_FILE, load_environments
    from mlinfra.operations.bootstrap import pin_bucket_names
    from mlinfra.operations.terraform import project_root

    root = project_root()
    if environments:
        chosen = [each for name in environments for each in load_environments(root, only=name, judged=False)]
    else:
        chosen = [each for each in load_environments(root, judged=False) if each.protect_data]
    new = pin_bucket_names(chosen, root)
    console = Console(soft_wrap=True, highlight=False)
    for name in new:
        console.print(f"  {name}")
    console.print(f"{len(new)} new names in {BUCKET_RECORD_FILE}. Commit it." if new else "All were recorded already.")
