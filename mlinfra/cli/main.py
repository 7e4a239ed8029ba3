"""The command `mlinfra`. What a command needs is imported when it runs, so that help comes at once."""

from __future__ import annotations

import signal
import sys
from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.adopt import adopt
from mlinfra.cli.buckets import buckets
from mlinfra.cli.clusters import clusters
from mlinfra.cli.drift import drift
from mlinfra.cli.forget import forget
from mlinfra.cli.images import images
from mlinfra.cli.local import local
from mlinfra.cli.review import review
from mlinfra.errors import DeclarationError, OperationError

if TYPE_CHECKING:
    from types import FrameType

app = typer.Typer(
    help="Infrastructure of machine learning teams on AWS, declared in Python.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(local, name="local")
app.add_typer(clusters, name="clusters")
app.add_typer(images, name="images")
app.add_typer(buckets, name="buckets")
app.command()(drift)
app.command()(review)
app.command()(adopt)
app.command()(forget)


def run() -> None:
    """Run the command, and show what the user can put right as a message, not as a traceback."""
    signal.signal(signal.SIGTERM, _end_in_good_order)
    try:
        app()
    except OperationError as error:
        _show(error.message, error.details)
        sys.exit(1)
    except DeclarationError as error:
        _show(str(error))
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _options(
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if show_version:
        from importlib.metadata import version

        typer.echo(f"mlinfra {version('mlinfra-cdktf')}")
        raise typer.Exit


@app.command()
def apply(
    plans: Annotated[list[Path], typer.Argument(help="What `plan` saved, such as plans/dev-data.", metavar="PLAN...")],
    *,
    tag: Annotated[
        str | None,
        typer.Option(help="Tag the commit in git once all is applied, such as experiment-v2.3-infra."),
    ] = None,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Although the plans are of uncommitted changes. It is recorded.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="Review with a look at whether jobs run now.")] = False,
) -> None:
    """Apply plans that were reviewed: exactly those, never a new one.

    Refused are plans that changed since, are stale or of another commit, and those whose review is
    not clean. The commit is recorded; `mlinfra which` reads it.
    """
    from mlinfra.cli.apply import show_apply

    show_apply(plans, tag=tag, allow_dirty=allow_dirty, live=live)


@app.command()
def bootstrap(
    environment: Annotated[str, typer.Argument(help="The environment, such as dev.", metavar="ENV")],
) -> None:
    """Make the bucket, lock table and key that hold an environment's Terraform state.

    Run it once for each environment, with credentials of its account. Running it again changes
    nothing, and finishes what was interrupted.
    """
    from mlinfra.cli.bootstrap import show_bootstrap

    show_bootstrap(environment)


@app.command()
def catalog(
    *,
    gpu: Annotated[str | None, typer.Option(help="The accelerator model, such as H100.")] = None,
    gpus_per_node: Annotated[int | None, typer.Option(help="How many of them in one instance.", min=1)] = None,
    gpu_memory_gib: Annotated[int | None, typer.Option(help="The least memory of each, in GiB.", min=1)] = None,
    nodes: Annotated[int, typer.Option(help="How many instances to show the price of.", min=1)] = 1,
    efa: Annotated[bool | None, typer.Option("--efa/--no-efa", help="With or without Elastic Fabric Adapter.")] = None,
    max_usd_per_hour: Annotated[float | None, typer.Option(help="The most that one may cost, in USD per hour.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the GPU instance types that AWS offers, the cheapest first."""
    from mlinfra.cli.catalog import show_catalog

    show_catalog(
        gpu=gpu,
        gpus_per_node=gpus_per_node,
        gpu_memory_gib=gpu_memory_gib,
        nodes=nodes,
        efa=efa,
        max_usd_per_hour=max_usd_per_hour,
        as_json=as_json,
    )


@app.command()
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the local AWS running afterwards.")] = False,
) -> None:
    """Deploy the environment `local` to an AWS on this machine: no account, no credentials, no cost."""
    from mlinfra.cli.demo import show_demo

    show_demo(keep=keep)


@app.command()
def plan(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Stacks, such as dev-data or 'dev-*'. Default: all of the account that the credentials are of.",
            metavar="STACK...",
            show_default=False,
        ),
    ] = None,
    *,
    changed_since: Annotated[
        str | None,
        typer.Option(help="Only stacks that differ from those of this commit.", metavar="REF", show_default=False),
    ] = None,
    parallel: Annotated[int, typer.Option(help="How many are planned at once.", min=1)] = 4,
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Do not lock the state: for credentials that may only read.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder for plans. Default: plans/ in the project.", show_default=False)
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where something would change.")
    ] = False,
) -> None:
    """Save a plan of each stack, to be reviewed and applied. Never applies."""
    from mlinfra.cli.plan import show_plan

    show_plan(
        stacks or [],
        changed_since=changed_since,
        parallel=parallel,
        lock=not no_lock,
        out=out,
        detailed_exitcode=detailed_exitcode,
    )


@app.command()
def where(
    commit: Annotated[str, typer.Argument(help="A commit, branch or tag.", metavar="COMMIT")],
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Stacks, such as 'dev-*'. Default: all of the account at hand.", metavar="STACK...", show_default=False
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show for each stack whether the infrastructure of a commit is what is applied."""
    from mlinfra.cli.provenance import show_where

    show_where(commit, stacks or [], as_json=as_json)


@app.command()
def which(
    stack: Annotated[str, typer.Argument(help="The stack, such as dev-data.", metavar="STACK")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which commit made a stack, when, and by whom."""
    from mlinfra.cli.provenance import show_which

    show_which(stack, as_json=as_json)


def _show(message: str, details: str = "") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    console.print(Text.assemble(("✗ ", "bold red"), (message, "bold")))
    if details:
        console.print(Text(details))


def _end_in_good_order(_number: int, _frame: FrameType | None) -> None:
    """End as at an error, so that Terraform is let finish and every server started is stopped."""
    sys.exit(128 + signal.SIGTERM)
