"""SageMaker Studio apps."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import create_domain


def test_a_deleted_app_is_still_described_and_its_name_can_be_used_again(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "apps")
    sagemaker.create_space(DomainId=domain, SpaceName="lab")
    app = {"DomainId": domain, "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default"}
    arn = sagemaker.create_app(**app)["AppArn"]
    assert arn.endswith(f":app/{domain}/lab/jupyterlab/default")
    assert error_code(sagemaker.delete_space, DomainId=domain, SpaceName="lab") == "ResourceInUse"
    sagemaker.delete_app(**app)
    assert [sagemaker.describe_app(**app)["Status"] for _ in range(3)] == ["Deleting", "Deleted", "Deleted"]
    assert error_code(sagemaker.delete_app, **app) == "ResourceNotFound"
    sagemaker.create_app(**app)
    assert sagemaker.describe_app(**app)["Status"] == "Pending"


def test_an_app_without_a_space_or_user_profile_is_refused(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "nowhere")
    code = error_code(sagemaker.create_app, DomainId=domain, AppType="JupyterLab", AppName="default")
    assert code == "ValidationException"
