from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.operations.deploy.applied_settings import copy_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_only_the_files_with_settings_are_copied(tmp_path: Path) -> None:
    stack = tmp_path / "stack"
    stack.mkdir()
    for name in ("cdk.tf.json", ".terraform.lock.hcl", "function.zip"):
        (stack / name).write_text("x")
    copy_settings(stack, tmp_path / "copy")
    assert {each.name for each in (tmp_path / "copy").iterdir()} == {"cdk.tf.json", ".terraform.lock.hcl"}
