"""Ends of nodes with their server: by a signal that cannot be handled, with IAM enforced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.local_aws.nodes.processes import of_node, table, tree
from mlinfra.local_aws.nodes.supervision import Supervisor
from tests.unit.local_aws.nodes.cluster import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("local-nodes")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that starts a node with three programs, and prints the process id of its init."""
    program = textwrap.dedent(
        """
        import os, sys, time
        from pathlib import Path
        from mlinfra.local_aws.nodes.supervision import Supervisor
        folder = Path(sys.argv[1])
        supervisor = Supervisor(folder, os.environ)
        script = "sleep 300 & (setsid sleep 300 &) ; env -i sleep 300 & trap '' TERM; sleep 300"
        supervisor.start(["sh", "-c", script], variables=dict(os.environ), directory=folder, output=folder / "out")
        print(supervisor.pid, flush=True)
        time.sleep(300)
        """
    )
    folder = tmp_path / "nodes" / "i-0123"
    folder.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_node_leaves_nothing_if_its_server_is_killed(server: subprocess.Popen[str], tmp_path: Path) -> None:
    folder = tmp_path / "nodes" / "i-0123"
    assert server.stdout is not None
    init = int(server.stdout.readline())
    # The program of `env -i` has no marker, and that of `setsid` has left the session: both are descendants.
    eventually(lambda: len(of_node(init, str(folder))) >= 5)
    pids = [init, *of_node(init, str(folder))]
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not folder.exists())
    eventually(lambda: not [each for each in pids if each in table()])
    eventually(lambda: not folder.parent.exists())


def test_a_node_leaves_nothing_while_the_server_writes_into_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "nodes" / "i-0123"
    (folder / "proc").mkdir(parents=True)
    for number in range(500):
        (folder / "proc" / f"before-{number}").touch()
    supervisor = Supervisor(folder, os.environ)

    def write() -> None:
        with suppress(FileNotFoundError):
            for number in range(300):
                (folder / "proc" / f"{number}").touch()
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    supervisor.end(0.0)
    assert not folder.exists()
    writer.join()


def test_descendants_are_found_over_several_generations() -> None:
    entry: Any = lambda parent: type("Entry", (), {"parent": parent})  # noqa: E731
    processes = {2: entry(1), 3: entry(2), 4: entry(3), 5: entry(1), 6: entry(9)}
    assert tree(2, processes) == {3, 4}
    assert tree(1, processes) == {2, 3, 4, 5}
