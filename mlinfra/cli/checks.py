"""`mlinfra checks`: the list of checks, and a run of them over all stacks."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.options import AsJson, ExitCode
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from mlinfra.checks.resource_check import AnyCheck
    from mlinfra.operations.checks import CheckReport

checks = typer.Typer(help="Checks of the stacks at synth.", no_args_is_help=True)


class _Format(str, Enum):
    """The format of the findings."""

    TERMINAL = "terminal"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


@checks.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """List the checks of mlinfra and those of the project, which `mlinfra_checks.py` declares."""
    from rich.table import Table

    from mlinfra.checks import ResourceCheck
    from mlinfra.checks.index import CHECKS
    from mlinfra.cli.presentation import output_console

    found = (*CHECKS, *_own_checks())
    applied = {each.id: "synth, review" if isinstance(each, ResourceCheck) else "synth" for each in found}
    if as_json:
        rows = [
            {
                "id": each.id,
                "level": each.level.value,
                "title": each.title,
                "fix": each.fix,
                "applied": applied[each.id].split(", "),
                "related": each.related,
                "can_be_acknowledged": each.can_be_acknowledged,
            }
            for each in found
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("id", "level", "applied at", "finding", "fix", box=None, padding=(0, 2, 0, 0))
    for each in found:
        table.add_row(each.id, each.level.value, applied[each.id], each.title, each.fix)
    output_console().print(table)


def _own_checks() -> tuple[AnyCheck, ...]:
    """The checks of the project; none outside of projects."""
    from mlinfra.checks.own_checks import read_checks
    from mlinfra.operations.terraform import find_project

    root = find_project()
    return read_checks(root) if root else ()


@checks.command()
def run(
    environment: Annotated[
        str | None,
        typer.Argument(help="The environment, such as dev. Default: all.", metavar="ENV", show_default=False),
    ] = None,
    *,
    format_: Annotated[_Format, typer.Option("--format", help="The format of the findings.")] = _Format.TERMINAL,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the findings to this file too.", metavar="FILE", show_default=False),
    ] = None,
    checkov: Annotated[
        Path | None,
        typer.Option(
            help="The output of checkov on the same stacks, as JSON. Its findings are added, with their "
            "acknowledgements.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Synthesize the stacks and show what their checks find. Needs no credentials.

    The exit code is 0 if nothing is held, 3 if a held finding is not acknowledged or its acknowledgement has expired,
    and 1 if the stacks cannot be synthesized.
    """
    from mlinfra.cli.presentation import progress
    from mlinfra.operations.checks import run_checks
    from mlinfra.operations.terraform import project_root

    report = run_checks(project_root(), progress(), environment=environment, checkov=checkov)
    form = _Format.JSON if as_json else format_
    if out is None:
        _print(report, form)
    else:
        _write(report, _Format.JSON if form is _Format.TERMINAL else form, out)
        _print(report, _Format.JSON if as_json else _Format.TERMINAL)
    raise typer.Exit(ExitCode.HELD if report.fails else ExitCode.SUCCESS)


def _write(report: CheckReport, form: _Format, out: Path) -> None:
    from mlinfra.errors import OperationError

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(_written(report, form), encoding="utf-8")
    except OSError as error:
        message = f"{out} cannot be written ({error.strerror}). Name another file with --out."
        raise OperationError(message) from None


def _written(report: CheckReport, form: _Format) -> str:
    from mlinfra.checks.index import CHECKS
    from mlinfra.operations.checks import junit, sarif

    if form is _Format.SARIF:
        return f"{sarif(report)}\n"
    if form is _Format.JUNIT:
        return f"{junit(report, {each.id: each.title for each in (*CHECKS, *_own_checks())})}\n"
    return f"{report.to_json()}\n"


def _print(report: CheckReport, form: _Format) -> None:
    from mlinfra.checks import Level
    from mlinfra.cli.presentation import output_console

    if form is not _Format.TERMINAL:
        typer.echo(_written(report, form), nl=False)
        return
    console = output_console()
    for each in report.findings:
        if each.acknowledged is None:
            level = Level.HOLD if each.fails else each.level
            expired = f" Its acknowledgement expired on {each.expired}." if each.expired else ""
            console.print(f"{level.value} {each.check} in {each.stack}: {each.text}{expired}", markup=False)
    acknowledged = [each for each in report.findings if each.acknowledged is not None]
    for each in acknowledged:
        console.print(f"acknowledged {each.check} at {each.path}: {each.acknowledged}", markup=False)
    failing = sum(each.fails for each in report.findings)
    others = [each.level for each in report.findings if not each.fails and each.acknowledged is None]
    counts = [(failing, "held"), *((others.count(each), f"{each.value}s") for each in (Level.WARNING, Level.NOTE))]
    shown = ", ".join(f"{number} {noun}" for number, noun in (*counts, (len(acknowledged), "acknowledged")))
    console.print(f"{counted(len(report.stacks), 'stack')}: {shown}.")
