"""Server of the local AWS: start, readiness, reset and end."""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_log_path

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT_ID = "123456789012"
"""The account of every local AWS, for any credentials."""

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class LocalAws:
    """A local AWS that accepts requests."""

    pid: int
    port: int
    identity: str
    """A unique name in the command line of the process, which distinguishes it from all other processes."""
    log: Path
    """The log file: every request with the status of its answer, and the tracebacks of the server."""
    enforces_iam: bool = False
    """True if it refuses requests that IAM does not allow. Default: False."""
    has_nodes: bool = False
    """True if instances of auto scaling groups are nodes that execute programs. Default: False."""

    @property
    def endpoint(self) -> str:
        """The endpoint of all services."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Delete every resource, as if the server had just started."""
        self._ask("POST", "/moto-api/reset", within_seconds=30)

    def answers(self, *, within_seconds: float = 2.0) -> bool:
        """True if the server answers a request within `within_seconds`."""
        try:
            self._ask("GET", "/moto-api/", within_seconds=within_seconds)
        except (OSError, HTTPException):
            return False
        return True

    def _ask(self, method: str, path: str, *, within_seconds: float) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=within_seconds)
        try:
            connection.request(method, path)
            connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def serving(
    *, port: int = 0, log: Path | None = None, enforce_iam: bool = False, nodes: bool = False
) -> Iterator[LocalAws]:
    """A local AWS until the end of the block or of this process, however it ends.

    Args:
        port: the port on 127.0.0.1. Default: a free port, so that several servers can run at the same time.
        log: the log file. Default: a new file in the user's log directory,
            deleted at the end.
        enforce_iam: True to refuse requests that IAM does not allow. The access key of `client_variables` is an
            administrator. Default: False, every request is allowed.
        nodes: True to have instances of auto scaling groups execute their user data and commands on this machine, see
            `mlinfra.local_aws.nodes`. Default: False.

    Raises:
        OperationError: moto is not installed, the port is in use, or the server does not start.
    """
    identity = new_identity()
    kept = log is not None
    log = log or user_log_path("mlinfra", ensure_exists=True) / f"local-aws-{identity}.log"
    process = start(port=port, log=log, identity=identity, ends_with_parent=True, enforce_iam=enforce_iam, nodes=nodes)
    try:
        yield process.answering()
    finally:
        process.stop()
        if not kept:
            log.unlink(missing_ok=True)


def new_identity() -> str:
    """A unique name for one server process."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class ServerProcess:
    """A started server that may not answer yet."""

    child: subprocess.Popen[bytes]
    server: LocalAws

    def answering(self) -> LocalAws:
        """The server, once it answers.

        Raises:
            OperationError: it ended or did not answer in time. The details are the end of its log.
        """
        if self.server.answers(within_seconds=_START_SECONDS) and self.child.poll() is None:
            return self.server
        self.stop()
        log = self.server.log.read_text(errors="replace").strip().splitlines()
        message = f"The local AWS did not start. Its log is {self.server.log}"
        raise OperationError(message, details="\n".join(log[-15:]))

    def leave(self) -> None:
        """Keep the process running after the end of this one. It is then ended by its process id."""
        self.child.returncode = 0  # prevents Python's warning about an unawaited child process

    def stop(self) -> None:
        """End the process and wait for its end."""
        if self.child.stdin:
            self.child.stdin.close()
        self.child.terminate()
        try:
            self.child.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def start(
    *, port: int, log: Path, identity: str, ends_with_parent: bool, enforce_iam: bool = False, nodes: bool = False
) -> ServerProcess:
    """Start the process of a local AWS.

    Args:
        port: the port on 127.0.0.1; 0 for a free port.
        log: the log file, which is overwritten.
        identity: a name from `new_identity`.
        ends_with_parent: True to end it with this process.
        enforce_iam: True to refuse requests that IAM does not allow. Default: False.
        nodes: True to have instances of auto scaling groups execute programs. Default: False.

    Raises:
        OperationError: moto is not installed or the port is in use.
    """
    _require_moto()
    log.parent.mkdir(parents=True, exist_ok=True)
    with _listening_socket(port) as listener, log.open("wb") as log_file:
        bound_port = int(listener.getsockname()[1])
        command = [sys.executable, "-m", "mlinfra.local_aws", "--identity", identity, "--port", str(bound_port)]
        command += ["--socket", str(listener.fileno())]
        command += ["--enforce-iam"] if enforce_iam else []
        command += ["--nodes"] if nodes else []
        child = subprocess.Popen(  # noqa: S603  our own module
            [*command, "--until-stdin-closes"] if ends_with_parent else command,
            stdin=subprocess.PIPE if ends_with_parent else subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            pass_fds=(listener.fileno(),),
            env=_without_aws_settings(),
            # A separate session: after Ctrl-C, Terraform still needs the server for an orderly end.
            start_new_session=True,
        )
    server = LocalAws(child.pid, bound_port, identity, log, enforces_iam=enforce_iam, has_nodes=nodes)
    return ServerProcess(child, server)


def _without_aws_settings() -> dict[str, str]:
    """This process's variables without AWS settings: moto uses boto3, which fails on an unknown profile."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _listening_socket(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        message = f"The local AWS cannot use port {port}: {reason}. Choose another port, or 0 for a free port."
        raise OperationError(message) from None


def _require_moto() -> None:
    if any(importlib.util.find_spec(module) is None for module in ("moto", "flask", "flask_cors")):
        message = "The local AWS needs moto, which is not installed. Install it: pip install 'mlinfra-cdktf[local]'"
        raise OperationError(message)


def end(server: LocalAws) -> None:
    """End the process of `server`, and no other process. Does nothing if it has ended."""
    if not is_alive(server):
        return
    os.kill(server.pid, 15)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_alive(server):
        if time.monotonic() > deadline:
            os.kill(server.pid, 9)
            return
        time.sleep(0.05)


def is_alive(server: LocalAws) -> bool:
    """True if the process with the server's process id is that server, not a later one with the same id."""
    return server.identity in _command_line(server.pid)


def _command_line(pid: int) -> str:
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listing = subprocess.run(  # noqa: S603
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607  macOS: there is no /proc
        capture_output=True,
        text=True,
        check=False,
    )
    return listing.stdout
