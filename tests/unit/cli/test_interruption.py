"""Ctrl-C and SIGTERM: the state of things, the exit code, and no traceback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MLINFRA = Path(sys.executable).with_name("mlinfra")

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def silent_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """An endpoint that accepts connections and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        yield server


def interrupted(server: socket.socket, number: signal.Signals, *arguments: str) -> tuple[int, str]:
    """The exit code and the message of a command that is interrupted while it waits for AWS."""
    with subprocess.Popen(
        [MLINFRA, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        connection, _ = server.accept()
        with connection:
            time.sleep(0.2)
            process.send_signal(number)
            output, errors = process.communicate(timeout=60)
    assert output == ""
    assert "Traceback" not in errors
    return process.returncode, errors[errors.index("✗ Interrupted") :]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("plan", "local-*"), "✗ Interrupted. Nothing was changed in AWS. Plans that were completed are saved"),
        (("clusters", "--env", "local"), "✗ Interrupted. Nothing was changed.\n"),
        (("clusters", "start", "local", "two-tower-v2"), "✗ Interrupted. The change may have been made already: "),
        (("bootstrap", "local"), "✗ Interrupted. A part of the remote state of 'local' may have been created"),
        (("drift", "--env", "local"), "✗ Interrupted."),
    ],
    ids=["plan", "clusters", "clusters start", "bootstrap", "drift"],
)
def test_ctrl_c_shows_the_state_of_things(silent_aws: socket.socket, arguments: tuple[str, ...], sentence: str) -> None:
    code, text = interrupted(silent_aws, signal.SIGINT, *arguments)
    assert code == 130
    assert text.startswith(sentence)


def test_a_terminated_command_shows_the_state_of_things(silent_aws: socket.socket) -> None:
    code, text = interrupted(silent_aws, signal.SIGTERM, "bootstrap", "local")
    assert code == 128 + signal.SIGTERM
    assert "`mlinfra bootstrap local` again" in text or f"{os.sep}mlinfra bootstrap local` again" in text
