"""`mlinfra bootstrap ENV` on a terminal."""

from __future__ import annotations

from rich.console import Console

from mlinfra.cli.presentation import StepsOnConsole
from mlinfra.declarations import load_environments
from mlinfra.operations.bootstrap import bootstrap
from mlinfra.operations.terraform import project_root

_OUTCOMES = {
    "created": "now holds the state of",
    "updated": "was brought up to date for",
    "unchanged": "needed no change for",
}


def show_bootstrap(name: str) -> None:
    """Bootstrap the environment called `name` in the project around the working directory, and say what came of it."""
    console = Console(soft_wrap=True)
    root = project_root()
    (environment,) = load_environments(root, only=name)
    made = bootstrap(environment, root, StepsOnConsole(console))
    console.print(
        f"\n[bold]{made.bucket}[/] {_OUTCOMES[made.outcome]} {name}: {made.resources} resources, "
        f"lock table {made.lock_table}.",
        highlight=False,
    )
    console.print(f"Next: [cyan]npx cdktf deploy '{name}-*'[/]", highlight=False)
