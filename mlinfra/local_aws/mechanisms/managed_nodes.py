"""Managed nodes of Systems Manager: instances with a connected agent.

Without nodes, every running instance is connected, and its agent never executes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Provider = Callable[[str, str], "Mapping[str, ManagedNode]"]
    """The connected nodes of an account and region, by instance id."""


class Execution(Protocol):
    """A script that a node executes."""

    code: int | None
    """The exit code. None: it runs."""

    def wait(self, seconds: float | None = None) -> bool:
        """True if it has ended within `seconds`."""

    def signal(self, number: int) -> None:
        """Send a signal to it and its descendants."""


class ManagedNode(Protocol):
    """A node with an agent that executes scripts."""

    def execute_script(self, text: str, *, directory: str | None, output: Path, errors: Path) -> Execution:
        """Start a shell script."""


_providers: list[Provider] = []


def provide(provider: Provider) -> None:
    """Have the nodes of `provider` execute scripts, from now on and in this process."""
    _providers[:] = [provider]


def has_nodes() -> bool:
    """True if nodes execute scripts."""
    return bool(_providers)


def node(account: str, region: str, instance_id: str) -> ManagedNode | None:
    """The node of an instance. None: it is not connected, or there are no nodes."""
    return _providers[0](account, region).get(instance_id) if _providers else None


def connected(account: str, region: str) -> dict[str, Any]:
    """The instances with a connected agent, by id.

    Args:
        account: the account.
        region: the region.
    """
    running = {
        instance.id: instance
        for reservation in list(ec2_backends[account][region].reservations.values())
        for instance in reservation.instances
        if instance.state == "running"
    }
    if not _providers:
        return running
    nodes = _providers[0](account, region)
    return {name: instance for name, instance in running.items() if name in nodes}
