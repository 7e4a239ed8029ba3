"""`mlinfra plan`: saves a plan of each stack, for review and apply."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, ExitCode, Parallelism, StackPatterns
from mlinfra.cli.preflight import show_obstacles
from mlinfra.command import own_command
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from mlinfra.operations.deploy import Plans


def plan(
    stacks: StackPatterns = None,
    *,
    changed_since: Annotated[
        str | None,
        typer.Option(
            help="Plan only stacks that differ from those of this commit. Default: all.",
            metavar="REF",
            show_default=False,
        ),
    ] = None,
    parallelism: Parallelism = None,
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Do not lock the state: for credentials with read-only access.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder for plans. Default: plans/ in the project.", show_default=False)
    ] = None,
    synthesized: Annotated[
        Path | None,
        typer.Option(
            help="Plan the changed stacks in this folder, which `synth` wrote, without running code of the project. "
            "Stacks that could run other programs are refused. Default: synthesize the project.",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
    allow_provider: Annotated[
        list[str] | None,
        typer.Option(
            help="A provider that stacks in --synthesized may require in addition to hashicorp/aws, such as "
            "DataDog/datadog. Default: none.",
            metavar="SOURCE",
            show_default=False,
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            help="Also store the plans in the state bucket, encrypted, and write the list of their digests to this "
            "file, for `apply --stored`. Default: not stored.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 if a plan contains changes.")
    ] = False,
    no_preflight: Annotated[
        bool, typer.Option("--no-preflight", help="Do not check zones and quotas of the planned clusters.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Save a plan of each stack, for review and apply. Nothing is applied."""
    from mlinfra.cli.presentation import error_console, output_console, print_json, progress
    from mlinfra.operations.deploy import plan as operation, plan_synthesized, write_list
    from mlinfra.operations.terraform import project_root

    root = project_root()
    _require_consistent(changed_since, synthesized, allow_provider)
    with on_interruption(
        "Nothing was changed in AWS. Plans that were completed are saved, all others must be made again. A state lock "
        "that Terraform could not release is reported by the next plan."
    ):
        if synthesized:
            plans = plan_synthesized(
                root,
                progress(),
                synthesized.resolve(),
                patterns=stacks or [],
                parallelism=parallelism,
                lock=not no_lock,
                out=out.resolve() if out else None,
                store=store is not None,
                allowed_providers=allow_provider or (),
            )
        else:
            plans = operation(
                root,
                progress(),
                patterns=stacks or [],
                changed_since=changed_since,
                parallelism=parallelism,
                lock=not no_lock,
                out=out.resolve() if out else None,
                store=store is not None,
            )
    if store and not plans.failed:
        write_list(plans.stored, store)
    _remark(plans, error_console(), changed_since)
    if not no_preflight:
        show_obstacles(plans.planned, error_console())
    if as_json:
        print_json(plans)
    else:
        _conclude(plans, output_console())
    if plans.failed:
        raise typer.Exit(ExitCode.ERROR)
    if detailed_exitcode and plans.differs:
        raise typer.Exit(ExitCode.DIFFERENCE)


def _require_consistent(
    changed_since: str | None, synthesized: Path | None, allow_provider: Sequence[str] | None
) -> None:
    from mlinfra.errors import OperationError

    if synthesized and changed_since:
        message = "--synthesized and --changed-since exclude each other: `synth --changed-since` compares the stacks."
        raise OperationError(message)
    if allow_provider and not synthesized:
        message = "--allow-provider is for --synthesized only: other plans accept all providers."
        raise OperationError(message)


def _remark(plans: Plans, console: Console, changed_since: str | None) -> None:
    """Stacks that were not planned, with reasons, and warnings."""
    from rich.markup import escape

    from mlinfra.cli.presentation import print_skipped

    print_skipped(plans.skipped_environments)
    if plans.unchanged:
        since = changed_since or "the compared commit"
        console.print(f"Unchanged since {since}: {', '.join(plans.unchanged)}", style="dim")
    for name in plans.removed:
        console.print(
            f"[yellow]![/] {name} is no longer declared, and its resources still exist. To destroy them: "
            f"git worktree add ../before {escape(changed_since or 'COMMIT')}, and in that folder: {own_command()} "
            f"destroy ENV {name}"
        )
    for expired in plans.expired:
        console.print(f"[yellow]![/] Experiment {escape(str(expired).partition(' ')[2])}")
    if any(each.about.dirty for each in plans.planned):
        console.print("[yellow]![/] The plans contain uncommitted changes. `apply` refuses them without --allow-dirty.")
    for failed in plans.failed:
        console.print(f"\n[bold red]✗[/] [bold]{failed.stack}[/]: {escape(failed.message)}")
        if failed.details:
            console.print(escape(failed.details))
    if plans.failed:
        console.print(f"\n[bold red]Not planned:[/] {', '.join(each.stack for each in plans.failed)}")


def _conclude(plans: Plans, console: Console) -> None:
    from rich.markup import escape

    if plans.planned:
        folder = escape(str(plans.planned[0].folder.parent))
        for each in plans.planned:
            console.print(f"{each.about.stack}: {each.summary}")
        _show_cost(plans, console)
        count = counted(len(plans.planned), "plan")
        console.print(f"{count} in {folder}. Next: [cyan]{own_command()} review {folder}/*/plan.json[/]")
    elif not plans.failed:
        console.print("There is no stack to plan.")


def _show_cost(plans: Plans, console: Console) -> None:
    """The estimated cost of the planned stacks before and after."""
    from mlinfra.declarations import present_day
    from mlinfra.errors import OperationError
    from mlinfra.operations.review import cost_line, cost_of

    folders = [each.folder for each in plans.planned if (each.folder / "plan.json").is_file()]
    try:
        comparison = cost_of(folders, present_day())
    except OperationError as error:
        console.print(f"The cost is unknown: {error.message}", style="dim", markup=False)
        return
    console.print(cost_line(comparison.total), markup=False)
