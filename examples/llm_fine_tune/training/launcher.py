"""The processes of one node, with the variables that `torchrun` sets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LAUNCHED = "RANK"
"""The variable that each launched process has."""

_PAUSE_SECONDS = 0.05


def launch(command: Sequence[str], processes: int) -> int:
    """Start `processes` processes of `command`, and wait for them. If one fails, the others receive SIGTERM.

    Args:
        command: the command of each process.
        processes: the number of processes on this node.

    Returns:
        The exit code of the first that failed; 0 if none did.
    """
    node, nodes = int(os.environ.get("NODE_RANK", "0")), int(os.environ.get("NNODES", "1"))
    shared = {
        "WORLD_SIZE": str(nodes * processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": os.environ.get("MASTER_ADDR", "127.0.0.1"),
        "MASTER_PORT": os.environ.get("MASTER_PORT") or _free_port(),
    }
    started: list[subprocess.Popen[bytes]] = []

    def terminate(*_: object) -> None:
        for each in started:
            if each.poll() is None:
                each.terminate()

    signal.signal(signal.SIGTERM, terminate)
    for local in range(processes):
        own = {"LOCAL_RANK": str(local), LAUNCHED: str(node * processes + local)}
        started.append(subprocess.Popen(command, env={**os.environ, **shared, **own}))  # noqa: S603  this program
    code = 0
    while not code and any(each.poll() is None for each in started):
        time.sleep(_PAUSE_SECONDS)
        code = next((each.returncode for each in started if each.returncode), 0)
    if code:
        terminate()
    for each in started:
        each.wait()
    code = code or next((each.returncode for each in started if each.returncode), 0)
    return code if code >= 0 else 128 - code  # as a shell reports a process that a signal ended


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])
