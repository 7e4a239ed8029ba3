"""Notebook kernels of Jupyter servers."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.node_guard.notebooks import Kernel, parse_kernels, read_kernels
from mlinfra.node_guard.processes import read_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.node_guard.conftest import FakeNode

KERNELS = [
    {"id": "ab-1", "execution_state": "busy", "last_activity": "2026-11-28T10:00:00.123456Z"},
    {"id": "ab-2", "execution_state": "idle", "last_activity": "2026-11-28T09:00:00Z"},
    {"id": "ab-3", "execution_state": "starting", "last_activity": None},
]


class Jupyter(BaseHTTPRequestHandler):
    """A Jupyter server that wants a token."""

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "token secret" and self.path == "/base/api/kernels"
        body = json.dumps(KERNELS if allowed else {"message": "Forbidden"}).encode()
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name in the base class
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Jupyter) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def jupyter(node: FakeNode, environ: str, folder: str, **values: Any) -> None:
    """A Jupyter server whose runtime file is in a folder of its container."""
    node.process(7, "python /usr/bin/jupyter-lab --no-browser")
    node.write("proc/7/environ", environ)
    node.write(f"proc/7/root/{folder}/jpserver-7.json", json.dumps({"base_url": "/base/", "secure": False} | values))


def kernels(node: FakeNode) -> dict[str, Kernel]:
    return read_kernels(node.root, read_processes(node.root), deadline=time.monotonic() + 5)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ("HOME=/home/ana\0", "home/ana/.local/share/jupyter/runtime"),
        ("HOME=/x\0JUPYTER_RUNTIME_DIR=/tmp/run\0", "tmp/run"),
        ("JUPYTER_DATA_DIR=/data\0", "data/runtime"),
        ("XDG_DATA_HOME=/share\0", "share/jupyter/runtime"),
    ],
)
def test_servers_are_asked_for_their_kernels(node: FakeNode, port: int, environ: str, folder: str) -> None:
    jupyter(node, environ, folder, port=port, token="secret")  # noqa: S106  there is no secret
    found = kernels(node)
    assert found["ab-1"] == Kernel("ab-1", executing=True, last_activity=1795860000.0)
    assert [each.executing for each in found.values()] == [True, False, False]


def test_a_server_that_refuses_has_no_known_kernels(node: FakeNode, port: int) -> None:
    jupyter(node, "HOME=/root\0", "root/.local/share/jupyter/runtime", port=port, token="")
    assert kernels(node) == {}


@pytest.mark.parametrize("values", [{"port": 1}, {"port": "x"}, {}, {"port": 1, "secure": True}])
def test_a_server_that_does_not_respond_has_no_known_kernels(node: FakeNode, values: dict[str, Any]) -> None:
    jupyter(node, "HOME=/root\0", "root/.local/share/jupyter/runtime", **values)
    assert kernels(node) == {}


def test_an_invalid_runtime_file_is_skipped(node: FakeNode) -> None:
    jupyter(node, "HOME=/root\0", "root/.local/share/jupyter/runtime", port=1)
    node.write("proc/7/root/root/.local/share/jupyter/runtime/jpserver-8.json", "{")
    assert kernels(node) == {}


def test_an_unknown_time_does_not_count_as_activity() -> None:
    (kernel,) = parse_kernels([KERNELS[2]])
    assert kernel.last_activity is None
    assert list(parse_kernels({"message": "Forbidden"})) == []
