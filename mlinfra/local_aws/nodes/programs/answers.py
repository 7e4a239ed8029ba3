"""The call of a command, and its answer."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlinfra.local_aws.nodes.node import Node

    Program = Callable[["Node", "Call"], "Answer"]


@dataclass(frozen=True)
class Call:
    """A call of a command on a node."""

    arguments: tuple[str, ...]
    directory: Path
    """The working directory of the caller."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables of the caller for AWS."""
    input: bytes = b""

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Call:
        """A call in the form in which a node sends it."""
        return cls(
            tuple(request["arguments"]),
            Path(request["directory"]),
            request["variables"],
            base64.b64decode(request.get("input", "")),
        )

    def path(self, name: str) -> Path:
        """The file with a name, relative to the working directory."""
        return self.directory / name


@dataclass(frozen=True)
class Answer:
    """The output and the exit status of a command."""

    output: str | bytes = ""
    errors: str = ""
    status: int = 0

    def as_json(self) -> dict[str, object]:
        """The answer in the form in which a node receives it."""
        output = self.output.encode("utf-8", "surrogateescape") if isinstance(self.output, str) else self.output
        return {"output": base64.b64encode(output).decode(), "errors": self.errors, "status": self.status}


def refused(program: str, reason: str, status: int = 1) -> Answer:
    """The answer of a command that cannot do this on the local AWS.

    Args:
        program: the name of the command.
        reason: the reason, as a sentence.
        status: the exit status. Default: 1.
    """
    return Answer(errors=f"{program}: {reason}\n", status=status)
