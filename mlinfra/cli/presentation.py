"""Steps of a long operation on a terminal, and as plain lines where there is none."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from mlinfra.operations.terraform import Step


class StepsOnConsole:
    """Shows each step: while it runs with its latest detail, and afterwards what it came to and how long it took."""

    def __init__(self, console: Console) -> None:
        """Show steps on `console`, live where that is a terminal."""
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step until the end of the block."""
        shown = ShownStep(title)
        try:
            if self._console.is_terminal:
                with Live(shown, console=self._console, transient=True, refresh_per_second=8):
                    yield shown
            else:
                # Who reads a log while it grows wants to know what takes so long.
                self._console.print(shown.begun(), highlight=False)
                yield shown
        except BaseException:
            self._console.print(shown.ended("[red]✗[/]"), highlight=False)
            raise
        self._console.print(shown.ended("[green]✓[/]"), highlight=False)


class ShownStep:
    """A step as it is shown: while it runs, and when it has ended."""

    def __init__(self, title: str) -> None:
        """Begin a step called `title`."""
        self._title = title
        self._started = time.monotonic()
        self._detail = ""
        self._result = ""
        self._spinner = Spinner("dots", style="cyan")

    def say(self, line: str) -> None:
        """Show the latest detail."""
        if line.strip():
            self._detail = line.strip()

    def conclude(self, result: str) -> None:
        """Say what the step came to."""
        self._result = result

    def begun(self) -> str:
        """The line for a log that somebody reads while it grows."""
        return f"[dim]·[/] {escape(self._title)}"

    def ended(self, mark: str) -> str:
        """The line that stays."""
        result = f"  [dim]{escape(self._result)}[/]" if self._result else ""
        return f"{mark} {escape(self._title)}{result}  [dim]{self._seconds():.1f} s[/]"

    def __rich__(self) -> RenderableType:
        """The line while it runs."""
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
