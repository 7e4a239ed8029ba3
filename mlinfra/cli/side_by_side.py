"""Several steps at the same time on a terminal: a line for each that runs, and one that stays when it has ended."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live

from mlinfra.cli.presentation import ShownStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from mlinfra.operations.terraform import Step


class StepsSideBySide:
    """Shows steps that are taken at the same time, from any thread."""

    def __init__(self, console: Console) -> None:
        """Show steps on `console`, live where that is a terminal."""
        self._console = console
        self._running: list[ShownStep] = []
        self._live: Live | None = None
        self._changing = threading.Lock()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step until the end of the block."""
        shown = ShownStep(title)
        self._begin(shown)
        mark = "[red]✗[/]"
        try:
            yield shown
            mark = "[green]✓[/]"
        finally:
            self._end(shown, mark)

    def __rich__(self) -> Group:
        """The steps that run."""
        return Group(*self._running)

    def _begin(self, shown: ShownStep) -> None:
        with self._changing:
            self._running.append(shown)
            if not self._console.is_terminal:
                self._console.print(shown.begun(), highlight=False)
            elif self._live is None:
                self._live = Live(self, console=self._console, transient=True, refresh_per_second=8)
                self._live.start()

    def _end(self, shown: ShownStep, mark: str) -> None:
        with self._changing:
            self._running.remove(shown)
            if self._live and not self._running:
                self._live.stop()
                self._live = None
            self._console.print(shown.ended(mark), highlight=False)
