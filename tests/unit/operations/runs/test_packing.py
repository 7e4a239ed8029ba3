"""Archives of the code of runs, from real repositories."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.runs import packing
from tests.unit.operations.runs.repositories import a_repository, git, write

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.runs.packing import PackedCode


def pack(folder: Path, **arguments: object) -> PackedCode:
    return packing.pack(folder, folder.parent / f"{folder.name}.tar.gz", **arguments)  # type: ignore[arg-type]


def names(packed: PackedCode) -> list[str]:
    with tarfile.open(packed.archive.path) as tar:
        return tar.getnames()


def content(packed: PackedCode, name: str) -> str:
    with tarfile.open(packed.archive.path) as tar:
        found = tar.extractfile(name)
        assert found is not None
        return found.read().decode()


def test_tracked_files_are_packed_and_ignored_ones_are_not(repository: Path) -> None:
    packed = pack(repository / "training")
    assert names(packed) == [".gitignore", "training/train.py"]
    assert packed.directory == "training"
    assert packed.archive.files == 2
    assert packed.archive.bytes == packed.archive.path.stat().st_size


def test_the_origin_is_recorded(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://ana:secret@gitlab.example.com/ml/two-tower.git")
    origin = pack(repository).origin
    assert origin.commit == git(repository, "rev-parse", "HEAD")
    assert (origin.branch, origin.changed) == ("main", ())
    assert origin.repository == "https://gitlab.example.com/ml/two-tower.git"


def test_equal_trees_of_different_commits_give_equal_archives(repository: Path, tmp_path: Path) -> None:
    first = pack(repository)
    git(repository, "commit", "--quiet", "--allow-empty", "--message=Again")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    os.utime(clone / "training" / "train.py", (0, 0))
    assert pack(clone).archive.sha256 == first.archive.sha256
    write(clone, training__train_py="print('other')\n")
    git(clone, "commit", "--quiet", "--all", "--message=Change")
    assert pack(clone).archive.sha256 != first.archive.sha256


def test_executable_bits_and_symbolic_links_are_kept(repository: Path) -> None:
    (repository / "run.sh").write_text("#!/bin/sh\n")
    (repository / "run.sh").chmod(0o775)
    (repository / "latest").symlink_to("training/train.py")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Link")
    with tarfile.open(pack(repository).archive.path) as tar:
        assert (tar.getmember("run.sh").mode, tar.getmember("training/train.py").mode) == (0o755, 0o644)
        assert tar.getmember("latest").linkname == "training/train.py"


def test_names_that_are_not_ascii_are_kept(repository: Path) -> None:
    name = "données/" + "ü" * 60 + "/a file\twith tab.txt"
    (repository / name).parent.mkdir(parents=True)
    (repository / name).write_text("x")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Names")
    assert name in names(pack(repository))


def test_files_with_the_attribute_export_ignore_are_left_out(repository: Path) -> None:
    write(repository, docs__page_txt="long")
    (repository / ".gitattributes").write_text("docs export-ignore\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Docs")
    assert "docs/page.txt" not in names(pack(repository))


def test_uncommitted_changes_are_refused_with_the_files(repository: Path) -> None:
    write(repository, training__train_py="print('changed')\n")
    with pytest.raises(OperationError, match=re.escape("1 file has uncommitted changes: training/train.py.")) as error:
        pack(repository)
    assert "--dirty" in error.value.message


def test_untracked_files_are_named_and_left_out(repository: Path) -> None:
    write(repository, extra_txt="new")
    packed = pack(repository)
    assert "extra.txt" not in names(packed)
    assert packed.notes == ("1 untracked file (extra.txt) is not included. To include them: --dirty",)


def test_changes_are_packed_and_recorded_as_a_patch_that_gives_the_same_tree(repository: Path, tmp_path: Path) -> None:
    write(repository, training__train_py="print('changed')\n", extra_txt="new")
    (repository / "weights.bin").write_bytes(bytes(range(256)))
    status, objects = git(repository, "status", "--porcelain"), git(repository, "count-objects")
    packed = pack(repository, dirty=True)
    assert names(packed) == [".gitignore", "extra.txt", "training/train.py", "weights.bin"]
    assert content(packed, "training/train.py") == "print('changed')\n"
    assert packed.origin.changed == ("training/train.py", "extra.txt", "weights.bin")
    # Neither the index nor the objects of the repository have changed.
    assert (git(repository, "status", "--porcelain"), git(repository, "count-objects")) == (status, objects)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    assert packed.patch is not None
    subprocess.run(["git", "apply"], cwd=clone, input=packed.patch, check=True)  # noqa: S607
    assert pack(clone, dirty=True).archive.sha256 == packed.archive.sha256


def test_deleted_files_are_left_out(repository: Path) -> None:
    (repository / ".gitignore").unlink()
    assert ".gitignore" not in names(pack(repository, dirty=True))


def test_a_dirty_run_without_changes_has_no_patch(repository: Path) -> None:
    packed = pack(repository, dirty=True)
    assert packed.patch is None
    assert packed.archive.sha256 == pack(repository).archive.sha256


def test_a_repository_without_a_commit_needs_dirty(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    git(folder, "init", "--quiet")
    write(folder, train_py="x\n")
    with pytest.raises(OperationError, match="has no commit yet"):
        pack(folder)
    packed = pack(folder, dirty=True)
    assert names(packed) == ["train.py"]
    assert packed.origin.commit is None
    assert b"new file mode" in (packed.patch or b"")


def test_a_folder_that_is_not_a_repository_is_an_error_with_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="is not in the working tree of a git repository") as error:
        pack(tmp_path)
    assert "git init" in error.value.message
    assert "--no-code" in error.value.message


def test_submodules_are_packed_if_they_are_checked_out(repository: Path, tmp_path: Path) -> None:
    library = a_repository(tmp_path / "library")
    git(repository, "submodule", "--quiet", "add", str(library), "vendor/library")
    git(repository, "commit", "--quiet", "--all", "--message=Library")
    packed = pack(repository)
    assert "vendor/library/training/train.py" in names(packed)
    write(repository, vendor__library__training__train_py="changed inside")
    assert pack(repository).notes == (
        "Changes inside the submodule vendor/library are not included. Commit them there.",
    )
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    with pytest.raises(OperationError, match="git submodule update --init --recursive"):
        pack(clone)


def test_nested_repositories_are_named_and_left_out(repository: Path) -> None:
    a_repository(repository / "other")
    packed = pack(repository, dirty=True)
    assert packed.notes == (
        "other is a repository of its own and is not included. Add it as a submodule, or ignore it.",
    )
    assert not any(each.startswith("other") for each in names(packed))


def test_pointers_of_git_lfs_are_named(repository: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    write(repository, weights_txt=pointer)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Weights")
    (note,) = pack(repository).notes
    assert note.startswith("1 file is a pointer of Git LFS without content (weights.txt).")


def test_a_large_commit_is_refused_with_its_largest_files(repository: Path) -> None:
    write(repository, data__a_txt="a" * 3000, data__b_txt="b" * 2000)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Data")
    with pytest.raises(OperationError, match=r"at most 512 MiB are packed\. Nothing was uploaded") as error:
        pack(repository, limit=4000)
    assert [line.split()[-1] for line in error.value.details.splitlines()][:2] == ["data/a.txt", "data/b.txt"]
    assert "data/" in error.value.details.split()
    (repository / ".gitattributes").write_text("data/a.txt export-ignore\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Ignore")
    assert "data/b.txt" in names(pack(repository, limit=4000))


def test_ten_gigabytes_are_refused_without_reading_them(repository: Path) -> None:
    with (repository / "data.bin").open("wb") as file:
        file.truncate(10 * 1024**3)  # a sparse file: reading it would take minutes
    with pytest.raises(OperationError, match="The code of the run has 10,240 MiB") as error:
        pack(repository, dirty=True)
    assert error.value.details.split() == ["10,240.0", "MiB", "data.bin"]


def test_a_working_directory_without_tracked_files_is_refused(repository: Path) -> None:
    write(repository, new__a_txt="x")
    with pytest.raises(OperationError, match="The directory new contains no file of the commit"):
        pack(repository / "new")
    assert pack(repository / "new", dirty=True).directory == "new"


def test_the_digest_of_a_lock_file_is_that_of_the_packed_content(repository: Path) -> None:
    file = repository / "training" / "train.py"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert pack(repository / "training", wanted=[file]).digests == {"training/train.py": digest}


@pytest.mark.parametrize("file", ["missing.txt", "notes.txt"])
def test_a_lock_file_that_is_not_packed_is_an_error(repository: Path, file: str) -> None:
    with pytest.raises(OperationError, match=f"{file} is not part of the code of the run"):
        pack(repository, wanted=[repository / file])


def test_a_lock_file_outside_of_the_repository_is_an_error(repository: Path) -> None:
    with pytest.raises(OperationError, match="is not in the repository"):
        pack(repository, wanted=[repository.parent / "requirements.txt"])


def test_variables_of_a_git_hook_do_not_select_another_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(a_repository(tmp_path / "other") / ".git"))
    monkeypatch.delenv("GIT_WORK_TREE", raising=False)
    assert pack(repository).directory == "."
