"""How a long operation says what it is at, without knowing whether anybody looks."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step(Protocol):
    """One step while it is taken."""

    def say(self, line: str) -> None:
        """Show the latest detail, such as a line that Terraform wrote. Called from any thread."""

    def conclude(self, result: str) -> None:
        """Say in a few words what the step came to."""


class Progress(Protocol):
    """Somebody who looks."""

    def step(self, title: str) -> AbstractContextManager[Step]:
        """Show a step until the end of the block; it failed if that ends with an exception."""


class Within:
    """The steps of an operation that is itself one step of a larger one."""

    def __init__(self, outer: Step) -> None:
        """Show everything as details of `outer`."""
        self._outer = outer

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step as a detail of the outer one."""
        self._outer.say(title)
        yield self

    def say(self, line: str) -> None:
        """Show a detail as one of the outer step."""
        self._outer.say(line)

    def conclude(self, result: str) -> None:
        """Leave the result out: the outer step has its own."""


class Quiet:
    """Nobody looks."""

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:  # noqa: ARG002  the interface of Progress
        """Take a step unseen."""
        yield self

    def say(self, line: str) -> None:
        """Drop a detail."""

    def conclude(self, result: str) -> None:
        """Drop a result."""
