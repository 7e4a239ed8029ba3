"""Folders and files of a run on its node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.runner import paths
from mlinfra.runner.paths import RunPaths, data_folder, root
from tests.unit.runner.runs import specification

if TYPE_CHECKING:
    import pytest


def test_relative_paths_are_in_the_working_directory_of_the_code() -> None:
    spec = specification(working_directory="train", outputs="../results", checkpoints="checkpoints")
    found = RunPaths(Path("/node"), spec)
    assert found.work == found.code / "train"
    assert found.outputs == found.code / "results"
    assert found.checkpoints == found.code / "train/checkpoints"


def test_absolute_paths_are_below_the_root_of_the_node() -> None:
    spec = specification(outputs="/lustre/outputs")
    assert RunPaths(Path("/"), spec).outputs == Path("/lustre/outputs")
    assert RunPaths(Path("/node"), spec).outputs == Path("/node/lustre/outputs")


def test_runs_of_the_same_code_have_working_trees_of_their_own() -> None:
    spec = specification()
    other = replace(spec, run_id="20261129-120000-0002")
    assert RunPaths(Path("/node"), spec).code != RunPaths(Path("/node"), other).code
    assert RunPaths(Path("/node"), spec).archives == RunPaths(Path("/node"), other).archives


def test_without_checkpoints_there_is_no_folder() -> None:
    assert RunPaths(Path("/node"), specification(checkpoints=None)).checkpoints is None


def test_large_files_are_on_the_local_disks_where_they_are_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    assert data_folder(tmp_path) == tmp_path / "var/lib/mlinfra"
    monkeypatch.setattr(paths.os.path, "ismount", lambda path: path == tmp_path / "scratch")
    assert data_folder(tmp_path) == tmp_path / "scratch/mlinfra"


def test_a_folder_that_another_user_prepared_on_the_local_disks_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "scratch/mlinfra").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(paths.os.path, "ismount", lambda path: path == tmp_path / "scratch")
    assert data_folder(tmp_path) == tmp_path / "var/lib/mlinfra"


def test_the_root_is_that_of_the_machine_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLINFRA_NODE_ROOT", raising=False)
    assert root() == Path("/")
    monkeypatch.setenv("MLINFRA_NODE_ROOT", "/nodes/i-1")
    assert root() == Path("/nodes/i-1")
