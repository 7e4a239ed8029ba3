from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform import StackSettings

if TYPE_CHECKING:
    from pathlib import Path

LOCK = """# This file is maintained automatically by "terraform init".
provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = ">= 5.100.0, < 7.0.0"
  hashes = [
    "h1:a",
  ]
}
"""
SETTINGS = StackSettings(
    "1.11.4",
    {"registry.terraform.io/hashicorp/aws": "5.100.0"},
    {"aws_autoscaling_group.g": ("desired_capacity",), "aws_instance.i": ("all",)},
    ("aws_s3_bucket.b",),
)


def test_settings_are_read_from_the_stack_and_its_lock_file(tmp_path: Path) -> None:
    resources = {
        "aws_autoscaling_group": {"g": {"lifecycle": {"ignore_changes": ["desired_capacity"]}}},
        "aws_instance": {"i": {"lifecycle": {"ignore_changes": "all"}}},
        "aws_s3_bucket": {"b": {"lifecycle": [{"prevent_destroy": True}]}, "c": {}},
    }
    (tmp_path / "cdk.tf.json").write_text(json.dumps({"resource": resources}))
    (tmp_path / ".terraform.lock.hcl").write_text(LOCK)
    assert StackSettings.read(tmp_path, "1.11.4") == SETTINGS


def test_a_stack_without_resources_and_lock_file_has_no_settings(tmp_path: Path) -> None:
    (tmp_path / "cdk.tf.json").write_text("{}")
    assert StackSettings.read(tmp_path, "1.11.4") == StackSettings("1.11.4")


def test_packed_settings_are_unpacked_again() -> None:
    assert StackSettings.unpacked(SETTINGS.packed()) == SETTINGS


def test_the_settings_of_a_hundred_resources_fit_into_a_record() -> None:
    ignored = {
        f"aws_autoscaling_group.experiment-{each}_group_{each:08X}": ("desired_capacity",) for each in range(100)
    }
    assert len(StackSettings("1.11.4", {}, ignored).packed()) < 3_000


@pytest.mark.parametrize("text", ["", "x", "bm90IHpsaWI="])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        StackSettings.unpacked(text)
