"""`mlinfra review`: a report about plans, on a terminal or in a file."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.options import AsJson, Format
from mlinfra.cli.plan_arguments import usable

if TYPE_CHECKING:
    from mlinfra.operations.review import Report


def review(
    plans: Annotated[
        list[Path],
        typer.Argument(
            help="Files written by `terraform show -json PLAN`, or folders with such a file called plan.json.",
            metavar="PLAN_JSON",
        ),
    ],
    *,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="The format of the report. Default: markdown with --out, else terminal.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the report to this file.", metavar="FILE", show_default=False)
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Check in AWS whether jobs run on clusters that the plans would interrupt.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            help="The commit before the change, whose authors cannot approve it. Default: where the branch left the "
            "default branch; on the default branch, the commit before its last change.",
            metavar="REF",
            show_default=False,
        ),
    ] = None,
    checks: Annotated[
        Path | None,
        typer.Option(
            help="The file with the project's own checks, to try a change of it. Default: mlinfra_checks.py of the "
            "default branch.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Review plans of any Terraform configuration, and hold changes that need an approval.

    `mlinfra approve` records approvals. The exit code is 0 if no change is held, 3 if a change needs an approval, and 1
    after an error.
    """
    from mlinfra.declarations import present_day
    from mlinfra.errors import OperationError
    from mlinfra.operations.review import review as operation

    if as_json and out is None and format_ not in {None, Format.JSON}:
        message = f"--json and --format {format_.value} both set the format of standard output. Use one of them."
        raise OperationError(message)
    report = operation(usable(plans), root=_root(), today=present_day(), live=live, base=base, checks=checks)
    if out is not None:
        _write(report, format_ or Format.MARKDOWN, out, as_json=as_json)
    if as_json:
        _print(report, Format.JSON)
    elif out is None:
        _print(report, format_ or Format.TERMINAL)
    raise typer.Exit(report.exit_code)


def _write(report: Report, form: Format, out: Path, *, as_json: bool) -> None:
    from mlinfra.errors import OperationError
    from mlinfra.operations.review import headline

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(_written(report, form), encoding="utf-8")
    except OSError as error:
        message = f"The report cannot be written to {out}: {error.strerror}."
        raise OperationError(message) from error
    typer.echo(f"Plan review: {headline(report)}. Report: {out}.", err=as_json)


def _root() -> Path:
    """The folder of the project; outside of projects, the working directory."""
    from pathlib import Path

    from mlinfra.operations.terraform import find_project

    return find_project() or Path.cwd()


def _written(report: Report, form: Format) -> str:
    from mlinfra.operations.review import to_json, to_markdown

    if form is Format.JSON:
        return to_json(report)
    if form is Format.MARKDOWN:
        return to_markdown(report)
    from io import StringIO

    from rich.console import Console

    from mlinfra.cli.review_on_terminal import show_review

    page = StringIO()
    show_review(report, Console(file=page, width=_WIDE, soft_wrap=True))
    return page.getvalue()


def _print(report: Report, form: Format) -> None:
    from rich.console import Console

    from mlinfra.cli.review_on_terminal import show_review

    if form is Format.TERMINAL:
        show_review(report, Console(soft_wrap=True))
    else:
        typer.echo(_written(report, form), nl=False)


_WIDE = 120
