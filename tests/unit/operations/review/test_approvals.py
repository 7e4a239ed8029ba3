from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.unit.operations.review.approvals import approved, entry
from tests.unit.operations.review.plans import TODAY, allow, change, policy, reviewed

if TYPE_CHECKING:
    from pathlib import Path


def test_an_approved_finding_is_not_held_until_the_end_of_its_day(tmp_path: Path) -> None:
    report = approved(tmp_path, entry(tmp_path))
    assert (report.exit_code, report.held) == (0, ())
    (found,) = report.approved
    assert found.approved_by == "ana@example.com, until 2026-11-26: It was copied."


def test_an_expired_approval_is_reported(tmp_path: Path) -> None:
    given = entry(tmp_path, until=TODAY - timedelta(days=1))
    report = approved(tmp_path, given)
    assert report.exit_code == 3
    assert [each.text for each in report.findings if each.id == "MLR901"] == [
        (
            f"The approval of `MLR101 {given['digest']}` for `aws_s3_bucket.x` by `ana@example.com` in "
            f"`approvals/data.yaml` expired on 2026-11-25."
        )
    ]


def test_an_approval_without_a_matching_finding_is_a_note(tmp_path: Path) -> None:
    report = approved(tmp_path, entry(tmp_path, address="aws_s3_bucket.y"))
    assert report.exit_code == 3
    assert [each.id for each in report.findings] == ["MLR101", "MLR902"]


def test_an_approval_for_a_stack_that_is_not_reviewed_is_skipped(tmp_path: Path) -> None:
    report = approved(tmp_path, entry(tmp_path, stack="prod-data"))
    assert report.exit_code == 3
    assert [each.id for each in report.findings] == ["MLR101"]


def test_an_approval_does_not_cover_another_fact_at_the_same_address(tmp_path: Path) -> None:
    """An approval of one statement of a policy must not approve another one."""
    role = {"name": "r", "role": "worker"}

    def plan(*actions: str) -> dict[str, object]:
        before = {**role, "policy": policy(allow("s3:ListBucket", "arn:aws:s3:::data"))}
        statements = [
            allow("s3:ListBucket", "arn:aws:s3:::data"),
            *(allow(each, "arn:aws:s3:::data/*") for each in actions),
        ]
        return change("aws_iam_role_policy.x", before, {**role, "policy": policy(*statements)})

    (harmless,) = reviewed(tmp_path, plan("s3:GetObject")).held
    (dangerous,) = reviewed(tmp_path, plan("kms:ScheduleKeyDeletion")).held
    assert harmless.digest != dangerous.digest
    given = entry(tmp_path, finding=harmless.id, digest=harmless.digest, address=harmless.address)
    approved(tmp_path, given)
    assert reviewed(tmp_path, plan("s3:GetObject")).exit_code == 0
    report = reviewed(tmp_path, plan("kms:ScheduleKeyDeletion"))
    assert [each.id for each in report.findings if each.id != "MLR601"] == ["MLR201", "MLR904"]
    assert report.exit_code == 3


def test_a_shortened_text_has_a_digest_of_all_of_it(tmp_path: Path) -> None:
    role = {"name": "r", "role": "worker"}

    def digest(*, last: str) -> str:
        actions = [*(f"s3:Get{number:02}" for number in range(30)), last]
        after = {**role, "policy": policy(allow(actions, "arn:aws:s3:::data"))}
        return reviewed(tmp_path, change("aws_iam_role_policy.x", {**role, "policy": policy()}, after)).held[0].digest

    assert digest(last="s3:GetZero") != digest(last="s3:PutObject")
