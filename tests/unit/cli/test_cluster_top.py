"""Output of `mlinfra clusters top`."""

from __future__ import annotations

import io
import os
import pty
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from mlinfra.cli.cluster_top import screen, sparkline
from mlinfra.operations.status import NodeActivity, NodeListing

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

AT = datetime(2026, 11, 30, 12, 5, tzinfo=timezone.utc)
RISING = tuple(float(each) for each in range(0, 90, 3))


def a_node(number: int, **changes: Any) -> NodeActivity:
    values: dict[str, Any] = {
        "environment": "dev",
        "cluster": "recsys-dev-two-tower-v2",
        "experiment": "two-tower-v2",
        "number": number,
        "instance_id": f"i-0123456789abcdef{number}",
        "instance_type": "g5.12xlarge",
        "zone": "us-east-1a",
        "state": "running",
        "market": "on-demand",
        "launched": AT,
        "owner": "ana@example.com",
        "activity": "busy",
        "why": "1 compute process of ubuntu",
        "idle_minutes": 0,
        "gpu_percent": 87.4,
        "gpu_history": RISING,
        "memory_percent": 75.0,
        "temperature": 71.0,
        "network_bytes": 1_234_567.0,
        "users": ("ubuntu",),
        "run_id": "20261130-101500-7f3a",
        "run_name": "train",
        "usd_per_hour": 5.67,
        "usd_so_far": 12.4,
    }
    return NodeActivity(**values | changes)


SILENT = a_node(
    1,
    activity="silent",
    idle_minutes=None,
    gpu_percent=None,
    gpu_history=(None,) * 30,
    memory_percent=None,
    temperature=None,
    network_bytes=None,
    users=(),
    run_id=None,
    usd_per_hour=None,
    usd_so_far=None,
)
HOT = a_node(2, temperature=91.0, gpu_percent=4.0, idle_minutes=35, run_id=None, experiment="ranker")


def shown(*nodes: NodeActivity, width: int = 120, height: int | None = None, problems: tuple[str, ...] = ()) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(screen([NodeListing("dev", AT, nodes, problems)], width, height))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 120, 160])
def test_each_node_is_one_line_of_the_width_of_the_terminal(width: int, snapshot: SnapshotAssertion) -> None:
    text = shown(a_node(0), SILENT, HOT, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert len(text.strip().splitlines()) == 6
    assert text == snapshot


def test_nodes_that_do_not_fit_are_counted() -> None:
    text = shown(*(a_node(each) for each in range(20)), height=12, problems=("its metrics could not be read",))
    assert len(text.splitlines()) <= 12
    assert "and 13 more nodes" in text
    assert "dev: its metrics could not be read" in text


def test_without_nodes_the_screen_says_so() -> None:
    assert shown().strip() == "dev: no nodes are running. 12:05:00 UTC"


def test_bars_show_the_last_minutes_and_leave_gaps() -> None:
    assert sparkline([50, None, 0, 12.5, 100], 4) == " ▁▂█"


PROGRAM = """
import sys
from datetime import datetime, timezone
import mlinfra.declarations, mlinfra.operations.runs, mlinfra.operations.status as status
import mlinfra.operations.terraform as terraform
from mlinfra.cli.cluster_top import top

class Monitor:
    def __init__(self, environment): pass
    def read(self): return status.NodeListing("dev", datetime.now(timezone.utc), ())

mlinfra.declarations.load_environments = lambda *_, **__: ()
mlinfra.operations.runs.selected_environments = lambda *_: ("dev",)
terraform.project_root = lambda: None
status.NodeMonitor = Monitor
top(None, every=30.0, once=False, as_json=False)
"""
"""A stand-in for the monitor, since only the screen is tested."""


def test_ctrl_c_restores_the_terminal() -> None:
    process, terminal = pty.fork()
    if process == 0:  # pragma: no cover  another process
        environment = {**os.environ, "TERM": "xterm-256color"}
        os.chdir(Path(__file__).parents[3])
        os.execve(sys.executable, [sys.executable, "-c", PROGRAM], environment)  # noqa: S606
    written = b""
    deadline = time.monotonic() + 60
    while b"no nodes are running" not in written and time.monotonic() < deadline:
        written += os.read(terminal, 4096)
    assert b"\x1b[?1049h" in written  # the alternate screen
    os.kill(process, signal.SIGINT)
    try:
        while True:
            more = os.read(terminal, 4096)
            if not more:
                break
            written += more
    except OSError:  # Linux raises an error at the end of a terminal
        pass
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, written.decode()
    assert written.rindex(b"\x1b[?1049l") > written.rindex(b"\x1b[?1049h")
    assert written.rindex(b"\x1b[?25h") > written.rindex(b"\x1b[?25l")  # the cursor
    assert b"Traceback" not in written
