"""Cost allocation tags and their status."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code


def test_cost_allocation_tags_are_activated_and_found_by_status(ce: Any) -> None:
    status = [{"TagKey": "Team", "Status": "Active"}, {"TagKey": "aws:createdBy", "Status": "Inactive"}]
    assert ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=status)["Errors"] == []
    active = ce.list_cost_allocation_tags(Status="Active")["CostAllocationTags"]
    assert [(each["TagKey"], each["Type"]) for each in active] == [("Team", "UserDefined")]
    generated = ce.list_cost_allocation_tags(Type="AWSGenerated")["CostAllocationTags"]
    assert [each["TagKey"] for each in generated] == ["aws:createdBy"]
    first = ce.list_cost_allocation_tags(MaxResults=1)
    rest = ce.list_cost_allocation_tags(MaxResults=1, NextToken=first["NextToken"])
    assert [each["TagKey"] for each in first["CostAllocationTags"] + rest["CostAllocationTags"]] == [
        "Team",
        "aws:createdBy",
    ]


def test_an_invalid_status_of_a_cost_allocation_tag_is_refused(ce: Any) -> None:
    status = [{"TagKey": "Team", "Status": "On"}]
    assert error_code(ce.update_cost_allocation_tags_status, CostAllocationTagsStatus=status) == "ValidationException"
