"""`mlinfra cost`: estimated costs of the declared stacks."""

from __future__ import annotations

import os
import re
import sys
from enum import Enum
from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, StackPatterns, Synthesized  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from mlinfra.operations.cost import Comparison, Estimate, Key, Line

_HASH = re.compile(r"_[0-9A-F]{8}$")
"""The hash at the end of the addresses of cdktf."""
_DEFAULT = "estimate"
_DEAREST = 10
_MOST_UNPRICED = 20
_WIDTH = 100


class _By(str, Enum):
    """The keys of `--by`, as users write them."""

    ENVIRONMENT = "environment"
    STACK = "stack"
    EXPERIMENT = "experiment"
    TEAM = "team"
    OWNER = "owner"
    COST_CENTER = "cost-center"
    SERVICE = "service"
    REGION = "region"


class _WithDefault(TyperGroup):
    """A group whose first argument may be a stack: then it runs the command `estimate`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Insert the default command, unless another one or the help is requested."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


cost = typer.Typer(
    cls=_WithDefault,
    help="Estimated costs of the declared stacks, by environment, stack, experiment, team or owner. Without the name "
    "of a command: `estimate`, such as `mlinfra cost 'dev-*' --by owner`; its options: `mlinfra cost estimate --help`.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@cost.command(_DEFAULT)
def estimate(
    stacks: StackPatterns = None,
    *,
    by: Annotated[
        list[_By] | None,
        typer.Option(
            "--by", help="Sum the costs by this key; may be given several times. Default: stack.", show_default=False
        ),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            help="Show the difference from this commit, such as origin/main, by owner unless --by is given.",
            metavar="REF",
            show_default=False,
        ),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Show every part with its formula, source, date and assumption.")
    ] = False,
    synthesized: Synthesized = None,
    plans: Annotated[
        list[Path] | None,
        typer.Option(
            "--plan",
            help="Show the difference that a plan makes: a folder of `mlinfra plan`, or a file of `terraform show "
            "-json`. May be given several times.",
            metavar="PLAN",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Write Markdown to standard output.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Write CSV with the columns of FOCUS 1.4 to standard output.")
    ] = False,
) -> None:
    """Estimate the cost of the next 730 hours, from the stacks alone: no network, no credentials.

    Without the name of a command, `mlinfra cost` runs this one: `mlinfra cost 'dev-*' --by owner`. Use that
    declarations do not determine, such as traffic, is assumed by the environment: cost=CostAssumptions(...). A part
    without a known price is listed, and never counted as 0.
    """
    from mlinfra.cli.presentation import progress
    from mlinfra.declarations import load_environments, present_day
    from mlinfra.errors import OperationError
    from mlinfra.operations.cost import Key
    from mlinfra.operations.deploy import compare_costs, estimate_costs
    from mlinfra.operations.review import cost_of
    from mlinfra.operations.terraform import project_root

    _expect_one(as_json=as_json, as_markdown=as_markdown, as_csv=as_csv)
    if compare is not None and (as_csv or synthesized is not None or lines):
        given = "--csv" if as_csv else "--synthesized" if synthesized else "--lines"
        message = f"--compare and {given} exclude each other. Use one of them."
        raise OperationError(message)
    if plans and (stacks or as_csv or compare is not None or synthesized is not None or lines):
        message = "--plan excludes STACK, --compare, --synthesized, --lines and --csv."
        raise OperationError(message)
    root, today, patterns = project_root(), present_day(), stacks or ()
    default = [_By.STACK] if compare is None and not plans else [_By.OWNER]
    keys = tuple(Key(each.value.replace("-", "_")) for each in by or default)
    with on_interruption("Nothing was changed."):
        if plans:
            declared = load_environments(root, judged=False)
            comparison = cost_of(plans, today, declared=declared)
            _write_comparison(comparison, keys, as_json=as_json, as_markdown=as_markdown)
            return
        if compare is not None:
            _write_comparison(
                compare_costs(root, progress(), compare, patterns=patterns, today=today),
                keys,
                as_json=as_json,
                as_markdown=as_markdown,
            )
            return
        found = estimate_costs(root, progress(), patterns=patterns, synthesized=synthesized, today=today)
    if as_csv:
        from mlinfra.operations.cost import to_focus_csv

        typer.echo(to_focus_csv(found, today), nl=False)
        return
    _write(found, keys, lines=lines, as_json=as_json, as_markdown=as_markdown)


def _expect_one(*, as_json: bool, as_markdown: bool, as_csv: bool) -> None:
    given = [name for name, each in (("--json", as_json), ("--markdown", as_markdown), ("--csv", as_csv)) if each]
    if len(given) > 1:
        from mlinfra.errors import OperationError

        message = f"{' and '.join(given)} exclude each other. Use one of them."
        raise OperationError(message)


def _write(found: Estimate, keys: Sequence[Key], *, lines: bool, as_json: bool, as_markdown: bool) -> None:
    from mlinfra.cli.presentation import print_json
    from mlinfra.operations.cost import to_markdown

    if as_json:
        print_json(found.as_json())
    elif as_markdown:
        typer.echo(to_markdown(found, *keys), nl=False)
    else:
        _show(found, keys, all_lines=lines)


def _write_comparison(found: Comparison, keys: Sequence[Key], *, as_json: bool, as_markdown: bool) -> None:
    from mlinfra.cli.presentation import print_json
    from mlinfra.operations.cost import comparison_to_markdown

    if as_json:
        print_json(found.as_json(*keys))
    elif as_markdown:
        typer.echo(comparison_to_markdown(found, *keys), nl=False)
    else:
        _show_comparison(found, keys)


def _show(found: Estimate, keys: Sequence[Key], *, all_lines: bool) -> None:
    from mlinfra.operations.cost import remarks

    console = _console()
    console.print(_sums(found, keys))
    dearest = sorted(found.lines, key=lambda each: -each.usd_per_month_high)
    shown = dearest if all_lines else [each for each in dearest if each.usd_per_month_high > 0][:_DEAREST]
    if shown:
        title = "All parts" if all_lines else f"The {len(shown)} most expensive parts"
        console.print(f"\n[bold]{title}[/], in USD a month")
    for each in shown:
        console.print(_part(each, in_full=all_lines))
    _show_unpriced(found, console)
    console.print()
    for line in remarks(found):
        console.print(line, markup=False)


def _console() -> Console:
    """A console that wraps words at 100 columns where the output is not a terminal."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS") or _WIDTH))


def _sums(found: Estimate, keys: Sequence[Key]) -> Table:
    from mlinfra.cli.presentation import table
    from mlinfra.operations.cost import named, usd_range

    figures = ("USD a month", "USD an hour", "Share")
    made = table(_title(keys), *figures, right_aligned={*figures})
    total = found.total
    for each in found.by(*keys):
        share = each.usd_per_month_high / total.usd_per_month_high if total.usd_per_month_high else 0
        missing = " [yellow]*[/]" if each.unpriced else ""
        made.add_row(
            _escaped(named(each.name)) + missing,
            usd_range(each.usd_per_month_low, each.usd_per_month_high),
            usd_range(each.usd_per_hour_low, each.usd_per_hour_high),
            f"{share:.0%}",
        )
    made.add_row(
        "[bold]Total[/]",
        f"[bold]{usd_range(total.usd_per_month_low, total.usd_per_month_high)}[/]",
        f"[bold]{usd_range(total.usd_per_hour_low, total.usd_per_hour_high)}[/]",
        "",
    )
    return made


def _title(keys: Sequence[Key]) -> str:
    return " / ".join(each.value.replace("_", " ").capitalize() for each in keys)


def _part(line: Line, *, in_full: bool) -> Table:
    from rich.table import Table

    from mlinfra.operations.cost import usd_range

    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(justify="right", width=18, no_wrap=True)
    made.add_column()
    owner = f" ({line.experiment}, {line.owner})" if line.experiment else f" ({line.owner})" if line.owner else ""
    name = _HASH.sub("", line.address.removeprefix("aws_"))
    text = [f"{_escaped(f'{line.stack}: {name}: {line.item}{owner}')}", f"[dim]{_escaped(line.formula)}[/]"]
    if in_full:
        text[0] = f"{_escaped(line.stack)}: {_escaped(line.address)}: {_escaped(line.item)}"
        text += [f"[dim]Assumed: {_escaped(line.assumption)}[/]"] if line.assumption else []
        text += [f"[dim]Source: {_escaped(line.source)}{f', {line.as_of}' if line.as_of else ''}[/]"]
    made.add_row(usd_range(line.usd_per_month_low, line.usd_per_month_high), "\n".join(text))
    return made


def _show_unpriced(found: Estimate, console: Console) -> None:
    if not found.unpriced:
        return
    console.print("\n[bold]Without a known price[/], not included")
    for each in found.unpriced[:_MOST_UNPRICED]:
        console.print(f"  [yellow]*[/] {_escaped(each.stack)}: {_escaped(each.address)}: {_escaped(each.reason)}")
    left = len(found.unpriced) - _MOST_UNPRICED
    if left > 0:
        console.print(f"  and {left} more: --json lists all")


def _show_comparison(found: Comparison, keys: Sequence[Key]) -> None:
    from mlinfra.cli.presentation import table
    from mlinfra.operations.cost import named, remarks, signed, usd_range

    console = _console()
    figures = ("Before", "After", "Difference")
    made = table(_title(keys), *figures, right_aligned={*figures})
    changes = found.by(*keys)
    for each in changes:
        colour = "red" if each.high > 0 else "green"
        made.add_row(
            _escaped(named(each.name)),
            usd_range(each.before_low, each.before_high),
            usd_range(each.after_low, each.after_high),
            f"[{colour}]{signed(each.high)}[/]",
        )
    total = found.total
    before, after = usd_range(total.before_low, total.before_high), usd_range(total.after_low, total.after_high)
    if changes:
        made.add_row("[bold]Total[/]", before, after, signed(total.high))
        console.print(made)
        console.print()
    else:
        console.print("No cost changes.")
    console.print(f"[bold]Cost: {before} -> {after} USD a month[/]")
    for line in remarks(found.after):
        console.print(line, markup=False)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
