"""Validation of SageMaker requests against the API model."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE


def test_a_request_without_a_required_member_is_refused(sagemaker: Any) -> None:
    unchecked = boto3.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=sagemaker.meta.endpoint_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  not a secret: any value is accepted
        config=Config(parameter_validation=False),
    )
    with pytest.raises(ClientError, match="Value null at 'modelName'") as caught:
        unchecked.create_model(ExecutionRoleArn=ROLE)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_value_outside_an_enumeration_is_refused(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match=r"Value 'LDAP' at 'authMode'.*enum value set: \[SSO, IAM\]"):
        sagemaker.create_domain(DomainName="ldap", AuthMode="LDAP", DefaultUserSettings={})
