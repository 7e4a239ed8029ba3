"""`mlinfra catalog refresh` in a project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.catalog import PRICE_LOCK_FILE, PriceLock, use_refreshed_prices
from mlinfra.cli.main import app
from tests.unit.operations.price_lists.conftest import price_lists as price_lists  # noqa: PLC0414  a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNNER = CliRunner()
DECLARATION = """
from mlinfra import Environment

refreshed = Environment(
    name="refreshed", project="recsys", account_id="123456789012", region="eu-central-1", team="ml", cost_center="ml-1",
    repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=15_000,
)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "cdktf.json").write_text("{}")
    (tmp_path / "main.py").write_text("")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "refreshed.py").write_text(DECLARATION)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    use_refreshed_prices(PriceLock())


@pytest.mark.usefixtures("price_lists")
def test_the_prices_of_the_environments_regions_are_refreshed(project: Path) -> None:
    ended = RUNNER.invoke(app, ["catalog", "refresh"])
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.splitlines() == [
        "ec2 in eu-central-1: 10 prices, 10 changed (version 20261120004501).",
        "sagemaker in eu-central-1: 5 prices, 5 changed (version 20261118221500).",
    ]
    assert (project / PRICE_LOCK_FILE).exists()


@pytest.mark.usefixtures("price_lists", "project")
def test_the_catalog_shows_refreshed_prices() -> None:
    assert RUNNER.invoke(app, ["catalog", "refresh", "--service", "ec2", "--json"]).exit_code == 0
    shown = RUNNER.invoke(app, ["catalog", "--gpu", "H100", "--region", "eu-central-1", "--json"])
    facts = {each["name"]: each for each in json.loads(shown.stdout)}
    assert (facts["p5.48xlarge"]["usd_per_hour"], facts["p5.48xlarge"]["price_basis"]) == (63.296, "refreshed")
    assert facts["p5.48xlarge"]["price_source"] == "AWS price list AmazonEC2, version 20261120004501"
