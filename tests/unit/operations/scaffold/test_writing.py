"""A new project is written completely or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.scaffold import ProjectFile, Written, write_project

if TYPE_CHECKING:
    from pathlib import Path

FILES = (ProjectFile("README.md", "# x\n"), ProjectFile("ci/run.sh", "#!/bin/sh\n"), ProjectFile("z/y/x.py", "1\n"))


def test_all_files_are_written_and_scripts_are_executable(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "project"
    assert write_project(FILES, folder) == Written(("README.md", "ci/run.sh", "z/y/x.py"), ())
    assert (folder / "ci" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (folder / "README.md").stat().st_mode & 0o777 == 0o644


def test_an_equal_file_does_not_conflict_and_other_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# x\n")
    (tmp_path / "LICENSE").write_text("mine")
    assert write_project(FILES, tmp_path).unchanged == ("README.md",)
    assert (tmp_path / "LICENSE").read_text() == "mine"


def test_conflicts_are_listed_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "ci").write_text("a file")
    (tmp_path / "z" / "y" / "x.py").mkdir(parents=True)
    with pytest.raises(OperationError, match="because of 3 conflicts") as refused:
        write_project(FILES, tmp_path)
    assert refused.value.details.splitlines() == [
        f"{tmp_path}/README.md exists with another content",
        f"{tmp_path}/ci is not a folder",
        f"{tmp_path}/z/y/x.py is not a file",
    ]
    assert (tmp_path / "README.md").read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["README.md", "ci", "z"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "README.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OperationError) as refused:
        write_project(FILES, tmp_path / "project")
    assert "README.md is not a file" in refused.value.details


def test_after_a_failure_no_written_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").mkdir()
    opened = type(tmp_path).open

    def failing(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "x.py":
            raise OSError(28, "No space left on device")
        return opened(path, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(type(tmp_path), "open", failing)
    with pytest.raises(OSError, match="No space left"):
        write_project(FILES, tmp_path / "kept" / "new")
    assert list((tmp_path / "kept").iterdir()) == []
