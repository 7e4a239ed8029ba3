"""`python main.py`, which `cdktf synth` runs, as a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests import programs
from tests.conftest import ROOT, TODAY

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def synthesize(outdir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    today = {"MLINFRA_TODAY": TODAY.isoformat()}
    return programs.synthesize(ROOT / "main.py", outdir, cwd=ROOT, **today | variables)


def contents(outdir: Path) -> dict[str, bytes]:
    return {str(path.relative_to(outdir)): path.read_bytes() for path in outdir.rglob("*") if path.is_file()}


def test_every_environment_has_every_component(synthesized: Path) -> None:
    stacks = {path.name for path in synthesized.iterdir()}
    assert stacks == {
        f"{environment}-{component}"
        for environment in ("dev", "local", "prod", "staging")
        for component in ("state", "foundation", "data", "training", "studio", "serving", "governance")
    }


def test_the_same_input_gives_the_same_bytes(synthesized: Path, tmp_path: Path) -> None:
    """In two processes, each of which hashes texts differently."""
    assert synthesize(tmp_path).returncode == 0
    assert contents(tmp_path) == contents(synthesized.parent)


def test_each_stack_runs_with_the_provider_that_is_locked(synthesized: Path) -> None:
    locked = (ROOT / ".terraform.lock.hcl").read_bytes()
    for stack in synthesized.iterdir():
        assert (stack / ".terraform.lock.hcl").read_bytes() == locked


def test_nothing_is_written_to_the_terminal_when_all_is_well(synthesized: Path) -> None:
    assert (synthesized.parent.parent / "output").read_text() == ""


def test_one_environment_can_be_synthesized_alone(tmp_path: Path) -> None:
    ended = synthesize(tmp_path, MLINFRA_ENV="staging")
    assert ended.returncode == 0
    assert ended.stdout + ended.stderr == ""
    assert {path.name.split("-")[0] for path in tmp_path.glob("stacks/*")} == {"staging"}


def test_in_any_year_an_expired_experiment_is_synthesized_without_nodes_and_with_one_warning(tmp_path: Path) -> None:
    ended = synthesize(tmp_path, MLINFRA_TODAY="2031-11-24")
    assert ended.returncode == 0
    warnings = ended.stderr.splitlines()
    assert "expired 1797 days ago" in warnings[1]
    stack = json.loads((tmp_path / "stacks" / "dev-training" / "cdk.tf.json").read_text())
    assert {each["max_size"] for each in stack["resource"]["aws_autoscaling_group"].values()} == {0}


def test_an_environment_that_is_not_declared_ends_the_synth_with_a_sentence(tmp_path: Path) -> None:
    ended = synthesize(tmp_path, MLINFRA_ENV="qa")
    assert ended.returncode == 1
    assert "environment 'qa': 1 problem" in ended.stderr
    assert "Declared: dev, local, prod, staging" in ended.stderr
    assert "Traceback" not in ended.stderr
