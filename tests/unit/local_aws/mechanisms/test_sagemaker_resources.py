"""Regions and resets of SageMaker resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlinfra.local_aws.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable


ROLE = "arn:aws:iam::123456789012:role/anybody"


@pytest.fixture
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


def test_resources_are_separated_by_region(client: Callable[..., Any]) -> None:
    client("sagemaker").create_image(ImageName="only-here", RoleArn=ROLE)
    elsewhere = client("sagemaker", "eu-west-1")
    with pytest.raises(ClientError, match="does not exist"):
        elsewhere.describe_image(ImageName="only-here")


@pytest.mark.local_aws
def test_a_reset_deletes_the_resources_of_gaps() -> None:
    with serving() as local_aws:
        sagemaker = boto3.client(
            "sagemaker",
            region_name="us-east-1",
            endpoint_url=local_aws.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  not a secret: any value is accepted
        )
        sagemaker.create_image(ImageName="forgotten", RoleArn=ROLE)
        local_aws.reset()
        assert sagemaker.list_images()["Images"] == []
