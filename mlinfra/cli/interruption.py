"""Messages after Ctrl-C and SIGTERM: the state that an interrupted command leaves."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from mlinfra.cli.options import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""The exit code after SIGTERM."""


@contextmanager
def on_interruption(state: str | Callable[[], str | None]) -> Iterator[None]:
    """Show the state of an interrupted block, and end with exit code 130 after Ctrl-C, 143 after SIGTERM.

    Args:
        state: a sentence about what was changed and how to continue, or a function that determines it; None: there is
            nothing to add.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as interruption:
        if isinstance(interruption, SystemExit) and interruption.code != TERMINATED:
            raise
        from mlinfra.cli.presentation import print_error

        sentence = state if isinstance(state, str) else state()
        print_error(f"Interrupted. {sentence}" if sentence else "Interrupted.")
        code = ExitCode.INTERRUPTED if isinstance(interruption, KeyboardInterrupt) else TERMINATED
        raise typer.Exit(code) from None


def exit_on_termination() -> None:
    """Turn SIGTERM into an exception, so that Terraform completes and every started server is stopped."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(TERMINATED)
