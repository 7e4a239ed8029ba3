"""`mlinfra review`: what plans would do, on a terminal or in a file."""

from __future__ import annotations

from enum import Enum
from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from mlinfra.operations.review import Finding, Report, StackReview


class Format(str, Enum):
    """How a report is written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


def review(
    plans: Annotated[
        list[Path],
        typer.Argument(
            help="What `terraform show -json PLAN` wrote, or a folder that holds it as plan.json.",
            metavar="PLAN_JSON",
        ),
    ],
    *,
    format_: Annotated[
        Format | None, typer.Option("--format", help="Default: markdown with --out, else terminal.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write the report to.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask AWS what runs now on the clusters that would be disturbed.")
    ] = False,
) -> None:
    """Say what plans would do, and hold what somebody has to approve first.

    The exit code is 0 where nothing is held, 3 where something needs an approval in
    approvals/*.yaml, and 1 after an error. Any Terraform's plans can be reviewed.
    """
    from mlinfra.declarations import present_day
    from mlinfra.errors import OperationError
    from mlinfra.operations.review import review as operation

    report = operation(plans, root=_root(), today=present_day(), live=live)
    form = format_ or (Format.MARKDOWN if out else Format.TERMINAL)
    if out is None:
        _print(report, form)
    else:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(_written(report, form), encoding="utf-8")
        except OSError as error:
            message = f"The report cannot be written to {out}: {error.strerror}."
            raise OperationError(message) from error
        from mlinfra.operations.review import headline

        typer.echo(f"Plan review: {headline(report)}. It is in {out}.")
    raise typer.Exit(report.exit_code)


def _root() -> Path:
    """The project; where there is none, as with plans of others, the working directory."""
    from pathlib import Path

    from mlinfra.errors import OperationError
    from mlinfra.operations.terraform import project_root

    try:
        return project_root()
    except OperationError:
        return Path.cwd()


def _written(report: Report, form: Format) -> str:
    from mlinfra.operations.review import to_json, to_markdown

    if form is Format.JSON:
        return to_json(report)
    if form is Format.MARKDOWN:
        return to_markdown(report)
    from io import StringIO

    from rich.console import Console

    page = StringIO()
    _show(report, Console(file=page, width=_WIDE, soft_wrap=True))
    return page.getvalue()


def _print(report: Report, form: Format) -> None:
    from rich.console import Console

    if form is Format.TERMINAL:
        _show(report, Console(soft_wrap=True))
    else:
        typer.echo(_written(report, form), nl=False)


_WIDE = 120
_MOST = 100
"""How many lines of one list a terminal shows."""


def _show(report: Report, console: Console) -> None:
    from rich.text import Text

    from mlinfra.operations.review import Level, headline

    for stack in report.stacks:
        _show_stack(stack, console)
    for title, style, found in (
        ("To approve", "bold red", report.held),
        ("Approved", "green", report.approved),
        ("Warnings", "yellow", report.of_level(Level.WARNING)),
        ("Notes", "cyan", report.of_level(Level.NOTE)),
    ):
        if found:
            console.print(Text(f"\n{title}", style=style))
            _show_findings(found, console, style)
    console.print(Text(f"\n{headline(report)}", style="bold red" if report.held else "bold green"))


def _show_stack(stack: StackReview, console: Console) -> None:
    from rich.text import Text

    from mlinfra.operations.review import usd, visible, what

    console.print(Text(f"\n{visible(stack.stack)}", style="bold"))
    for each in stack.touched[:_MOST]:
        line = Text(f"  {what(each)}: ").append(visible(each.address), style="bold")
        if each.forced_by:
            line.append(f"  forced by {', '.join(map(visible, each.forced_by))}", style="yellow")
        if each.reason:
            line.append(f"  {each.reason}", style="dim")
        if each.moved_from:
            line.append(f"  was {visible(each.moved_from)}", style="dim")
        if each.imports:
            line.append(f"  imported as {visible(each.imports)}", style="dim")
        console.print(line)
    _show_left(stack.touched, console)
    cost = stack.cost
    console.print(Text(f"  cost a month: {usd(cost.before)} → {usd(cost.after)} ({usd(cost.difference, sign=True)})"))
    for address, reason in cost.unknown[:_MOST]:
        console.print(Text(f"  no price is known of {visible(address)}: {visible(reason)}", style="dim"))
    _show_left(cost.unknown, console)


def _show_findings(found: Sequence[Finding], console: Console, style: str) -> None:
    from rich.text import Text

    from mlinfra.operations.review import visible

    for each in found[:_MOST]:
        line = Text("  ").append(each.id, style=style).append(f" {visible(each.stack)} ", style="dim")
        console.print(line.append(visible(each.address), style="bold").append(": ").append_text(_text(each.text)))
        console.print(Text(f"    {each.fix.replace('`', '')}", style="dim"))
        if each.approved_by:
            console.print(Text(f"    approved by {visible(each.approved_by)}", style="green"))
    _show_left(found, console)


def _show_left(values: Sequence[object], console: Console) -> None:
    if len(values) > _MOST:
        console.print(f"  and {len(values) - _MOST:,} more, which --format json shows", style="dim", highlight=False)


def _text(text: str) -> Text:
    from rich.text import Text

    from mlinfra.operations.review import parts, visible

    line = Text()
    for piece, is_quoted in parts(text):
        line.append(visible(piece), style="italic" if is_quoted else "")
    return line
