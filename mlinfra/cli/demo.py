"""`mlinfra demo`: deploys the environment `local` to an AWS emulator on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from rich.table import Table

    from mlinfra.operations.demo import DemoResult


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the local AWS running afterwards.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deploy the environment `local` to an AWS on this machine: no account, no credentials, no cost."""
    from mlinfra.cli.interruption import on_interruption
    from mlinfra.cli.presentation import error_console, output_console, print_json, print_table, progress
    from mlinfra.operations.demo import demo as operation
    from mlinfra.operations.terraform import project_root

    error_console().print("[bold]mlinfra demo[/]: the environment local, on an AWS of this machine\n")
    with on_interruption(
        "Nothing was changed in a real AWS account. Run `mlinfra demo` again to start from the beginning."
    ):
        result = operation(project_root(), progress(), keep=keep)
    if as_json:
        print_json(result)
        return
    print_table(_stacks(result))
    console = output_console()
    console.print(
        f"{counted(sum(stack.resources for stack in result.stacks), 'resource')} in "
        f"{counted(len(result.stacks), 'stack')}, "
        f"in {result.seconds:.0f} s, with the real Terraform and AWS provider.\n"
        f"State in [bold]s3://{result.bucket}/{result.state_prefix}[/], locked in [bold]{result.lock_table}[/].\n"
        f"A second plan of every stack found nothing to change.\n"
        f"{_training(result)}"
        f"The report about cost, clusters and architecture: [bold]{result.report.as_uri()}[/]\n"
    )
    for line in _next_steps(result):
        console.print(line)


def _stacks(result: DemoResult) -> Table:
    from mlinfra.cli.presentation import table

    made = table("Stack", "Resources", "State in the bucket", "KiB", right_aligned={"Resources", "KiB"})
    for stack in result.stacks:
        made.add_row(
            stack.name,
            str(stack.resources),
            stack.state_key.removeprefix(result.state_prefix),
            f"{stack.state_bytes / 1024:.0f}",
        )
    return made


def _training(result: DemoResult) -> str:
    training = result.training
    if training is None:
        return ""
    cost = "" if training.usd is None else f" for {training.usd:.4f} USD in AWS"
    saved = "" if training.usd_per_day is None else f" That saves {training.usd_per_day:.2f} USD a day."
    return (
        f"The run [bold]{training.run_id}[/] trained on {training.nodes} nodes in {training.seconds:.0f} s{cost}.\n"
        f"Its cluster stopped itself {training.stopped_after_seconds:.0f} s later.{saved}\n"
    )


def _next_steps(result: DemoResult) -> list[str]:
    from mlinfra.command import own_command

    mlinfra = own_command()
    if result.kept is None:
        ending = "The local AWS was stopped, and everything in it was deleted."
        tries = (
            (f"python3 -m webbrowser {result.report.as_uri()}", "the report of this demo, in a browser"),
            ("make demo KEEP=1", "the same, and the local AWS keeps running for commands of yours"),
            (f"{mlinfra} cost 'dev-*'", "the cost of the environment dev in AWS, before it exists"),
        )
    else:
        ending = f"The local AWS is running at {result.kept.endpoint}. Stop it: {mlinfra} local down"
        tries = (
            (f'eval "$({mlinfra} local env)"', "connect this shell to it; required for the next two"),
            (f"{mlinfra} runs show latest", "the training: commit, nodes, cost, outputs"),
            (f"{mlinfra} plan local-data", "change environments/local.py, and see the difference"),
        )
    width = max(len(command) for command, _ in tries)
    lines = [f"  {number}. [cyan]{command:<{width}}[/]  {why}" for number, (command, why) in enumerate(tries, start=1)]
    return [f"{ending} The log of Terraform: {result.log}", "", "Try next:", *lines]
