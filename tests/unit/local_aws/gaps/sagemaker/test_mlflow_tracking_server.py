"""SageMaker MLflow tracking servers."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import refusal
from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE


def test_a_tracking_server_starts_and_stops(sagemaker: Any) -> None:
    server = {"TrackingServerName": "team"}
    sagemaker.create_mlflow_tracking_server(**server, ArtifactStoreUri="s3://bucket/mlflow", RoleArn=ROLE)
    described = sagemaker.describe_mlflow_tracking_server(**server)
    assert (described["TrackingServerStatus"], described["TrackingServerSize"]) == ("Creating", "Small")
    assert refusal(sagemaker.start_mlflow_tracking_server, **server)["Code"] == "ConflictException"
    sagemaker.stop_mlflow_tracking_server(**server)
    stopping = [sagemaker.describe_mlflow_tracking_server(**server) for _ in range(2)]
    assert [each["TrackingServerStatus"] for each in stopping] == ["Stopping", "Stopped"]
    assert stopping[1]["IsActive"] == "Inactive"
    (listed,) = sagemaker.list_mlflow_tracking_servers(TrackingServerStatus="Stopped")["TrackingServerSummaries"]
    assert listed["TrackingServerName"] == "team"
    sagemaker.delete_mlflow_tracking_server(**server)
    assert sagemaker.describe_mlflow_tracking_server(**server)["TrackingServerStatus"] == "Deleting"
    assert refusal(sagemaker.describe_mlflow_tracking_server, **server)["Code"] == "ResourceNotFound"
