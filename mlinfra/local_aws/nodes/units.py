"""Units of a node: services and timers in its folder, and transient services.

A timer runs its service when it is started, and then every minute, without a random delay. Source: systemd.timer(5),
systemd.service(5), read 2026-11-29.
"""

from __future__ import annotations

import shlex
import signal
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mlinfra.local_aws.nodes.folder import JOURNAL
from mlinfra.local_aws.nodes.rewriting import rewritten_argument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlinfra.local_aws.nodes.node import Node
    from mlinfra.local_aws.nodes.supervision import Running

TIMER_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 90.0
"""The time between SIGTERM and SIGKILL: DefaultTimeoutStopSec of systemd-system.conf(5)."""


class UnitError(Exception):
    """A unit that cannot be started."""


@dataclass
class Unit:
    """A service or a timer that was started."""

    name: str
    is_transient: bool = False
    running: Running | None = None
    """Its last process. None: it is a timer, or has not started one yet."""
    is_timer: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def state(self) -> str:
        """`active`, `inactive` or `failed`."""
        if self.is_timer:
            return "inactive" if self.ended.is_set() else "active"
        if self.running is None:
            return "inactive"
        if self.running.code is None:
            return "active"
        return "failed" if self.running.code else "inactive"


class Units:
    """The units of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._units: dict[str, Unit] = {}
        self._lock = threading.Lock()

    def all(self) -> list[Unit]:
        """All units that were started."""
        return sorted(self._units.values(), key=lambda unit: unit.name)

    def find(self, name: str) -> Unit | None:
        """A unit that was started, by its full name. None: it was not."""
        return self._units.get(name)

    def transient(self) -> dict[str, int]:
        """The main process of each transient service that runs, by the name of the unit."""
        running = {unit.name: unit.running for unit in self.all() if unit.is_transient and unit.running}
        return {name: each.pid for name, each in running.items() if each.pid is not None and each.code is None}

    def start_transient(self, name: str, argv: Sequence[str], *, variables: Mapping[str, str], directory: str) -> Unit:
        """Start a transient service.

        Args:
            name: the full name of the unit.
            argv: the command.
            variables: the environment variables in addition to those of the node.
            directory: its working directory.

        Raises:
            UnitError: if a unit of that name is active, or the command does not exist.
        """
        with self._lock:
            existing = self._units.get(name)
            if existing and existing.state == "active":
                message = (
                    f"Failed to start transient service unit: Unit {name} was already loaded or has a fragment file."
                )
                raise UnitError(message)
            unit = Unit(name, is_transient=True)
            unit.running = self._node.execute(
                argv, variables=variables, directory=directory, output=self._journal(name)
            )
            if unit.running.reason:
                message = f"Failed to find executable {argv[0]}: {unit.running.reason}"
                raise UnitError(message)
            self._units[name] = unit
            return unit

    def start(self, name: str) -> None:
        """Start a unit with a file in the node's folder.

        Raises:
            UnitError: if there is none.
        """
        file = self._file(name)
        unit = self._units.setdefault(name, Unit(name, is_timer=name.endswith(".timer")))
        if unit.is_timer:
            unit.ended.set()
            unit = self._units[name] = Unit(name, is_timer=True)
            service = f"{file.stem}.service"
            self._file(service)
            threading.Thread(target=self._repeat, args=(unit, service), daemon=True).start()
        else:
            self._run(name)

    def stop(self, name: str) -> bool:
        """Stop a unit: SIGTERM to its processes, and later SIGKILL. False: it was never started."""
        unit = self._units.get(name)
        if unit is None:
            return False
        unit.ended.set()
        if unit.running and unit.running.code is None:
            unit.running.signal(signal.SIGTERM)
            if not unit.running.wait(_STOP_SECONDS):
                unit.running.signal(signal.SIGKILL)
        return True

    def _repeat(self, timer: Unit, service: str) -> None:
        while self._node.is_alive and not timer.ended.is_set():
            self._run(service)
            timer.ended.wait(TIMER_SECONDS)

    def _run(self, name: str) -> None:
        """Execute the commands of a service one after the other, as for Type=oneshot."""
        unit = self._units.setdefault(name, Unit(name))
        for command in _commands(self._file(name)):
            ignored = command.startswith("-")
            argv = [rewritten_argument(each, self._node.root) for each in shlex.split(command.lstrip("-"))]
            unit.running = self._node.execute(argv, output=self._journal(name))
            unit.running.wait()
            if unit.running.code and not ignored:
                return

    def _file(self, name: str) -> Path:
        file = self._node.root / "etc/systemd/system" / name
        if not file.is_file():
            message = f"Failed to start {name}: Unit {name} not found."
            raise UnitError(message)
        return file

    def _journal(self, name: str) -> Path:
        return self._node.root / JOURNAL / f"{name}.log"


def unit_name(name: str) -> str:
    """The full name of a unit: without a suffix, it is a service."""
    return name if name.endswith((".service", ".timer", ".target", ".socket")) else f"{name}.service"


def _commands(file: Path) -> list[str]:
    """The values of ExecStart of a service, in order."""
    values: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "ExecStart":
            values.append(value.strip())
    return values
