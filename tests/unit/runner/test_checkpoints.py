"""Copies of checkpoints, and their restoration."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.runner.checkpoints import CheckpointCopies, latest_copy, restore
from tests.unit.runner.runs import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("runner")


class Copying:
    """Copies of one folder, whose scans the test makes itself."""

    def __init__(self, s3: Any, folder: Path) -> None:
        self.s3 = s3
        self.folder = folder
        self.prefix = f"checkpoints/{folder.parent.name}/"
        folder.mkdir(exist_ok=True)
        self.copies = self.begin(attempt=1)

    def begin(self, *, attempt: int, restored: Any = None) -> CheckpointCopies:
        self.copies = CheckpointCopies(
            self.s3,
            self.folder,
            bucket=BUCKET,
            prefix=self.prefix,
            attempt=attempt,
            seconds=3600,
            restored=restored,
        )
        return self.copies

    def scan(self) -> None:
        """Scan once more, as after a minute."""
        self.copies._save(is_final=False)  # noqa: SLF001  the interval is an hour

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    @property
    def latest(self) -> str | None:
        return latest_copy(self.s3, bucket=BUCKET, prefix=self.prefix)

    @property
    def keys(self) -> list[str]:
        """The objects, without the lists."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=self.prefix).get("Contents", [])
        start = f"{self.prefix}checkpoints/"
        return sorted(each["Key"].removeprefix(start) for each in found if not each["Key"].endswith(".json"))

    def restored(self, folder: Path) -> dict[str, str]:
        """The files of the latest copy."""
        assert self.latest
        restore(self.s3, self.latest, folder, bucket=BUCKET)
        return {
            str(each.relative_to(folder)): each.read_text()
            for each in sorted(folder.rglob("*"))
            if each.is_file() and not each.is_symlink()
        }


@pytest.fixture
def copying(clients: Callable[..., Any], run_resources: Any, tmp_path: Path) -> Copying:  # noqa: ARG001  the bucket
    return Copying(clients("s3"), tmp_path / "checkpoints")


def test_an_entry_is_copied_once_none_of_its_files_has_changed_between_two_scans(copying: Copying) -> None:
    copying.write("step-1/model", "weights")
    copying.scan()
    assert copying.latest is None
    copying.write("step-1/optimizer", "state")
    copying.scan()
    assert copying.latest is None
    copying.scan()
    assert copying.keys == ["0001-000001/step-1/model", "0001-000001/step-1/optimizer"]


def test_an_entry_that_is_being_written_leaves_the_others_in_their_last_version(
    copying: Copying, tmp_path: Path
) -> None:
    copying.write("step-1/model", "one")
    copying.scan()
    copying.scan()
    copying.write("step-1/model", "one, rewritten")
    copying.write("step-2/model", "tw")
    copying.scan()
    copying.write("step-2/model", "two")
    copying.scan()
    assert copying.restored(tmp_path / "node") == {"step-1/model": "one, rewritten"}
    copying.copies.finish()
    assert copying.restored(tmp_path / "node") == {"step-1/model": "one, rewritten", "step-2/model": "two"}


def test_unchanged_files_are_not_copied_again(copying: Copying) -> None:
    for name in ("a", "b"):
        copying.write(name, "x")
        copying.scan()
        copying.scan()
    assert copying.keys == ["0001-000001/a", "0001-000002/b"]


def test_objects_of_old_copies_are_deleted_when_no_kept_copy_needs_them(copying: Copying, tmp_path: Path) -> None:
    copying.write("config", "same")
    for number in range(1, 5):
        copying.write("model", f"version {number}")
        copying.scan()
        copying.scan()
    assert copying.keys == ["0001-000001/config", "0001-000003/model", "0001-000004/model"]
    assert copying.restored(tmp_path / "node") == {"config": "same", "model": "version 4"}


def test_a_deleted_entry_is_not_restored(copying: Copying, tmp_path: Path) -> None:
    copying.write("step-1/model", "one")
    copying.write("step-2/model", "two")
    copying.scan()
    copying.scan()
    (copying.folder / "step-1/model").unlink()
    copying.copies.finish()
    assert copying.restored(tmp_path / "node") == {"step-2/model": "two"}


def test_restoring_replaces_what_the_node_has_and_keeps_equal_files(copying: Copying, tmp_path: Path) -> None:
    copying.write("step-1/model", "one")
    (copying.folder / "latest").symlink_to("step-1")
    copying.copies.finish()
    node = tmp_path / "node"
    (node / "step-9").mkdir(parents=True)
    (node / "step-9/model").write_text("newer, and only here")
    (node / "step-1").write_text("a file in the place of a folder")
    assert copying.restored(node) == {"step-1/model": "one"}
    assert (node / "latest").resolve() == (node / "step-1").resolve()
    before = (node / "step-1/model").stat()
    assert copying.restored(node) == {"step-1/model": "one"}
    assert (node / "step-1/model").stat().st_ino == before.st_ino


def test_the_next_attempt_goes_on_from_the_restored_copy(copying: Copying, tmp_path: Path) -> None:
    copying.write("step-1/model", "one")
    copying.copies.finish()
    assert copying.latest
    found = restore(copying.s3, copying.latest, copying.folder, bucket=BUCKET)
    copying.begin(attempt=2, restored=found)
    copying.write("step-2/model", "two")
    copying.copies.finish()
    assert copying.latest.endswith("checkpoints/0002-000001.json")
    assert copying.keys == ["0001-000001/step-1/model", "0002-000001/step-2/model"]
    assert copying.restored(tmp_path / "node") == {"step-1/model": "one", "step-2/model": "two"}


def test_a_copy_without_its_list_is_never_restored(copying: Copying) -> None:
    copying.s3.put_object(Bucket=BUCKET, Key=f"{copying.prefix}checkpoints/0001-000001/model", Body=b"half")
    assert copying.latest is None


def test_a_list_that_leads_out_of_the_folder_is_refused(copying: Copying, tmp_path: Path) -> None:
    key = f"{copying.prefix}checkpoints/0001-000001.json"
    listed = {"files": [{"path": "../x", "size": 1, "modified_ns": 0, "key": key}], "links": {}}
    copying.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(listed).encode())
    with pytest.raises(ValueError, match="not a path in the folder"):
        restore(copying.s3, key, tmp_path / "node", bucket=BUCKET)
    assert not (tmp_path / "x").exists()


def test_a_truncated_object_is_not_taken_for_the_file(copying: Copying, tmp_path: Path) -> None:
    copying.write("model", "weights")
    copying.copies.finish()
    copying.s3.put_object(Bucket=BUCKET, Key=f"{copying.prefix}checkpoints/0001-000001/model", Body=b"w")
    assert copying.latest
    with pytest.raises(ValueError, match="has 1 bytes, and 7 are expected"):
        restore(copying.s3, copying.latest, tmp_path / "node", bucket=BUCKET)


def test_a_file_with_a_later_time_and_equal_size_is_a_change(copying: Copying) -> None:
    copying.write("model", "one")
    copying.scan()
    copying.scan()
    copying.write("model", "two")
    os.utime(copying.folder / "model", ns=(1, 1))
    copying.copies.finish()
    assert "0001-000002/model" in copying.keys
