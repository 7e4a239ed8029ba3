"""Nodes of a local AWS as tests see them: their folders and processes, and faults."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mlinfra.local_aws.server import LocalAws

_PATH: Final = "/mlinfra-nodes"
_SECONDS: Final = 30.0


@dataclass(frozen=True)
class LocalNode:
    """A node."""

    instance_id: str
    group: str
    """The name of its auto scaling group."""
    root: Path
    """The folder in place of its `/`."""
    address: str
    """Its private address, on loopback."""
    pid: int
    """The process id of its init."""
    variables: dict[str, str]
    """The environment of its processes."""


class LocalNodes:
    """The nodes of a local AWS that was started with nodes."""

    def __init__(self, server: LocalAws) -> None:
        self._server = server

    def all(self) -> list[LocalNode]:
        """The nodes that run, ordered by instance id."""
        found = [LocalNode(**{**each, "root": Path(each["root"])}) for each in self._ask("GET", "")]
        return sorted(found, key=lambda node: node.instance_id)

    def kill(self, instance_id: str) -> None:
        """Let a node fail as its hardware does: its processes are killed, and its group replaces the instance."""
        self._ask("POST", f"/{instance_id}/kill")

    def interrupt(self, instance_id: str, *, seconds: float = 120.0) -> None:
        """Announce the interruption of a spot instance by EC2, in its metadata and with an event.

        Args:
            instance_id: the instance.
            seconds: the time after which it is terminated. Default: 120, as in AWS.
        """
        self._ask("POST", f"/{instance_id}/interrupt", seconds=seconds)

    def report_xid(self, instance_id: str, number: int, *, gpu: int = 0) -> None:
        """Let a GPU report an error of NVIDIA's driver. After 79, nvidia-smi fails too.

        Args:
            instance_id: the instance.
            number: the Xid error, such as 79: fallen off the bus.
            gpu: the index of the GPU. Default: 0.
        """
        self._ask("POST", f"/{instance_id}/xid", number=number, gpu=gpu)

    def _ask(self, method: str, path: str, **given: float) -> Any:  # noqa: ANN401  a JSON value
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=_SECONDS)
        try:
            connection.request(method, f"{_PATH}{path}", body=json.dumps(given) if given else None)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != HTTPStatus.OK:
            message = f"the local AWS has no such node, or was started without nodes: {body.decode(errors='replace')}"
            raise LookupError(message)
        return json.loads(body)
