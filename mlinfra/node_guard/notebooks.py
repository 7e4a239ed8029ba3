"""Notebook kernels, from the REST API of the Jupyter servers on the node."""

from __future__ import annotations

import json
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.node_guard.processes import Process, Processes

_SECONDS = 2
_MOST_SERVERS = 8
_MOST_BYTES = 1 << 20
"""A limit for files and answers, which belong to users of the node."""


@dataclass(frozen=True)
class Kernel:
    """A notebook kernel as its server describes it."""

    id: str
    executing: bool
    last_activity: float | None
    """Epoch seconds. None: unknown."""


def read_kernels(root: Path, processes: Processes, *, deadline: float) -> dict[str, Kernel]:
    """The kernels of all Jupyter servers that respond, by id.

    Args:
        root: the folder with /proc of the node.
        processes: the processes of the node.
        deadline: the value of the monotonic clock after which no further server is asked.
    """
    servers = {(str(each.get("port")), str(each.get("base_url"))): each for each in _servers(root, processes)}
    kernels: dict[str, Kernel] = {}
    for each in list(servers.values())[:_MOST_SERVERS]:
        if time.monotonic() >= deadline:
            break
        with suppress(OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
            kernels.update({kernel.id: kernel for kernel in parse_kernels(_ask(each))})
    return kernels


def parse_kernels(answer: object) -> Iterator[Kernel]:
    """The kernels in the response to `GET /api/kernels`.

    Source: Jupyter Server documentation, "The REST API", read 2026-11-28.
    """
    for each in answer if isinstance(answer, list) else []:
        yield Kernel(
            id=str(each["id"]),
            executing=each.get("execution_state") == "busy",
            last_activity=_epoch(str(each.get("last_activity") or "")),
        )


def _epoch(text: str) -> float | None:
    try:
        # Python before 3.11 reads neither the Z nor fractions of other than three or six digits.
        return datetime.fromisoformat(text.split(".", maxsplit=1)[0].rstrip("Z") + "+00:00").timestamp()
    except ValueError:
        return None


def _servers(root: Path, processes: Processes) -> Iterator[dict[str, Any]]:
    """The runtime files of Jupyter servers, which contain their ports and tokens."""
    for process in processes.by_id.values():
        if "jupyter" not in process.command or process.is_kernel:
            continue
        for folder in _runtime_folders(root, process):
            for pattern in ("jpserver-*.json", "nbserver-*.json"):
                for file in sorted(folder.glob(pattern)):
                    with suppress(OSError, ValueError):
                        if file.stat().st_size <= _MOST_BYTES:
                            found = json.loads(file.read_text(encoding="utf-8"))
                            if isinstance(found, dict):
                                yield found


def _runtime_folders(root: Path, process: Process) -> Iterator[Path]:
    """The folders in which the server of a process may keep its runtime file.

    Source: Jupyter documentation, "Common Directories and File Locations", read 2026-11-28. The root of the process is
    that of its container.
    """
    folder = root / f"proc/{process.pid}"
    try:
        lines = (folder / "environ").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    places = [
        variables.get("JUPYTER_RUNTIME_DIR", ""),
        _below(variables.get("JUPYTER_DATA_DIR", ""), "runtime"),
        _below(variables.get("XDG_DATA_HOME", ""), "jupyter/runtime"),
        _below(variables.get("HOME", ""), ".local/share/jupyter/runtime"),
    ]
    for place in places:
        if place.startswith("/"):
            yield folder / "root" / place.lstrip("/")


def _below(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else ""


def _ask(server: dict[str, Any]) -> object:
    """The response of a server to a request for its kernels.

    Always on this machine: the file was written by a user of the node.
    """
    port, base = int(server["port"]), urlsplit(str(server.get("base_url") or "/")).path
    if server.get("secure"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # most certificates are self-signed
        connection: HTTPConnection = HTTPSConnection("127.0.0.1", port, timeout=_SECONDS, context=context)
    else:
        connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        token = str(server.get("token") or "")
        headers = {"Authorization": f"token {token}"} if token else {}
        connection.request("GET", f"{base.rstrip('/')}/api/kernels", headers=headers)
        return json.loads(connection.getresponse().read(_MOST_BYTES))
    finally:
        connection.close()
