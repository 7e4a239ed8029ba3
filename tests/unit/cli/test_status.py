"""Output of `mlinfra status`."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

import mlinfra.declarations
import mlinfra.operations.terraform
from mlinfra.cli.status import overview, status
from mlinfra.functions.activity import Verdict
from mlinfra.operations import status as operations
from mlinfra.operations.status import EndpointStatus, EnvironmentStatus, Notice, QueueStatus
from tests.unit.cli.recorded_runs import a_run, at
from tests.unit.cli.test_clusters import a_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

DEV = EnvironmentStatus(
    "dev",
    "us-east-1",
    clusters=(replace(a_cluster(nodes=2), work=Verdict.IDLE, idle_minutes=40),),
    active_runs=(a_run(),),
    ended_runs=(a_run("20261129-090000-1111", "failed", ended_at=at(30)),),
    queues=(QueueStatus("shared", "ana@example.com", 3, 2, "enabled"),),
    endpoints=(EndpointStatus("ranker", "ana@example.com", "InService"),),
    usd_today=12.4,
    usd_month=340.1,
    notices=(Notice("two-tower-v2", "is idle for 40 minutes", "mlinfra clusters stop dev two-tower-v2"),),
    problems=("AWS refused ListJobs (AccessDenied).",),
)
EMPTY = EnvironmentStatus("staging", "eu-west-1", usd_today=0.0, usd_month=0.0)
PROD = EnvironmentStatus("prod", "us-east-1", unreachable="is in the AWS account 222222222222")


@pytest.mark.parametrize("width", [80, 120])
def test_everything_fits_the_width_of_the_terminal(width: int, snapshot: SnapshotAssertion) -> None:
    console = Console(file=io.StringIO(), width=width)
    for each in overview([DEV, EMPTY, PROD], width):
        console.print(each)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width
    assert text == snapshot


def test_json_has_all_facts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    selected: list[Any] = []

    def read(_: object, selection: object) -> tuple[EnvironmentStatus, ...]:
        selected.append(selection)
        return DEV, PROD

    monkeypatch.setattr(mlinfra.declarations, "load_environments", lambda *_, **__: ())
    monkeypatch.setattr(mlinfra.operations.terraform, "project_root", lambda: tmp_path)
    monkeypatch.setattr(operations, "read_overview", read)
    app = typer.Typer()
    app.command()(status)
    ended = CliRunner().invoke(app, ["--team", "search", "--json"])
    assert ended.exit_code == 0, ended.output
    dev, prod = json.loads(ended.stdout)
    assert (dev["clusters"][0]["experiment"], dev["active_runs"][0]["status"]) == ("two-tower-v2", "running")
    assert prod["unreachable"] == "is in the AWS account 222222222222"
    assert selected[0].team == "search"
