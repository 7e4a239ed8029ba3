"""`mlinfra cost clusters` as a user runs it."""

from __future__ import annotations

import json
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.clients import Clients
from mlinfra.functions.records import Records
from tests.conftest import ROOT
from tests.local_aws import make_records_table
from tests.programs import mlinfra

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

TODAY = {"MLINFRA_TODAY": "2026-11-24"}


@pytest.fixture
def project(tmp_path: Path, client: Callable[..., Any]) -> Path:
    """A project whose environment `local` has recorded cost of clusters."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "environments", root / "environments")
    for name in ("cdktf.json", "main.py"):
        shutil.copyfile(ROOT / name, root / name)
    make_records_table(client, "recsys-local-clusters")
    return root


def add(cluster: str, day: date, usd: float, owner: str, *, unpriced: tuple[str, ...] = ()) -> None:
    tags = {"Owner": owner, "Team": "ml-platform", "Experiment": cluster.removeprefix("recsys-local-")}
    Records(Clients(), "recsys-local-clusters").add_spend(cluster, day, usd, tags=tags, unpriced=unpriced)


def shown(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    ended = mlinfra("cost", "clusters", *arguments, cwd=project, **TODAY, COLUMNS="140")
    assert ended.returncode == 0, ended.stderr
    return ended


def test_owners_and_clusters_are_shown_with_their_cost(project: Path) -> None:
    add("recsys-local-two-tower", date(2026, 10, 20), 300, "ana@example.com")
    add("recsys-local-two-tower", date(2026, 10, 21), 600, "ana@example.com")
    add("recsys-local-ranker", date(2026, 10, 21), 99.5, "li@example.com", unpriced=("mac2.metal",))
    assert [each.rstrip() for each in shown(project, "--month", "2026-10").stdout.splitlines()] == [
        "Owner              USD  Share",
        "ana@example.com    900    90%",
        "li@example.com   99.50    10%",
        "Total            1,000",
        "",
        "Most expensive clusters  Environment  Owner            Days    USD",
        "recsys-local-two-tower   local        ana@example.com     2    900",
        "recsys-local-ranker      local        li@example.com      1  99.50",
        "",
        (
            "Recorded in 2026-10, in local, at list prices: nodes of clusters, their volumes and file systems. Without "
            "discounts, taxes, traffic, queues, endpoints and notebooks."
        ),
        "Not included, because the price is unknown: mac2.metal.",
    ]


def test_ten_clusters_are_shown_and_all_are_in_the_json(project: Path) -> None:
    for number in range(12):
        add(f"recsys-local-x{number:02}", date(2026, 11, 20), 1 + number, "ana@example.com")
    output = shown(project, "local", "--by", "team").stdout
    assert output.startswith("Team           USD  Share\nml-platform  78.00   100%\n")
    assert "recsys-local-x02" in output
    assert "recsys-local-x01" not in output
    values = json.loads(shown(project, "--json", "--by", "cost-center").stdout)
    assert (values["month"], values["key"], values["usd"], values["environments"]) == (
        "2026-11",
        "cost_center",
        78,
        ["local"],
    )
    assert values["rows"] == [{"name": "", "usd": 78}]
    assert [each["usd"] for each in values["clusters"]] == [*range(12, 0, -1)]


def test_a_month_without_cost_is_said(project: Path) -> None:
    assert shown(project).stdout == "No cost of clusters was recorded in 2026-11, in local.\n"


def test_an_unknown_environment_is_refused(project: Path, local_aws: LocalAws) -> None:
    del local_aws
    ended = mlinfra("cost", "clusters", "test", cwd=project, **TODAY)
    assert ended.returncode == 1
    assert "There is no environment test. Declared: " in ended.stderr
