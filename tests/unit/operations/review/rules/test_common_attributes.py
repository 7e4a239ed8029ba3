from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, rules_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("kind", "before", "after", "found"),
    [
        ("cloudwatch_event_bus", {"kms_key_identifier": "k"}, {"kms_key_identifier": None}, ("MLR128", "hold")),
        ("ssm_parameter", {"key_id": "k"}, {"key_id": "alias/aws/ssm"}, ("MLR128", "hold")),
        ("efs_mount_target", {"security_groups": ["a"]}, {"security_groups": ["b"]}, ("MLR316", "warning")),
        ("flow_log", {"iam_role_arn": "a"}, {"iam_role_arn": "b"}, ("MLR224", "hold")),
        ("glue_job", {"default_arguments": {"--extra-py-files": "s3://a/x.zip"}},
         {"default_arguments": {"--extra-py-files": "s3://b/x.zip"}}, ("MLR521", "hold")),
        ("launch_template", {"user_data": "YQ=="}, {"user_data": "Yg=="}, ("MLR522", "warning")),
        ("codebuild_webhook", {"filter_group": [{"filter": [{"pattern": "PUSH"}]}]},
         {"filter_group": [{"filter": [{"pattern": "PUSH, PULL_REQUEST_CREATED"}]}]}, ("MLR228", "hold")),
    ],
)  # fmt: skip
def test_changed_keys_roles_groups_and_scripts_are_found(
    tmp_path: Path, kind: str, before: dict[str, Any], after: dict[str, Any], found: tuple[str, str]
) -> None:
    assert found in rules_of(tmp_path, change(f"aws_{kind}.x", before, after))


def test_a_removed_security_group_and_a_first_key_have_no_finding(tmp_path: Path) -> None:
    before, after = ({"security_groups": each} for each in (["a", "b"], ["a"]))
    assert not rules_of(tmp_path, change("aws_efs_mount_target.x", before, after))
    before, after = ({"kms_key_identifier": each} for each in (None, "k"))
    assert not rules_of(tmp_path, change("aws_cloudwatch_event_bus.x", before, after))
