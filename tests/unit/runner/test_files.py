"""Files of a folder that a command wrote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mlinfra.runner.files import is_shared, open_regular, read_tree

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert read_tree(tmp_path / "missing").files == ()


def test_links_that_lead_out_and_special_files_are_skipped_with_a_reason(tmp_path: Path) -> None:
    folder = tmp_path / "outputs"
    (folder / "step-1").mkdir(parents=True)
    (folder / "step-1/model").write_text("weights")
    (folder / "latest").symlink_to("step-1")
    (folder / "best").symlink_to("step-1/model")
    (folder / "secret").symlink_to("/etc/shadow")
    (folder / "gone").symlink_to("nothing")
    os.mkfifo(folder / "pipe")
    tree = read_tree(folder)
    assert [each.path for each in tree.files] == ["step-1/model"]
    assert tree.links == (("best", "step-1/model"), ("latest", "step-1"))
    assert sorted(tree.skipped) == [
        "gone: a link that leads out of the folder or to nothing",
        "pipe: neither a file nor a folder",
        "secret: a link that leads out of the folder or to nothing",
    ]


def test_a_name_that_is_not_text_is_skipped(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).write_text("x")
    (problem,) = read_tree(tmp_path).skipped
    assert problem.endswith("its name is not valid UTF-8")


def test_a_file_that_was_replaced_by_a_link_or_a_pipe_is_not_opened(tmp_path: Path) -> None:
    folder = tmp_path / "outputs"
    folder.mkdir()
    (tmp_path / "secret").write_text("x")
    (folder / "file").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("x")
    (folder / "inside").symlink_to(tmp_path / "elsewhere")
    for path in ("file", "pipe", "inside/file"):
        with pytest.raises(OSError, match=path), open_regular(folder, path):
            pass


def test_a_file_system_of_all_nodes_is_recognized(tmp_path: Path) -> None:
    assert is_shared(tmp_path / "lustre/checkpoints", tmp_path)
    assert not is_shared(tmp_path / "lustre-like", tmp_path)
