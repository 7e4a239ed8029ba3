"""The server of the local AWS: start, isolation, end."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import LocalAws, is_alive, serving
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.local_aws


def buckets(server: LocalAws) -> list[str]:
    with in_force(client_variables(server)):
        return [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]


def test_it_answers_as_soon_as_it_is_there_and_is_gone_afterwards(tmp_path: Path) -> None:
    with serving(log=tmp_path / "log") as server:
        assert buckets(server) == []
        assert is_alive(server)
    assert not is_alive(server)
    assert not server.answers()
    assert "GET / HTTP/1.1" in (tmp_path / "log").read_text()


def test_several_run_side_by_side(running_local_aws: LocalAws, tmp_path: Path) -> None:
    with serving(log=tmp_path / "log") as other:
        with in_force(client_variables(other)):
            boto3.client("s3").create_bucket(Bucket="only-here")
        assert buckets(other) == ["only-here"]
        assert "only-here" not in buckets(running_local_aws)


def test_a_reset_forgets_everything(local_aws: LocalAws, client: Callable[[str], Any]) -> None:
    client("s3").create_bucket(Bucket="to-forget")
    local_aws.reset()
    assert buckets(local_aws) == []


def test_a_body_that_waits_to_be_asked_for_is_asked_for_at_once(running_local_aws: LocalAws) -> None:
    # boto3 and Terraform send what they put into a bucket only after this answer, or a second later.
    head = f"PUT /held-back HTTP/1.1\r\nHost: s3.amazonaws.com:{running_local_aws.port}\r\n"
    head += "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running_local_aws.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"never")
        assert connection.recv(1024).startswith(b"HTTP/1.1 ")


def test_only_this_machine_can_reach_it(running_local_aws: LocalAws) -> None:
    with socket.socket() as elsewhere:
        # Free on every other address of this machine, since it listens on loopback alone.
        elsewhere.bind(("127.0.0.2", running_local_aws.port))


def test_a_port_that_is_taken_is_told(running_local_aws: LocalAws, tmp_path: Path) -> None:
    expected = f"cannot use port {running_local_aws.port}: Address already in use. Give another one, or 0"
    with pytest.raises(OperationError, match=expected), serving(port=running_local_aws.port, log=tmp_path / "log"):
        pass


def test_it_ends_with_the_process_that_started_it_even_when_that_is_killed(tmp_path: Path) -> None:
    parent = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from mlinfra.local_aws.server import serving
        with serving(log=Path(sys.argv[1])) as server:
            print(server.pid, server.port, server.identity, flush=True)
            time.sleep(60)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid, port, identity = process.stdout.readline().split()
        server = LocalAws(int(pid), int(port), identity, tmp_path / "log")
        assert is_alive(server)
        process.kill()
    deadline = time.monotonic() + 30
    while is_alive(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(server)


def test_the_users_own_aws_settings_do_not_disturb_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with serving(log=tmp_path / "log") as server:
        assert buckets(server) == []


def test_without_moto_it_says_how_to_get_it(tmp_path: Path) -> None:
    # An interpreter that finds everything but moto.
    program = textwrap.dedent(
        f"""
        import importlib.util
        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name == "moto" else find(name, *rest)
        from pathlib import Path
        from mlinfra.local_aws.server import serving
        with serving(log=Path({str(tmp_path / "log")!r})):
            pass
        """
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (
        "The local AWS needs moto, which is not installed. Get it: pip install 'mlinfra-cdktf[local]'" in ended.stderr
    )
