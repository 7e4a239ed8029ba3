"""SageMaker code repositories."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import refusal


def test_a_code_repository_keeps_its_url_when_its_secret_changes(sagemaker: Any) -> None:
    repository = {"CodeRepositoryName": "models"}
    address = "https://github.com/example/models.git"
    sagemaker.create_code_repository(**repository, GitConfig={"RepositoryUrl": address})
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:AmazonSageMaker-git"  # noqa: S105
    sagemaker.update_code_repository(**repository, GitConfig={"SecretArn": secret})
    described = sagemaker.describe_code_repository(**repository)
    assert described["GitConfig"] == {"RepositoryUrl": address, "SecretArn": secret}
    sagemaker.delete_code_repository(**repository)
    error = refusal(sagemaker.describe_code_repository, **repository)
    assert error["Message"].startswith("Cannot find CodeRepository")
