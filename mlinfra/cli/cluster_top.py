"""`mlinfra clusters top`: the nodes of clusters, live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.listed_environments import listed_environments
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.units import NOTHING, UNKNOWN, short_usd
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from mlinfra.operations.status import NodeActivity, NodeListing, NodeMonitor

_BARS = "▁▂▃▄▅▆▇█"
_WIDE, _WIDEST = 100, 140
_HOT_CELSIUS = 85
"""The temperature from which it is highlighted."""
_BUSY, _LOW = 70, 30
_UNITS = (("G", 1e9), ("M", 1e6), ("k", 1e3))


def top(
    environment: Annotated[
        list[str] | None,
        typer.Argument(help="Environments. Default: all of the AWS account in use.", metavar="ENV", show_default=False),
    ] = None,
    *,
    every: Annotated[
        float, typer.Option("--every", help="The interval of the display, in seconds.", min=2, max=3600)
    ] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Show the nodes once and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the nodes of running clusters, live until Ctrl-C: GPU utilization, memory, run, user, idle minutes, cost.

    Node guards and the CloudWatch agent report once a minute. Without a terminal, nodes are shown once.
    """
    from mlinfra.cli.presentation import print_json, screen_console
    from mlinfra.operations.status import NodeMonitor

    monitors = [NodeMonitor(each) for each in listed_environments(environment)]
    console = screen_console()
    if not as_json and not once and console.is_terminal:
        _live(monitors, every)
        return
    listings = [each.read() for each in monitors]
    if as_json:
        print_json([node for listing in listings for node in listing.nodes])
        for listing in listings:
            for problem in listing.problems:
                typer.echo(f"{listing.environment}: {problem}", err=True)
        return
    console.print(screen(listings, console.width, height=None))


def _live(monitors: Sequence[NodeMonitor], every: float) -> None:
    """Show the nodes on a screen of its own, which is removed at the end."""
    from rich.live import Live
    from rich.text import Text

    from mlinfra.cli.presentation import screen_console
    from mlinfra.errors import OperationError

    console = screen_console()
    with Live(Text("Reading the nodes ..."), console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                began = time.monotonic()
                try:
                    shown: Group | Text = screen([each.read() for each in monitors], console.width, console.height)
                except OperationError as error:
                    # Such as a lost connection: the next reading may succeed.
                    shown = Text(f"{error}\n\nTrying again every {every:g} seconds. End: Ctrl-C")
                live.update(shown, refresh=True)
                time.sleep(max(0.0, every - (time.monotonic() - began)))
        except KeyboardInterrupt:
            return


def screen(listings: Sequence[NodeListing], width: int, height: int | None) -> Group:
    """The whole screen: a line of totals, a line for each node, and problems.

    Args:
        listings: the nodes of each environment.
        width: the width in columns. Columns that do not fit are left out.
        height: the number of lines; nodes that do not fit are counted. None: unlimited.
    """
    from rich.console import Group
    from rich.text import Text

    nodes = [each for listing in listings for each in listing.nodes]
    problems = [f"{listing.environment}: {each}" for listing in listings for each in listing.problems]
    room = len(nodes) if height is None else max(1, height - 4 - len(problems))
    parts: list[Text | Table] = [_totals(listings, nodes)]
    if nodes:
        parts += [Text(), _table(nodes[:room], width)]
    if len(nodes) > room:
        parts.append(Text(f"and {counted(len(nodes) - room, 'more node')}: mlinfra clusters top --once", style="dim"))
    parts += [Text(each, style="yellow") for each in problems]
    return Group(*parts)


def sparkline(history: Sequence[float | None], width: int) -> str:
    """The utilization in percent as bars, the latest on the right. A minute without a reading is a space.

    Args:
        history: a reading for each minute, the latest last.
        width: the number of bars.
    """
    return "".join(
        " " if each is None else _BARS[min(len(_BARS) - 1, max(0, int(each / 100 * len(_BARS))))]
        for each in history[-width:]
    )


def _totals(listings: Sequence[NodeListing], nodes: Sequence[NodeActivity]) -> Text:
    from rich.text import Text

    names = ", ".join(each.environment for each in listings)
    at = max(each.at for each in listings)
    if not nodes:
        return Text(f"{names}: no nodes are running. {at:%H:%M:%S} UTC")
    known = [each.gpu_percent for each in nodes if each.gpu_percent is not None]
    hourly = [each.usd_per_hour for each in nodes]
    usd = UNKNOWN if None in hourly else short_usd(sum(filter(None, hourly)))
    parts = [
        f"{_count(len(nodes), 'node')} of {_count(len({each.cluster for each in nodes}), 'cluster')}",
        f"GPU {sum(known) / len(known):.0f}%" if known else "GPU unknown",
        f"{usd} USD/h",
        f"{at:%H:%M:%S} UTC",
    ]
    return Text.assemble((names, "bold"), "  ", "  ".join(parts))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _table(nodes: Sequence[NodeActivity], width: int) -> Table:
    from rich.text import Text

    from mlinfra.cli.presentation import table

    is_wide, is_widest = width >= _WIDE, width >= _WIDEST
    bars = 30 if is_widest else 15 if is_wide else 8
    columns = ["Node", "GPU", "", "Mem", "°C", "Net/s", "Idle", "USD"]
    columns += [*(["Type"] if is_widest else []), *(["Who"] if is_wide else []), "Run"]
    made = table(*columns, right_aligned={"GPU", "Mem", "°C", "Net/s", "Idle", "USD"})
    for column in made.columns:
        column.overflow = "ellipsis"
    for each in nodes:
        gpu = each.gpu_percent
        cells: list[str | Text] = [
            _name(each),
            Text(_percent(gpu), style="" if gpu is None else _style(gpu)),
            sparkline(each.gpu_history, bars),
            _percent(each.memory_percent),
            _temperature(each.temperature),
            _rate(each.network_bytes),
            _idle(each),
            short_usd(each.usd_so_far),
        ]
        cells += [each.instance_type] if is_widest else []
        cells += [Text(", ".join(each.users) or each.owner or NOTHING)] if is_wide else []
        cells.append(Text(_run(each, is_wide=is_wide)))
        made.add_row(*cells)
    return made


def _name(node: NodeActivity) -> str:
    return f"{node.experiment or node.cluster}-{node.number}"


def _run(node: NodeActivity, *, is_wide: bool) -> str:
    if node.run_id is None:
        return NOTHING if node.state == "running" else node.state
    return node.run_id if is_wide else node.run_id[-4:]


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f}%"


def _style(percent: float) -> str:
    return "green" if percent >= _BUSY else "yellow" if percent >= _LOW else "red"


def _temperature(celsius: float | None) -> Text:
    from rich.text import Text

    if celsius is None:
        return Text(NOTHING)
    return Text(f"{celsius:.0f}", style="red" if celsius >= _HOT_CELSIUS else "")


def _rate(bytes_a_second: float | None) -> str:
    if bytes_a_second is None:
        return NOTHING
    for unit, size in _UNITS:
        if bytes_a_second >= size:
            return f"{bytes_a_second / size:.1f}{unit}B"
    return f"{bytes_a_second:.0f}B"


def _idle(node: NodeActivity) -> str:
    if node.idle_minutes is None:
        return "silent" if node.activity == "silent" else NOTHING
    return f"{node.idle_minutes}m"


def register(group: typer.Typer) -> None:
    """Add the command to the group `clusters`."""
    group.command("top")(top)
