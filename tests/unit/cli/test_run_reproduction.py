"""The start of a run with the code of an earlier one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlinfra.cli import run as run_module
from mlinfra.cli.run_reproduction import start_again
from mlinfra.errors import OperationError
from mlinfra.operations.runs import Availability, Reproduction, RunDescription, run_figures
from mlinfra.operations.terraform import Repository
from tests.unit.cli.recorded_runs import a_run
from tests.unit.operations.runs.recorded import ENVIRONMENT
from tests.unit.operations.runs.repositories import a_repository, git, write
from tests.unit.operations.runs.specifications import a_specification


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any], str]]:
    """The calls of `mlinfra run`, with the code that they found."""
    calls: list[tuple[str, dict[str, Any], str]] = []

    def record(experiment: str, command: list[str], **options: Any) -> None:
        code = (Path(options["directory"]) / "train.py").read_text()
        calls.append((experiment, options | {"command": command}, code))

    monkeypatch.setattr(run_module, "run", record)
    return calls


def start(clone: Path, folder: Path, *parts: Availability, **changes: Any) -> None:
    """Start a run again whose code is the present commit of `clone`."""
    spec = a_specification(working_directory="training", **changes)
    commit = git(clone, "rev-parse", "HEAD")
    spec = replace(spec, provenance=replace(spec.provenance, commit=commit, patch_key=None))
    run = a_run()
    description = RunDescription(run, run_figures(ENVIRONMENT, run), spec, None)
    plan = Reproduction(run.run_id, folder, parts, ("mlinfra run",), has_commit=True)
    table: Any = SimpleNamespace(account=None)
    start_again(table, description, plan, Repository(clone), team=None, detach=True, as_json=False)


def test_the_commit_of_the_run_is_started_with_its_arguments(
    tmp_path: Path, started: list[tuple[str, dict[str, Any], str]], capsys: pytest.CaptureFixture[str]
) -> None:
    clone = a_repository(tmp_path / "clone")
    write(clone, training__train_py="print('edited')\n")
    start(clone, tmp_path / "again")
    ((experiment, options, code),) = started
    assert (experiment, code) == ("two-tower-v2", "print('hello')\n")
    assert options["command"] == ["torchrun", "train.py"]
    assert (options["environment"], options["lock"], options["python"]) == ("dev", "../requirements.txt", "3.11")
    assert (options["variable"], options["data"]) == (["SEED=7"], ["features/clicks/=2026-11-24"])
    assert (options["queue"], options["detach"]) == (None, True)
    assert not (tmp_path / "again").exists()
    # The code of the specification is another one.
    assert "The code is NOT that of 20261130-101500-7f3a" in capsys.readouterr().err


def test_a_run_in_a_queue_is_started_there(tmp_path: Path, started: list[tuple[str, dict[str, Any], str]]) -> None:
    clone = a_repository(tmp_path / "clone")
    start(clone, tmp_path / "again", queue="shared", partition="recsys-dev-shared-spot", nodes=1, array_size=8)
    ((_, options, _),) = started
    assert {name: options[name] for name in ("queue", "nodes", "array", "gpus", "spot")} == {
        "queue": "shared",
        "nodes": None,
        "array": 8,
        "gpus": 4,
        "spot": True,
    }


def test_a_run_whose_experiment_is_no_longer_declared_is_not_started(
    tmp_path: Path, started: list[tuple[str, dict[str, Any], str]]
) -> None:
    clone = a_repository(tmp_path / "clone")
    missing = Availability("experiment", "missing", "two-tower-v2 is no longer declared in dev")
    with pytest.raises(OperationError, match=r"cannot be started again.*because of: experiment. Nothing was started"):
        start(clone, tmp_path / "again", missing)
    assert started == []
