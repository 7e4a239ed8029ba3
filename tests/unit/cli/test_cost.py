"""`mlinfra cost` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.programs import mlinfra

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_folders")

CONTENT = {
    "provider": {
        "aws": [
            {
                "region": "us-east-1",
                "allowed_account_ids": ["111111111111"],
                "default_tags": [{"tags": {"Environment": "dev", "Team": "ml-platform", "CostCenter": "ml-1234"}}],
            }
        ]
    },
    "resource": {
        "aws_nat_gateway": {"nat_A72B97BB": {}},
        "aws_db_instance": {"other": {}},
        "aws_instance": {
            "node": {
                "instance_type": "g5.xlarge",
                "tags": {"Experiment": "two-tower", "Owner": "ana@example.com"},
            }
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "synthesized" / "stacks" / "dev-training"
    target.mkdir(parents=True)
    (target / "cdk.tf.json").write_text(json.dumps(CONTENT))
    return tmp_path / "synthesized"


def shown(folder: Path, *arguments: str) -> str:
    ended = mlinfra(
        "cost", "--synthesized", str(folder), *arguments, cwd=ROOT, MLINFRA_TODAY="2026-11-29", COLUMNS="100"
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refusal(*arguments: str) -> str:
    ended = mlinfra("cost", *arguments, cwd=ROOT)
    assert ended.returncode == 1
    return ended.stderr.strip().removeprefix("✗ ")


def test_the_table_has_sums_the_most_expensive_parts_and_what_has_no_price(folder: Path) -> None:
    lines = [line.rstrip() for line in shown(folder).splitlines()]
    # 1.006 x 730 = 734.38; 32.85 and 4.50 of the gateway.
    assert lines[0].split() == ["Stack", "USD", "a", "month", "USD", "an", "hour", "Share"]
    assert lines[1].split() == ["dev-training", "*", "772", "1.06", "100%"]
    assert lines[2].split() == ["Total", "772", "1.06"]
    text = "\n".join(lines)
    assert "The 3 most expensive parts, in USD a month" in text
    assert "734  dev-training: instance.node: on-demand nodes (g5.xlarge) (two-tower," in text
    assert "1 x 1.006 USD per hour x 730 hours" in text
    assert "* dev-training: aws_db_instance.other: mlinfra has no formula for RDS" in text
    assert max(map(len, lines)) <= 100


def test_sums_are_by_any_key(folder: Path) -> None:
    text = shown(folder, "--by", "experiment", "--by", "owner")
    assert "two-tower/ana@example.com" in text
    assert "(none)/(none)" in text


def test_every_part_can_be_shown_with_its_source(folder: Path) -> None:
    text = shown(folder, "dev-*", "--lines")
    assert "dev-training: aws_nat_gateway.nat_A72B97BB: traffic" in text
    assert "Assumed: 100 GB a month" in text
    assert "Source: AWS price list" in text


def test_json_is_the_whole_estimate(folder: Path) -> None:
    written = json.loads(shown(folder, "--json"))
    assert written["total"]["lines"] == 3
    assert written["unpriced"][0]["address"] == "aws_db_instance.other"


def test_markdown_is_for_comments(folder: Path) -> None:
    assert shown(folder, "--markdown", "--by", "team").startswith("**Cost: 772 USD a month**\n\n| Team |")


def test_csv_has_the_columns_of_focus(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(folder, "--csv"))))
    assert [each["EffectiveCost"] for each in rows] == ["32.85", "4.5", "734.38"]


def test_an_unknown_stack_is_refused(folder: Path) -> None:
    assert refusal("prod-x", "--synthesized", str(folder)).startswith("No stack in ")


def test_outputs_exclude_each_other() -> None:
    assert refusal("--json", "--csv") == "--json and --csv exclude each other. Use one of them."
    assert refusal("--compare", "HEAD", "--csv") == "--compare and --csv exclude each other. Use one of them."
    assert refusal("--compare", "HEAD", "--lines") == "--compare and --lines exclude each other. Use one of them."


def test_a_plan_is_a_difference_by_owner(tmp_path: Path) -> None:
    change = {"actions": ["create"], "before": None, "after": {"tags_all": {"Owner": "ana@example.com"}}}
    gateway = {"address": "aws_nat_gateway.x", "mode": "managed", "type": "aws_nat_gateway", "change": change}
    folder = tmp_path / "dev-foundation"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [gateway]}))
    ended = mlinfra("cost", "--plan", str(folder), cwd=ROOT, MLINFRA_TODAY="2026-11-29", COLUMNS="100")
    assert ended.returncode == 0, ended.stderr
    assert "ana@example.com       0  37.35      +37.35" in ended.stdout
    assert "Cost: 0 -> 37.35 USD a month" in ended.stdout
    assert (
        refusal("dev-data", "--plan", str(folder))
        == "--plan excludes STACK, --compare, --synthesized, --lines and --csv."
    )
    assert "cannot be read" in refusal("--plan", str(tmp_path / "nothing"))


def test_help_names_the_default_command() -> None:
    assert "estimate" in mlinfra("cost", "--help").stdout
    assert "--compare" in mlinfra("cost", "estimate", "-h").stdout
