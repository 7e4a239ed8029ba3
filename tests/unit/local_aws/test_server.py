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


def test_a_server_answers_within_its_block_and_is_ended_after_it(tmp_path: Path) -> None:
    with serving(log=tmp_path / "log") as server:
        assert buckets(server) == []
        assert is_alive(server)
    assert not is_alive(server)
    assert not server.answers()
    assert "GET / HTTP/1.1" in (tmp_path / "log").read_text()


def test_several_servers_run_at_the_same_time(mlinfra_local_aws: LocalAws, tmp_path: Path) -> None:
    with serving(log=tmp_path / "log") as other:
        with in_force(client_variables(other)):
            boto3.client("s3").create_bucket(Bucket="only-here")
        assert buckets(other) == ["only-here"]
        assert "only-here" not in buckets(mlinfra_local_aws)


def test_a_reset_deletes_every_resource(local_aws: LocalAws, client: Callable[[str], Any]) -> None:
    client("s3").create_bucket(Bucket="to-forget")
    local_aws.reset()
    assert buckets(local_aws) == []


def test_a_body_with_expect_100_continue_is_requested_immediately(mlinfra_local_aws: LocalAws) -> None:
    # boto3 and Terraform send the body of a PutObject only after this answer, or a second later.
    head = f"PUT /held-back HTTP/1.1\r\nHost: s3.amazonaws.com:{mlinfra_local_aws.port}\r\n"
    head += "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    with socket.create_connection(("127.0.0.1", mlinfra_local_aws.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"never")
        assert connection.recv(1024).startswith(b"HTTP/1.1 ")


def test_a_server_listens_on_loopback_only(mlinfra_local_aws: LocalAws) -> None:
    with socket.socket() as elsewhere:
        # The port is free on every other address, because the server listens on 127.0.0.1 only.
        elsewhere.bind(("127.0.0.2", mlinfra_local_aws.port))


def test_a_port_in_use_is_refused(mlinfra_local_aws: LocalAws, tmp_path: Path) -> None:
    expected = f"cannot use port {mlinfra_local_aws.port}: Address already in use. Choose another port, or 0"
    with pytest.raises(OperationError, match=expected), serving(port=mlinfra_local_aws.port, log=tmp_path / "log"):
        pass


def test_a_server_ends_with_its_parent_even_if_the_parent_is_killed(tmp_path: Path) -> None:
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


def test_the_users_aws_settings_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with serving(log=tmp_path / "log") as server:
        assert buckets(server) == []


def test_without_moto_the_error_names_the_installation(tmp_path: Path) -> None:
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
        "The local AWS needs moto, which is not installed. Install it: pip install 'mlinfra-cdktf[local]'"
        in ended.stderr
    )
