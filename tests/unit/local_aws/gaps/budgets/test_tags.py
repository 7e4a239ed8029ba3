"""Tags of budgets."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code

ARN = "arn:aws:budgets::123456789012:budget/team"


def test_tags_are_kept_added_and_removed(budgets: Any) -> None:
    assert budgets.list_tags_for_resource(ResourceARN=ARN)["ResourceTags"] == [{"Key": "Team", "Value": "ml"}]
    budgets.tag_resource(ResourceARN=ARN, ResourceTags=[{"Key": "Owner", "Value": "ana"}])
    budgets.untag_resource(ResourceARN=ARN, ResourceTagKeys=["Team"])
    assert budgets.list_tags_for_resource(ResourceARN=ARN)["ResourceTags"] == [{"Key": "Owner", "Value": "ana"}]
    assert error_code(budgets.list_tags_for_resource, ResourceARN=f"{ARN}-none") == "NotFoundException"
