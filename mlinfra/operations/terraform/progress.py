"""Progress reports of long operations, independent of their display."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step(Protocol):
    """A running step."""

    def say(self, line: str) -> None:
        """Show the latest detail, such as a line that Terraform wrote. Called from any thread."""

    def wait_for(self, reason: str) -> None:
        """Show the reason for which the step waits. Each change of it is kept in logs, unlike details."""

    def conclude(self, result: str) -> None:
        """Set the result of the step, in a few words."""


class Progress(Protocol):
    """A receiver of steps."""

    def step(self, title: str) -> AbstractContextManager[Step]:
        """Show a step until the end of the block. An exception marks it as failed."""


class NestedProgress:
    """The steps of an operation that is itself a step of another operation."""

    def __init__(self, outer: Step) -> None:
        """Show all steps as details of `outer`."""
        self._outer = outer

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step as a detail of the outer one."""
        self._outer.say(title)
        yield self

    def say(self, line: str) -> None:
        """Show a detail as one of the outer step."""
        self._outer.say(line)

    def wait_for(self, reason: str) -> None:
        """Show a reason to wait as one of the outer step."""
        self._outer.wait_for(reason)

    def conclude(self, result: str) -> None:
        """Ignore the result: the outer step has its own."""


class Quiet:
    """A receiver that ignores all steps."""

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:  # noqa: ARG002  the interface of Progress
        """Ignore a step."""
        yield self

    def say(self, line: str) -> None:
        """Ignore a detail."""

    def wait_for(self, reason: str) -> None:
        """Ignore a reason."""

    def conclude(self, result: str) -> None:
        """Ignore a result."""
