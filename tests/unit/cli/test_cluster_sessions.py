"""`mlinfra clusters ssh-config`, as entries that OpenSSH reads."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.operations import clusters
from mlinfra.operations.clusters import ClusterNode
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LAUNCHED = datetime(2026, 11, 29, tzinfo=timezone.utc)
NODES = (
    ClusterNode(0, "i-0aaaaaaaaaaaaaaa0", LAUNCHED, "ami-1"),
    ClusterNode(1, "i-0aaaaaaaaaaaaaaa1", LAUNCHED, "ami-1"),
)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("mlinfra.operations.aws.account_of", lambda _: None)
    monkeypatch.setattr(clusters, "running_nodes", lambda *_: NODES)
    monkeypatch.setattr(clusters, "login_of", lambda *_: "ubuntu")
    ended = CliRunner().invoke(app, ["clusters", "ssh-config", "dev", "two-tower-v2", "--key", "/home/ana/key.pub"])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_each_node_has_an_entry(config: str) -> None:
    assert [line for line in config.splitlines() if line.startswith("Host ")] == [
        "Host recsys-dev-two-tower-v2-0",
        "Host recsys-dev-two-tower-v2-1",
    ]
    assert "mlinfra clusters ssh-channel dev two-tower-v2 i-0aaaaaaaaaaaaaaa1 --user ubuntu" in config


@pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH is not installed")
def test_openssh_reads_it(config: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(config)
    ended = subprocess.run(
        ["ssh", "-G", "-F", str(file), "recsys-dev-two-tower-v2-1"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    read = dict(line.split(" ", 1) for line in ended.stdout.splitlines())
    assert (read["hostname"], read["user"]) == ("i-0aaaaaaaaaaaaaaa1", "ubuntu")
    assert read["identityfile"] == "/home/ana/key"
    assert read["proxycommand"].startswith("sh -c 'cd ")
