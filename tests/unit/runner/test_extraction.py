"""Archive of code on a node."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from mlinfra.runner import Code
from mlinfra.runner.extraction import ArchiveError, extract, fetch_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _archive(path: Path, *members: tuple[str, str]) -> Path:
    """An archive of (name, content); a content that begins with `->` is the target of a symbolic link."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content.startswith("->"):
                info.type, info.linkname = tarfile.SYMTYPE, content[2:]
                archive.addfile(info)
            else:
                info.size, info.mode = len(content), 0o755 if name.endswith(".sh") else 0o644
                archive.addfile(info, io.BytesIO(content.encode()))
    return path


def _code(path: Path) -> Code:
    content = path.read_bytes()
    return Code(key="code/x.tar.gz", sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def test_files_folders_and_links_are_extracted(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a", ("src/train.py", "print(1)"), ("run.sh", "#!"), ("latest", "->src/train.py"))
    extract(archive, tmp_path / "code")
    assert (tmp_path / "code/latest").read_text() == "print(1)"
    assert os.access(tmp_path / "code/run.sh", os.X_OK)


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", "x")],
        [("/etc/evil", "x")],
        [("a/../../evil", "x")],
        [("link", "->/etc")],
        [("link", "->..")],
        [("a/b/up", "->../.."), ("out", "->a/b/up/..")],
        [("link", "->inside"), ("link/file", "x")],
    ],
)
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, members: list[tuple[str, str]]) -> None:
    with pytest.raises(ArchiveError, match="outside its folder"):
        extract(_archive(tmp_path / "a", *members), tmp_path / "below/code")
    assert list((tmp_path / "below").iterdir()) == []


def test_devices_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a", "w:gz") as archive:
        info = tarfile.TarInfo("fifo")
        info.type = tarfile.FIFOTYPE
        archive.addfile(info)
    with pytest.raises(ArchiveError, match="not a file, folder or symbolic link"):
        extract(tmp_path / "a", tmp_path / "code")


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a", ("train.py", "x" * 10_000))
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(ArchiveError, match="cannot be read"):
        extract(archive, tmp_path / "code")
    assert not (tmp_path / "code").exists()


def test_a_retry_keeps_the_tree(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a", ("train.py", "1"))
    extract(archive, tmp_path / "code")
    (tmp_path / "code/checkpoint").write_text("step 7")
    extract(archive, tmp_path / "code")
    assert (tmp_path / "code/checkpoint").read_text() == "step 7"


@pytest.fixture
def store(tmp_path: Path) -> tuple[Code, Callable[[str, Path], None], list[str]]:
    """An object, its download, and the downloaded keys."""
    archive = _archive(tmp_path / "object", ("train.py", "1"))
    keys: list[str] = []

    def download(key: str, path: Path) -> None:
        keys.append(key)
        path.write_bytes(archive.read_bytes())

    return _code(archive), download, keys


def test_an_archive_is_downloaded_once(
    tmp_path: Path, store: tuple[Code, Callable[[str, Path], None], list[str]]
) -> None:
    code, download, keys = store
    first = fetch_archive(code, tmp_path / "archives", download)
    assert fetch_archive(code, tmp_path / "archives", download) == first
    assert (keys, list((tmp_path / "archives").iterdir())) == (["code/x.tar.gz"], [first])


def test_a_truncated_archive_on_the_disk_is_replaced(
    tmp_path: Path, store: tuple[Code, Callable[[str, Path], None], list[str]]
) -> None:
    code, download, keys = store
    path = fetch_archive(code, tmp_path / "archives", download)
    path.write_bytes(b"")
    fetch_archive(code, tmp_path / "archives", download)
    assert len(keys) == 2


def test_an_object_with_another_digest_is_refused(
    tmp_path: Path, store: tuple[Code, Callable[[str, Path], None], list[str]]
) -> None:
    code, _, _ = store
    with pytest.raises(ArchiveError, match=f"and {code.sha256} was submitted"):
        fetch_archive(code, tmp_path / "archives", lambda _key, path: path.write_bytes(b"other") and None)
    assert list((tmp_path / "archives").iterdir()) == []
