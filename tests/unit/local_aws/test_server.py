from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws import background
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import LocalAws, is_alive, serving
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


class TestBackground:
    @pytest.fixture(autouse=True)
    def ended_afterwards(self, own_folders: None) -> Iterator[None]:  # noqa: ARG002
        yield
        background.down()

    def test_it_stays_until_it_is_ended(self) -> None:
        started, is_new = background.up()
        assert is_new
        assert background.running() == started
        assert background.down() == started
        assert background.running() is None
        assert not started.server.answers()

    def test_a_second_up_finds_the_first(self) -> None:
        first, _ = background.up()
        second, is_new = background.up()
        assert (second, is_new) == (first, False)

    def test_one_that_was_killed_is_not_taken_for_running(self) -> None:
        started, _ = background.up()
        os.kill(started.server.pid, signal.SIGKILL)
        os.waitpid(started.server.pid, 0)
        assert background.running() is None
        _, is_new = background.up()
        assert is_new

    def test_another_process_that_got_its_number_is_left_alone(self) -> None:
        started, _ = background.up()
        background.down()
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as innocent:
            background._write_record(  # noqa: SLF001  the number of a process cannot be chosen
                background.Background(
                    LocalAws(innocent.pid, started.server.port, started.server.identity, started.server.log),
                    started.started,
                )
            )
            assert background.down() is None
            assert innocent.poll() is None
            innocent.kill()

    def test_a_record_that_cannot_be_read_is_as_none(self, tmp_path: Path) -> None:
        background.up()
        background.down()
        (tmp_path / "state" / "mlinfra" / "local-aws.json").write_text("{")
        assert background.running() is None


class TestClientVariables:
    def test_real_credentials_cannot_be_used_by_mistake(self, running_local_aws: LocalAws) -> None:
        present = {
            "AWS_PROFILE": "prod",
            "AWS_SESSION_TOKEN": "real",
            "AWS_ENDPOINT_URL_SSM": "https://ssm.example.com",
            "AWS_CA_BUNDLE": "/etc/ssl/ca.pem",
            "PATH": "/bin",
        }
        changes = client_variables(running_local_aws, present=present)
        after = {name: value for name, value in {**present, **changes}.items() if value is not None}
        assert not after.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SSM", "AWS_CA_BUNDLE"}
        assert after["AWS_SHARED_CREDENTIALS_FILE"] == after["AWS_CONFIG_FILE"] == os.devnull
        assert after["AWS_ENDPOINT_URL"] == running_local_aws.endpoint

    def test_requests_do_not_go_through_a_proxy(self, running_local_aws: LocalAws) -> None:
        present = {"http_proxy": "http://proxy.invalid:3128", "no_proxy": "example.com"}
        assert client_variables(running_local_aws, present=present)["no_proxy"] == "example.com,127.0.0.1"

    def test_boto3_reaches_it_in_spite_of_the_users_settings(
        self, running_local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:9\nregion = eu-west-1\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_PROFILE", "nowhere")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with in_force(client_variables(running_local_aws)):
            assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
