from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from mlinfra.errors import OperationError
from mlinfra.operations.review import approve
from tests.unit.operations.review.approvals import BUCKET, git
from tests.unit.operations.review.plans import TODAY, change, reviewed

if TYPE_CHECKING:
    from pathlib import Path

ANOTHER = change('aws_s3_bucket.other["a: b #"]', {"bucket": "c"}, None)


def record(
    folder: Path, *names: str, reason: str = "It was copied: see #5.", who: str | None = "ana@example.com"
) -> None:
    approve(names, [folder / "dev-data.json"], root=folder, today=TODAY, reason=reason, who=who)


def test_each_finding_gets_an_entry_that_is_valid_and_kept(tmp_path: Path) -> None:
    first, second = reviewed(tmp_path, BUCKET, ANOTHER).held
    record(tmp_path, first.digest)
    path = tmp_path / "approvals" / "dev-data.yaml"
    path.write_text(f"# Our approvals\n{path.read_text().rstrip()}")
    record(tmp_path, second.digest)
    assert path.read_text().startswith("# Our approvals\n- finding: MLR101\n")
    assert [each["digest"] for each in yaml.safe_load(path.read_text())] == [first.digest, second.digest]
    report = reviewed(tmp_path, BUCKET, ANOTHER)
    assert report.held == ()
    assert report.approved[0].approved_by == "ana@example.com, until 2026-12-03: It was copied: see #5."


def test_a_rule_that_holds_one_finding_can_be_named_by_its_id(tmp_path: Path) -> None:
    reviewed(tmp_path, BUCKET)
    record(tmp_path, "MLR101")
    assert reviewed(tmp_path, BUCKET).held == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("MLR101", "'MLR101' matches 2 findings. No approval was recorded. Choose by digest."),
        ("abcdef", "'abcdef' matches no finding that needs an approval. No approval was recorded."),
    ],
)
def test_an_unclear_name_records_nothing(tmp_path: Path, name: str, message: str) -> None:
    first, _ = reviewed(tmp_path, BUCKET, ANOTHER).held
    with pytest.raises(OperationError) as refused:
        record(tmp_path, first.digest, name)
    assert refused.value.message.startswith(message)
    assert f"{first.digest}  MLR101  dev-data  aws_s3_bucket." in refused.value.details
    assert not (tmp_path / "approvals").exists()


def test_a_plan_without_held_findings_needs_no_approval(tmp_path: Path) -> None:
    reviewed(tmp_path)
    with pytest.raises(OperationError, match="no finding of these plans needs an approval"):
        record(tmp_path, "MLR101")


def test_an_empty_reason_is_refused(tmp_path: Path) -> None:
    reviewed(tmp_path, BUCKET)
    with pytest.raises(OperationError, match="The reason of an approval is empty"):
        record(tmp_path, "MLR101", reason=" ")


def test_the_approver_is_the_user_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    reviewed(tmp_path, BUCKET)
    git(tmp_path, "init")
    with pytest.raises(OperationError, match="git does not know the approver's e-mail address"):
        record(tmp_path, "MLR101", who=None)
    git(tmp_path, "config", "user.email", "ben@example.com")
    record(tmp_path, "MLR101", who=None)
    (found,) = yaml.safe_load((tmp_path / "approvals" / "dev-data.yaml").read_text())
    assert found["who"] == "ben@example.com"
