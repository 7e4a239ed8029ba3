"""What `python main.py`, and so `cdktf synth`, does as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conftest import ROOT, TODAY

if TYPE_CHECKING:
    from pathlib import Path


def synthesize(outdir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDKTF_OUTDIR": str(outdir), "MLINFRA_TODAY": TODAY.isoformat(), **variables}
    command = [sys.executable, "main.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def contents(outdir: Path) -> dict[str, bytes]:
    return {str(path.relative_to(outdir)): path.read_bytes() for path in outdir.rglob("*") if path.is_file()}


def test_every_environment_has_every_component(synthesized: Path) -> None:
    stacks = {path.name for path in synthesized.iterdir()}
    assert stacks == {
        f"{environment}-{component}"
        for environment in ("dev", "local", "prod", "staging")
        for component in ("state", "foundation", "data", "training", "studio", "serving")
    }


def test_the_same_input_gives_the_same_bytes(synthesized: Path, tmp_path: Path) -> None:
    assert synthesize(tmp_path).returncode == 0
    assert contents(tmp_path) == contents(synthesized.parent)


def test_each_stack_runs_with_the_provider_that_is_locked(synthesized: Path) -> None:
    locked = (ROOT / ".terraform.lock.hcl").read_bytes()
    for stack in synthesized.iterdir():
        assert (stack / ".terraform.lock.hcl").read_bytes() == locked


def test_one_environment_can_be_synthesized_alone_and_nothing_is_said_when_all_is_well(tmp_path: Path) -> None:
    ended = synthesize(tmp_path, MLINFRA_ENV="staging")
    assert ended.returncode == 0
    assert ended.stdout + ended.stderr == ""
    assert {path.name.split("-")[0] for path in tmp_path.glob("stacks/*")} == {"staging"}


def test_an_expired_experiment_is_synthesized_without_nodes_and_with_one_warning(tmp_path: Path) -> None:
    ended = synthesize(tmp_path, MLINFRA_ENV="dev", MLINFRA_TODAY="2026-12-26")
    assert ended.returncode == 0
    warnings = ended.stderr.splitlines()
    assert len(warnings) == 2
    assert warnings[0] == (
        "warning: experiment two-tower-v2 expired 3 days ago (2026-12-23); remove it or extend it in "
        "environments/dev.py. Its cluster has size zero until then. Owner: ana@example.com"
    )
    stack = json.loads((tmp_path / "stacks" / "dev-training" / "cdk.tf.json").read_text())
    assert {each["max_size"] for each in stack["resource"]["aws_autoscaling_group"].values()} == {0}


def test_the_environments_of_this_repository_are_valid_in_any_year(tmp_path: Path) -> None:
    ended = synthesize(tmp_path, MLINFRA_TODAY="2031-11-24")
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr


def test_an_environment_that_is_not_declared_ends_the_synth_with_a_sentence(tmp_path: Path) -> None:
    ended = synthesize(tmp_path, MLINFRA_ENV="qa")
    assert ended.returncode == 1
    assert "environment 'qa': 1 problem" in ended.stderr
    assert "Declared: dev, local, prod, staging" in ended.stderr
    assert "Traceback" not in ended.stderr
