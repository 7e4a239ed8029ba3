"""`mlinfra clusters ssh-config`, as entries that OpenSSH reads."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra import declarations
from mlinfra.cli import cluster_sessions
from mlinfra.cli.main import app
from mlinfra.errors import OperationError
from mlinfra.operations import clusters
from mlinfra.operations.clusters import ClusterNode
from tests.conftest import ROOT, an_environment, an_experiment
from tests.unit.cli.test_clusters import a_cluster

if TYPE_CHECKING:
    from collections.abc import Callable
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


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The sessions that a command started: what it reached, and how."""
    sessions: list[tuple[object, ...]] = []
    experiment = an_experiment()
    dev = an_environment(experiments=[experiment])
    staging = an_environment(name="staging", experiments=[an_experiment(name="ranker")])
    monkeypatch.setattr(declarations, "load_environments", lambda *_, **__: (dev, staging))
    monkeypatch.setattr("mlinfra.operations.runs.selection.load_environments", lambda *_, **__: (dev, staging))
    monkeypatch.setattr("mlinfra.operations.terraform.project_root", lambda: ROOT)
    monkeypatch.setattr(cluster_sessions, "_chosen", lambda *place: (None, SimpleNamespace(instance_id=place)))
    monkeypatch.setattr(clusters, "shell", lambda _, node: sessions.append(node.instance_id) or 0)

    def forward(_: object, node: SimpleNamespace, *ports: int, begin: Callable[[], None]) -> int:
        sessions.append((node.instance_id, *ports))
        begin()
        return 0

    monkeypatch.setattr(clusters, "forward", forward)
    monkeypatch.setattr(clusters, "only_running_cluster", lambda _: a_cluster(nodes=2))
    return sessions


@pytest.mark.parametrize(
    ("arguments", "reached"),
    [
        (["dev", "two-tower-v2", "1"], ("dev", "two-tower-v2", "1")),
        (["dev", "two-tower-v2"], ("dev", "two-tower-v2", None)),
        (["ranker", "1"], ("staging", "ranker", "1")),
        (["ranker"], ("staging", "ranker", None)),
        (["1"], ("dev", "two-tower-v2", "1")),
        ([], ("dev", "two-tower-v2", None)),
    ],
)
def test_what_is_left_out_follows_from_declarations_and_running_clusters(
    started: list[tuple[object, ...]], arguments: list[str], reached: tuple[object, ...]
) -> None:
    ended = CliRunner().invoke(app, ["clusters", "ssh", *arguments])
    assert ended.exit_code == 0, ended.output
    assert started == [reached]


def test_a_port_alone_is_that_of_the_only_running_cluster(started: list[tuple[object, ...]]) -> None:
    ended = CliRunner().invoke(app, ["clusters", "forward", "6006", "--local-port", "8080"])
    assert ended.exit_code == 0, ended.output
    assert started == [(("dev", "two-tower-v2", None), 6006, 8080)]
    assert ended.stderr.startswith("http://localhost:8080 is port 6006 of ")


def test_a_port_that_is_not_forwarded_has_no_address(
    started: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    del started

    def refuse(*_: object, **__: object) -> int:
        message = "session-manager-plugin is not on the PATH."
        raise OperationError(message)

    monkeypatch.setattr(clusters, "forward", refuse)
    ended = CliRunner().invoke(app, ["clusters", "forward", "6006"])
    assert isinstance(ended.exception, OperationError)
    assert "http://" not in ended.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["forward", "dev", "two-tower-v2"], "'two-tower-v2' is not a port. Expected: a number from 1 to 65535"),
        (["ssh", "dev", "two-tower-v2", "0", "1"], "There are too many arguments: 1"),
    ],
)
def test_invalid_arguments_are_refused(started: list[tuple[object, ...]], arguments: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, ["clusters", *arguments], env={"COLUMNS": "300"})
    assert ended.exit_code == 2
    assert said in ended.output
    assert started == []


def test_an_unknown_experiment_is_named(started: list[tuple[object, ...]]) -> None:
    ended = CliRunner().invoke(app, ["clusters", "ssh", "rankr", "1"])
    assert "No environment declares an experiment 'rankr'. Did you mean 'ranker'?" in str(ended.exception)
    assert started == []
