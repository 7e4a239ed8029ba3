"""SageMaker Studio apps."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import create_domain


def test_a_deleted_app_stays_to_be_seen_and_gives_its_name_free(sagemaker: Any) -> None:
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


def test_an_app_is_in_one_place(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "nowhere")
    code = error_code(sagemaker.create_app, DomainId=domain, AppType="JupyterLab", AppName="default")
    assert code == "ValidationException"
