"""What holds for SageMaker as a whole: requests, tags, accounts' regions, and whether moto has caught up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mlinfra.local_aws.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]

ROLE = "arn:aws:iam::123456789012:role/anybody"


@pytest.fixture
def sagemaker(client: Client) -> Any:
    return client("sagemaker")


def test_a_request_without_what_it_needs_is_refused(sagemaker: Any) -> None:
    unchecked = boto3.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=sagemaker.meta.endpoint_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  there is no secret: nothing checks it
        config=Config(parameter_validation=False),
    )
    with pytest.raises(ClientError, match="Value null at 'modelName'") as caught:
        unchecked.create_model(ExecutionRoleArn=ROLE)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_value_that_no_enumeration_has_is_refused(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match=r"Value 'LDAP' at 'authMode'.*enum value set: \[SSO, IAM\]"):
        sagemaker.create_domain(DomainName="ldap", AuthMode="LDAP", DefaultUserSettings={})


def test_a_tag_has_one_value(sagemaker: Any) -> None:
    arn = sagemaker.create_model(ModelName="tagged", ExecutionRoleArn=ROLE, Tags=[{"Key": "Team", "Value": "ml"}])[
        "ModelArn"
    ]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Team", "Value": "data"}, {"Key": "Owner", "Value": "ana"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["Owner"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "Team", "Value": "data"}]


def test_what_the_gaps_keep_is_found_by_its_tags(client: Client, sagemaker: Any) -> None:
    arn = sagemaker.create_image(ImageName="tagged", RoleArn=ROLE, Tags=[{"Key": "Project", "Value": "found-by-tags"}])[
        "ImageArn"
    ]
    filters = [{"Key": "Project", "Values": ["found-by-tags"]}]
    found = client("resourcegroupstaggingapi").get_resources(TagFilters=filters)["ResourceTagMappingList"]
    assert [each["ResourceARN"] for each in found] == [arn]


def test_the_tags_of_nothing_are_refused(sagemaker: Any) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:image/nowhere"
    with pytest.raises(ClientError, match="Could not find") as caught:
        sagemaker.list_tags(ResourceArn=arn)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_regions_are_apart(client: Client) -> None:
    client("sagemaker").create_image(ImageName="only-here", RoleArn=ROLE)
    elsewhere = client("sagemaker", "eu-west-1")
    with pytest.raises(ClientError, match="does not exist"):
        elsewhere.describe_image(ImageName="only-here")


@pytest.mark.local_aws
def test_a_reset_forgets_what_the_gaps_keep() -> None:
    with serving() as local_aws:
        sagemaker = boto3.client(
            "sagemaker",
            region_name="us-east-1",
            endpoint_url=local_aws.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  there is no secret: nothing checks it
        )
        sagemaker.create_image(ImageName="forgotten", RoleArn=ROLE)
        local_aws.reset()
        assert sagemaker.list_images()["Images"] == []
