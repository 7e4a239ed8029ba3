"""Tags of SageMaker resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_existing_tag_is_replaced(sagemaker: Any) -> None:
    arn = sagemaker.create_model(ModelName="tagged", ExecutionRoleArn=ROLE, Tags=[{"Key": "Team", "Value": "ml"}])[
        "ModelArn"
    ]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Team", "Value": "data"}, {"Key": "Owner", "Value": "ana"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["Owner"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "Team", "Value": "data"}]


def test_a_resource_of_a_gap_is_found_by_its_tags(client: Callable[..., Any], sagemaker: Any) -> None:
    arn = sagemaker.create_image(ImageName="tagged", RoleArn=ROLE, Tags=[{"Key": "Project", "Value": "found-by-tags"}])[
        "ImageArn"
    ]
    filters = [{"Key": "Project", "Values": ["found-by-tags"]}]
    found = client("resourcegroupstaggingapi").get_resources(TagFilters=filters)["ResourceTagMappingList"]
    assert [each["ResourceARN"] for each in found] == [arn]


def test_the_tags_of_an_unknown_resource_are_refused(sagemaker: Any) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:image/nowhere"
    with pytest.raises(ClientError, match="Could not find") as caught:
        sagemaker.list_tags(ResourceArn=arn)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
