"""Output of commands: results on standard output, progress and remarks on standard error."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rich.console import RenderableType

    from mlinfra.operations.terraform import Step

_WIDTH_WITHOUT_TERMINAL = 140
_WIDTH_OF_SCREENS = 160


def output_console() -> Console:
    """A console on standard output, for results."""
    return Console(soft_wrap=True, highlight=False)


def screen_console() -> Console:
    """A console on standard output, for what is laid out to its width. Without a terminal, it is 160 columns wide."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_OF_SCREENS
    return console


def error_console() -> Console:
    """A console on standard error, for progress, remarks and errors."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def progress() -> StepsOnConsole:
    """Progress on standard error, so that standard output holds only the result."""
    return StepsOnConsole(error_console())


def print_skipped(names: Collection[str]) -> None:
    """Name the environments that a command leaves out because of the AWS account in use, on standard error.

    Args:
        names: their names. Without names, nothing is written.
    """
    from mlinfra.operations.aws import outside

    if names:
        error_console().print(f"Skipped: {outside(names)}", style="dim")


def print_json(value: object) -> None:
    """Write `value` as JSON to standard output. Dataclasses become objects, dates become ISO 8601 strings."""
    if isinstance(value, (list, tuple)):
        value = [_plain(each) for each in value]
    print(json.dumps(_plain(value), indent=2, default=_text, ensure_ascii=False))  # noqa: T201


def print_error(message: str, details: str = "") -> None:
    """Write an error to standard error: the message, and below it the output of the tool that failed."""
    console = error_console()
    console.print(Text.assemble(("✗ ", "bold red"), (message, "bold")))
    if details:
        console.print(Text(details))


def table(*columns: str, right_aligned: frozenset[str] | set[str] = frozenset()) -> Table:
    """An empty table without lines; columns in `right_aligned` hold figures."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right_aligned else "left", no_wrap=True)
    return made


def print_table(made: Table) -> None:
    """Write a table to standard output. No cell is truncated: in a narrow terminal lines wrap instead."""
    console = output_console()
    if not sys.stdout.isatty() or console.width < _WIDTH_WITHOUT_TERMINAL:
        console.width = _WIDTH_WITHOUT_TERMINAL
    console.print(made)


def _plain(value: object) -> Any:  # noqa: ANN401  any JSON
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


class StepsOnConsole:
    """Progress on a console: a live line for each running step, and a permanent line for each completed step.

    Steps may run at the same time, in any thread. Without a terminal, each step is two plain lines, and one for each
    change of the reason for which it waits.
    """

    def __init__(self, console: Console) -> None:
        """Show steps on `console`."""
        self._console = console
        self._running: list[ShownStep] = []
        self._live: Live | None = None
        self._lock = threading.Lock()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step until the end of the block."""
        shown = ShownStep(title, None if self._console.is_terminal else self._console)
        self._begin(shown)
        mark = "[red]✗[/]"
        try:
            yield shown
            mark = "[green]✓[/]"
        finally:
            self._end(shown, mark)

    def __rich__(self) -> Group:
        """The running steps."""
        return Group(*self._running)

    def _begin(self, shown: ShownStep) -> None:
        with self._lock:
            self._running.append(shown)
            if not self._console.is_terminal:
                # In a log, the beginning shows which step takes long.
                self._console.print(shown.begun(), highlight=False)
            elif self._live is None:
                self._live = Live(self, console=self._console, transient=True, refresh_per_second=8)
                self._live.start()

    def _end(self, shown: ShownStep, mark: str) -> None:
        with self._lock:
            self._running.remove(shown)
            if self._live and not self._running:
                self._live.stop()
                self._live = None
            self._console.print(shown.ended(mark), highlight=False)


class ShownStep:
    """One step: its title, its latest detail while it runs, its result and duration afterwards."""

    def __init__(self, title: str, log: Console | None = None) -> None:
        """Begin a step.

        Args:
            title: its title.
            log: receives a line for each reason to wait. Default: none, because the reason is shown live.
        """
        self._title = title
        self._log = log
        self._started = time.monotonic()
        self._detail = ""
        self._result = ""
        self._spinner = Spinner("dots", style="cyan")

    def say(self, line: str) -> None:
        """Show the latest detail."""
        if line.strip():
            self._detail = line.strip()

    def wait_for(self, reason: str) -> None:
        """Show the reason to wait; in a log, each change of it."""
        if self._log is not None and reason.strip() != self._detail:
            self._log.print(f"[dim]· {escape(self._title)}: {escape(reason.strip())}[/]", highlight=False)
        self.say(reason)

    def conclude(self, result: str) -> None:
        """Set the result, which is shown when the step has ended."""
        self._result = result

    def begun(self) -> str:
        """The line at the beginning of the step, for a log."""
        return f"[dim]·[/] {escape(self._title)}"

    def ended(self, mark: str) -> str:
        """The permanent line at the end of the step."""
        result = f"  [dim]{escape(self._result)}[/]" if self._result else ""
        return f"{mark} {escape(self._title)}{result}  [dim]{self._seconds():.1f} s[/]"

    def __rich__(self) -> RenderableType:
        """The line while the step runs."""
        line = Text.assemble(
            self._title,
            (f"  {self._seconds():.0f} s", "cyan"),
            (f"  {self._detail}", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        self._spinner.update(text=line)
        return self._spinner

    def _seconds(self) -> float:
        return time.monotonic() - self._started
