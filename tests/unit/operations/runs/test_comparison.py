"""Comparison of runs, with the code of a real repository."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.runs import RunDescription, compare_runs, run_figures
from mlinfra.operations.terraform import Repository
from mlinfra.runner import Provenance, Virtualenv
from tests.unit.cli.recorded_runs import a_node, a_run
from tests.unit.operations.runs.recorded import ENVIRONMENT
from tests.unit.operations.runs.specifications import a_specification

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.runs import Comparison

FIRST, SECOND = "20261129-090000-1111", "20261130-101500-7f3a"


def git(folder: Path, *arguments: str) -> str:
    named = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    return subprocess.run(
        ["git", *named, *arguments],  # noqa: S607
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "train.py").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Change training")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    return tmp_path


def described(run_id: str = FIRST, *, run: Any = None, **changes: Any) -> RunDescription:
    found = a_run(run_id, **(run or {}))
    return RunDescription(found, run_figures(ENVIRONMENT, found), a_specification(run_id=run_id, **changes), None)


def compared(first: RunDescription, second: RunDescription, folder: Path) -> dict[str, tuple[str | None, ...]]:
    return values(compare_runs([first, second], Repository(folder)))


def values(result: Comparison) -> dict[str, tuple[str | None, ...]]:
    return {each.name: each.values for each in result.differences}


def at_commit(hash_: str) -> Provenance:
    return replace(a_specification().provenance, commit=hash_)


def test_runs_that_do_not_differ_have_no_differences(tmp_path: Path) -> None:
    result = compare_runs([described(FIRST), described(SECOND)], Repository(tmp_path))
    assert result.differences == ()
    assert {"command", "commit", "lock file", "driver"} <= set(result.equal)


def test_only_what_differs_is_listed(tmp_path: Path) -> None:
    lock = Virtualenv("requirements.txt", "ef" * 32, "3.11")
    second = described(SECOND, virtualenv=lock, variables={"SEED": "8", "LR": "0.1"}, run={"nodes": 4})
    assert compared(described(), second, tmp_path) == {
        "variable LR": (None, "0.1"),
        "variable SEED": ("7", "8"),
        "lock file": ("requirements.txt cdcdcdcdcdcd", "requirements.txt efefefefefef"),
        "nodes": ("2", "4"),
    }


def test_nodes_are_compared_as_they_ran(tmp_path: Path) -> None:
    other = a_node(0, driver="595.91.07", zone="us-east-1b", instance_type="g6.12xlarge")
    attempt = replace(a_run().attempts[0], nodes=(other, replace(other, rank=1)))
    found = compared(described(), described(SECOND, run={"attempts": (attempt,)}), tmp_path)
    assert found["driver"] == ("580.95.05", "595.91.07")
    assert found["instance type"] == ("g5.12xlarge", "g6.12xlarge")
    assert found["zone"] == ("us-east-1a", "us-east-1b")


def test_a_figure_of_zero_has_the_digits_of_others(tmp_path: Path) -> None:
    attempt = replace(a_run().attempts[0], nodes=(a_node(0, running_seconds=0),))
    found = compared(described(), described(SECOND, run={"attempts": (attempt,)}), tmp_path)
    first, second = found["GPU hours"]
    assert (first is not None and float(first) > 0, second) == (True, "0.00")


def test_metrics_are_compared(tmp_path: Path) -> None:
    runs = [described(), described(SECOND)]
    found = values(compare_runs(runs, Repository(tmp_path), metrics=[{"loss": 0.25}, {"loss": 0.125, "auc": 1}]))
    assert found == {"loss": ("0.25", "0.125"), "auc": (None, "1")}


def test_the_changed_files_between_the_commits_are_listed(repository: Path) -> None:
    first, second = commit(repository, "a\n"), commit(repository, "a\nb\n")
    result = compare_runs(
        [described(provenance=at_commit(first)), described(SECOND, provenance=at_commit(second))],
        Repository(repository),
    )
    (change,) = result.code_changes
    assert change.summary is not None
    assert change.summary.splitlines()[0].split() == ["train.py", "|", "1", "+"]


def test_a_commit_that_the_clone_lacks_has_no_summary(repository: Path) -> None:
    first = commit(repository, "a\n")
    result = compare_runs(
        [described(provenance=at_commit(first)), described(SECOND, provenance=at_commit("9" * 40))],
        Repository(repository),
    )
    assert [each.summary for each in result.code_changes] == [None]
    assert values(result)["commit"] == (first[:12], "9" * 12)


def test_a_run_without_a_specification_is_compared_by_its_records(tmp_path: Path) -> None:
    run = a_run(SECOND, command="python other.py")
    second = RunDescription(run, run_figures(ENVIRONMENT, run), None, None)
    found = compared(described(), second, tmp_path)
    assert found["command"][1] == "python other.py"
    assert found["lock file"] == ("requirements.txt cdcdcdcdcdcd", None)
