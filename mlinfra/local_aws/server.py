"""Start a local AWS, know when it answers, and talk to it."""

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
"""The account that a local AWS is, whatever credentials it is given."""

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class LocalAws:
    """A local AWS that answers."""

    pid: int
    port: int
    identity: str
    """Stands in the command line of the process, so that no other process is ever taken for it."""
    log: Path
    """Every request with its answer's status, and the tracebacks of the server."""

    @property
    def endpoint(self) -> str:
        """The address that all services answer on."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget every resource, as if just started."""
        self._ask("POST", "/moto-api/reset", within_seconds=30)

    def answers(self, *, within_seconds: float = 2.0) -> bool:
        """Whether it answers a request in time."""
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
def serving(*, port: int = 0, log: Path | None = None) -> Iterator[LocalAws]:
    """A local AWS until the end of the block, or until this process ends, however it does.

    Args:
        port: the port on 127.0.0.1. Default: a free one, so that several run side by side.
        log: the file that its log is written to. Default: one of its own in the user's log directory,
            removed at the end.

    Raises:
        OperationError: where moto is not installed, the port is taken, or the server does not start.
    """
    identity = new_identity()
    kept = log is not None
    log = log or user_log_path("mlinfra", ensure_exists=True) / f"local-aws-{identity}.log"
    process = start(port=port, log=log, identity=identity, ends_with_parent=True)
    try:
        yield process.answering()
    finally:
        process.stop()
        if not kept:
            log.unlink(missing_ok=True)


def new_identity() -> str:
    """A name for one server process that no other process has."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class ServerProcess:
    """A server that was started and may not answer yet."""

    child: subprocess.Popen[bytes]
    server: LocalAws

    def answering(self) -> LocalAws:
        """The server, once it answers.

        Raises:
            OperationError: with the end of its log, where it ended or did not answer in time.
        """
        if self.server.answers(within_seconds=_START_SECONDS) and self.child.poll() is None:
            return self.server
        self.stop()
        log = self.server.log.read_text(errors="replace").strip().splitlines()
        message = f"The local AWS did not start. Its log is {self.server.log}"
        raise OperationError(message, details="\n".join(log[-15:]))

    def leave(self) -> None:
        """Let the process outlive this one. It is ended by its number then, and nobody waits for it."""
        self.child.returncode = 0  # or Python warns of a child that nobody waited for

    def stop(self) -> None:
        """End the process, and wait for it."""
        if self.child.stdin:
            self.child.stdin.close()
        self.child.terminate()
        try:
            self.child.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def start(*, port: int, log: Path, identity: str, ends_with_parent: bool) -> ServerProcess:
    """Start the process of a local AWS.

    Args:
        port: the port on 127.0.0.1; 0 for a free one.
        log: the file that its log is written to, from the beginning.
        identity: what `new_identity` gave.
        ends_with_parent: whether it ends when this process does.

    Raises:
        OperationError: where moto is not installed or the port is taken.
    """
    _require_moto()
    log.parent.mkdir(parents=True, exist_ok=True)
    with _listening_socket(port) as listener, log.open("wb") as log_file:
        bound_port = int(listener.getsockname()[1])
        command = [sys.executable, "-m", "mlinfra.local_aws", "--identity", identity, "--port", str(bound_port)]
        command += ["--socket", str(listener.fileno())]
        child = subprocess.Popen(  # noqa: S603  our own module
            [*command, "--until-stdin-closes"] if ends_with_parent else command,
            stdin=subprocess.PIPE if ends_with_parent else subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            pass_fds=(listener.fileno(),),
            env=_without_aws_settings(),
            # Away from the terminal: at Ctrl-C Terraform still needs the server to end in good order.
            start_new_session=True,
        )
    return ServerProcess(child, LocalAws(pid=child.pid, port=bound_port, identity=identity, log=log))


def _without_aws_settings() -> dict[str, str]:
    """The variables of this process without the user's AWS: moto asks boto3, which fails on a profile it lacks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _listening_socket(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        message = f"The local AWS cannot use port {port}: {reason}. Give another one, or 0 for a free one."
        raise OperationError(message) from None


def _require_moto() -> None:
    if any(importlib.util.find_spec(module) is None for module in ("moto", "flask", "flask_cors")):
        message = "The local AWS needs moto, which is not installed. Get it: pip install 'mlinfra-cdktf[local]'"
        raise OperationError(message)


def end(server: LocalAws) -> None:
    """End exactly the process of `server`; does nothing where it has ended already."""
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
    """Whether the process with the server's number is that server, not a later one with the same number."""
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
