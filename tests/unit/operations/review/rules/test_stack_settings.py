from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.review import APPLIED_SETTINGS, review
from mlinfra.operations.terraform import StackSettings
from tests.unit.operations.review.plans import TODAY, change, texts

if TYPE_CHECKING:
    from pathlib import Path

AWS = "registry.terraform.io/hashicorp/aws"
GROUP = "aws_autoscaling_group.g"
BUCKET = "aws_s3_bucket.b"
APPLIED = StackSettings("1.11.4", {AWS: "5.100.0"}, {GROUP: ("desired_capacity",)}, (BUCKET,))


def found(
    folder: Path,
    *changes: dict[str, Any],
    applied: str = APPLIED.packed(),
    ignored: Any = ("desired_capacity",),
    kept: bool = True,
    provider: str = "5.100.0",
    terraform: str = "1.11.4",
) -> dict[str, str]:
    """The texts about a plan beside a synthesized stack, and the settings of the last apply."""
    names = list(ignored) if isinstance(ignored, tuple) else ignored
    resources = {
        "aws_autoscaling_group": {"g": {"lifecycle": {"ignore_changes": names}}},
        "aws_s3_bucket": {"b": {"lifecycle": {"prevent_destroy": kept}}},
    }
    (folder / "stack").mkdir()
    (folder / "stack" / "cdk.tf.json").write_text(json.dumps({"resource": resources}))
    (folder / "stack" / ".terraform.lock.hcl").write_text(f'provider "{AWS}" {{\n  version     = "{provider}"\n}}\n')
    (folder / APPLIED_SETTINGS).write_text(applied)
    plan = {"format_version": "1.2", "terraform_version": terraform, "resource_changes": list(changes)}
    (folder / "plan.json").write_text(json.dumps(plan))
    return texts(review([folder], root=folder, today=TODAY))


def test_unchanged_settings_have_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path) == {}


def test_added_ignored_changes_are_held(tmp_path: Path) -> None:
    assert found(tmp_path, ignored=("desired_capacity", "tag")) == {
        "MLR011": f"Changes of `tag` of `{GROUP}` are ignored. Ignored before: `desired_capacity`."
    }


def test_all_changes_ignored_are_held(tmp_path: Path) -> None:
    assert "Changes of `all`" in found(tmp_path, ignored="all")["MLR011"]


def test_removed_ignored_changes_are_not_reported(tmp_path: Path) -> None:
    assert found(tmp_path, ignored=()) == {}


def test_ignored_changes_of_a_new_resource_are_not_reported(tmp_path: Path) -> None:
    created = change(GROUP, None, {"name": "g", "tag": []})
    assert "MLR011" not in found(tmp_path, created, ignored=("desired_capacity", "tag"))


def test_a_removed_prevent_destroy_is_held(tmp_path: Path) -> None:
    assert found(tmp_path, kept=False) == {"MLR012": f"`{BUCKET}` is without `prevent_destroy`."}


def test_older_versions_are_held(tmp_path: Path) -> None:
    assert found(tmp_path, provider="5.99.1") == {
        "MLR013": f"The provider `{AWS}` is version `5.99.1`, and was `5.100.0` at the last apply."
    }


def test_an_older_terraform_is_held(tmp_path: Path) -> None:
    assert found(tmp_path, terraform="1.9.8") == {
        "MLR013": "Terraform is version `1.9.8`, and was `1.11.4` at the last apply."
    }


def test_newer_versions_are_not_reported(tmp_path: Path) -> None:
    assert found(tmp_path, provider="6.0.0", terraform="1.12.0") == {}


def test_unreadable_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"settings of the last apply in .* cannot be read: .*\. Plan again"):
        found(tmp_path, applied="x")
