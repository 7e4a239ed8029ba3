from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.deploy.plan_archive import pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "tfplan": b"plan",
    "plan.json": b"{}",
    "about.json": b"{}",
    "stack/cdk.tf.json": b"{}",
    "stack/.terraform.lock.hcl": b"lock",
    "stack/assets/function/code.zip": b"code",
}
OTHER = {"stack/.terraform/providers/aws": b"provider", "apply.log": b"log", "attempt.json": b"{}"}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def archive(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, file in files.items():
            made.writestr(name, file)
    return content.getvalue()


def test_an_archive_contains_the_plan_and_its_stack_without_providers_and_records(tmp_path: Path) -> None:
    content = pack(written(tmp_path / "saved", FILES | OTHER))
    (tmp_path / "out").mkdir()
    unpack(content, tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*")}
    assert {name: path.read_bytes() for name, path in found.items() if path.is_file()} == FILES


def test_equal_plans_have_equal_archives_at_any_time_and_after_an_apply(tmp_path: Path) -> None:
    first = written(tmp_path / "first", FILES)
    second = written(tmp_path / "second", dict(reversed(FILES.items())) | OTHER)
    os.utime(second / "tfplan", (0, 0))
    assert pack(first) == pack(second)
    (second / "tfplan").write_bytes(b"other")
    assert pack(first) != pack(second)


@pytest.mark.parametrize(
    "content",
    [
        b"not an archive",
        archive({"tfplan": b"plan"}),
        archive(FILES | {"../main.py": b"x"}),
        archive(FILES | {"stack/../../main.py": b"x"}),
        archive(FILES | {"/etc/passwd": b"x"}),
        archive(FILES | {"stack/..\\..\\main.py": b"x"}),
        archive(FILES | {"attempt.json": b"{}"}),
    ],
    ids=["no-archive", "incomplete", "parent", "parent-of-the-stack", "absolute", "backslashes", "unknown-file"],
)
def test_any_other_archive_is_refused_and_nothing_is_written(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    with pytest.raises(OperationError, match="not an archive that `mlinfra plan --store` wrote"):
        unpack(content, folder)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
