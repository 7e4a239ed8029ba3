"""Invalid arguments of `mlinfra drift`, and their messages."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import ROOT
from tests.programs import mlinfra

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

pytestmark = pytest.mark.usefixtures("own_folders")


def refusal(*arguments: str, cwd: Path = ROOT) -> str:
    webhook = "https://hooks.slack.com/services/T0/B0/geheim"
    ended = mlinfra("drift", *arguments, cwd=cwd, MLINFRA_SLACK_WEBHOOK=webhook)
    assert ended.returncode == 1
    assert "geheim" not in ended.stdout + ended.stderr
    return ended.stderr.strip().removeprefix("✗ ")


def test_two_baselines_are_refused() -> None:
    assert refusal("--memory", "m.json", "--remember") == "--memory and --remember exclude each other. Use one of them."


def test_two_formats_of_standard_output_are_refused() -> None:
    assert refusal("--json", "--format", "markdown") == (
        "--json and --format markdown both set the format of standard output. Use one of them."
    )


def test_stacks_without_an_environment_are_refused() -> None:
    assert refusal("qa-data").startswith(
        "The stack 'qa-data' belongs to no environment. Expected: ENV-COMPONENT, such as dev-training. "
        "Environments: dev, "
    )


def test_stacks_of_two_environments_are_refused() -> None:
    assert refusal("dev-data", "prod-data") == (
        "One run checks one environment, but dev, prod match. Select one: --env dev."
    )


def test_an_invalid_baseline_is_refused_before_planning(tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    memory.write_text("{")
    assert "is not a valid baseline" in refusal("--env", "local", "--memory", str(memory))


def test_an_invalid_ignore_list_is_refused_before_planning(tmp_path: Path) -> None:
    for name in ("cdktf.json", "main.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "environments").symlink_to(ROOT / "environments")
    (tmp_path / "drift-ignore.yaml").write_text("- {address: a, reason: Because it is meant.}\n")
    assert refusal("--env", "local", cwd=tmp_path) == (
        "drift-ignore.yaml: 1 problem\n  - entry 1, expires: required. Expected: the last day, such as 2027-01-31."
    )


def test_an_unknown_stack_is_refused(local_aws: LocalAws) -> None:
    del local_aws
    text = refusal("local-dat", "--env", "local")
    assert "Unknown stack 'local-dat'. Stacks of the environment: local-state, local-data" in text


def test_a_plan_without_lock_and_without_refresh_has_these_arguments(tmp_path: Path) -> None:
    executable = tmp_path / "terraform"
    executable.write_text(f'#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], open("called", "w"))\n')
    executable.chmod(0o755)
    Terraform(tmp_path, executable).plan(tmp_path / "plan", mode="refresh-only", lock=False, refresh=False)
    called = json.loads((tmp_path / "called").read_text())
    assert called[-3:] == ["-refresh-only", "-lock=false", "-refresh=false"]
