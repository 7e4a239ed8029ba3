"""`mlinfra demo` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from mlinfra.cli.presentation import StepsOnConsole
from mlinfra.command import own_command
from mlinfra.operations.demo import demo
from mlinfra.operations.terraform import project_root

if TYPE_CHECKING:
    from mlinfra.operations.demo import DemoResult


def show_demo(*, keep: bool) -> None:
    """Run the demo in the project around the working directory, and show what it built."""
    console = Console(soft_wrap=True)
    console.print("\n[bold]mlinfra demo[/]: the environment local, on an AWS of this machine\n", highlight=False)
    result = demo(project_root(), StepsOnConsole(console), keep=keep)
    console.print()
    console.print(_stacks(result))
    console.print(
        f"{sum(stack.resources for stack in result.stacks)} resources in {len(result.stacks)} stacks, "
        f"in {result.seconds:.0f} s, with the real Terraform and AWS provider.\n"
        f"State in [bold]s3://{result.bucket}/{result.state_prefix}[/], locked in [bold]{result.lock_table}[/].\n"
        f"A second plan of every stack found nothing to change.\n",
        highlight=False,
    )
    for line in _next_steps(result):
        console.print(line, highlight=False)


def _stacks(result: DemoResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("Stack")
    table.add_column("Resources", justify="right")
    table.add_column("State in the bucket")
    table.add_column("KiB", justify="right")
    for stack in result.stacks:
        table.add_row(
            stack.name,
            str(stack.resources),
            stack.state_key.removeprefix(result.state_prefix),
            f"{stack.state_bytes / 1024:.0f}",
        )
    return table


def _next_steps(result: DemoResult) -> list[str]:
    if result.kept is None:
        return [
            "The local AWS has ended, and everything in it is gone.",
            "Look around in it:     [cyan]make demo KEEP=1[/]",
            f"Declare your own:      environments/dev.py, and then [cyan]{own_command()} bootstrap dev[/]",
            f"What Terraform wrote:  {result.log}",
        ]
    return [
        f"The local AWS still runs at {result.kept.endpoint}.",
        f'Talk to it:            [cyan]eval "$({own_command()} local env)"[/]',
        "and then, say:         [cyan]aws s3 ls[/] or [cyan]npx cdktf diff local-data[/]",
        f"End it:                [cyan]{own_command()} local down[/]",
        f"What Terraform wrote:  {result.log}",
    ]
