"""Syntheses of equal inputs are kept during a test session; all others run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = """
import os, pathlib, sys
out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
runs = pathlib.Path(os.environ["RUNS"])
runs.write_text(runs.read_text() + "x")
(out / "stacks").mkdir(parents=True, exist_ok=True)
(out / "stacks/cdk.tf.json").write_text(pathlib.Path("environments.py").read_text() + os.environ.get("MLINFRA_ENV", ""))
if "fail" in pathlib.Path("environments.py").read_text():
    sys.exit("a problem")
(out / "manifest.json").write_text("{}")
"""


class Synthesis:
    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.out = folder / "out"
        self.runs = folder / "runs"
        self.kept = folder / "kept"
        for each in (self.project, self.kept):
            each.mkdir()
        self.runs.write_text("")
        (self.project / "main.py").write_text(MAIN)
        self.declare("first")

    def declare(self, text: str) -> None:
        (self.project / "environments.py").write_text(text)

    def run(self, **variables: str) -> str:
        """The synthesized stack."""
        own = {"CDKTF_OUTDIR": str(self.out), "RUNS": str(self.runs), "MLINFRA_TEST_SYNTHESES": str(self.kept)}
        path = str(Path(__file__).with_name("kept_syntheses"))
        environment = {**os.environ, "PYTHONPATH": path, **own, **variables}
        self.code = subprocess.run(
            [sys.executable, "main.py"], cwd=self.project, env=environment, check=False, capture_output=True
        ).returncode
        return (self.out / "stacks/cdk.tf.json").read_text()

    @property
    def count(self) -> int:
        """The number of runs of main.py."""
        return len(self.runs.read_text())


@pytest.fixture
def synthesis(tmp_path: Path) -> Synthesis:
    return Synthesis(tmp_path)


def test_equal_inputs_are_synthesized_once(synthesis: Synthesis) -> None:
    assert [synthesis.run() for _ in range(3)] == ["first"] * 3
    assert synthesis.count == 1


def test_a_changed_file_or_variable_is_synthesized_and_the_earlier_result_stays(synthesis: Synthesis) -> None:
    synthesis.run()
    synthesis.declare("second")
    assert synthesis.run() == "second"
    assert synthesis.run(MLINFRA_ENV="dev") == "seconddev"
    synthesis.declare("first")
    assert synthesis.run() == "first"
    assert synthesis.count == 3


def test_a_changed_file_in_the_folder_of_a_variable_is_synthesized(synthesis: Synthesis, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    for text, runs in (("{}", 1), ("[]", 2), ("{}", 2)):
        (tmp_path / "records" / "dev.json").write_text(text)
        synthesis.run(MLINFRA_RECORDS=str(tmp_path / "records"))
        assert synthesis.count == runs


def test_plans_and_scripts_of_terraform_are_ignored(synthesis: Synthesis) -> None:
    synthesis.run()
    (synthesis.project / "plans").mkdir()
    (synthesis.project / "plans" / "tfplan").write_text("a plan")
    (synthesis.project / "slow.sh").write_text("sleep 1")
    synthesis.run()
    assert synthesis.count == 1


def test_a_failed_synthesis_is_not_kept(synthesis: Synthesis) -> None:
    synthesis.run()
    synthesis.declare("fail")
    for _ in range(2):
        synthesis.run()
        assert synthesis.code == 1
    assert synthesis.count == 3


def test_a_run_that_crashes_after_its_synthesis_is_not_kept(synthesis: Synthesis) -> None:
    (synthesis.project / "main.py").write_text(MAIN + "raise RuntimeError\n")
    for _ in range(2):
        synthesis.run()
    assert synthesis.count == 2
