"""A run's model becomes a version that waits for approval, with its origin and metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.registration import register_run
from tests.unit.operations.registration.conftest import BUCKET, COMMIT, ENVIRONMENT
from tests.unit.operations.runs.recorded import RUN_ID

if TYPE_CHECKING:
    from tests.unit.operations.registration.conftest import RecordedRun

FOLDER = f"s3://{BUCKET}/two-tower-v2/runs/{RUN_ID}/outputs/"


def described(registry: Any) -> dict[str, Any]:
    (summary,) = registry.list_model_packages(ModelPackageGroupName="recsys-dev-two-tower")["ModelPackageSummaryList"]
    found: dict[str, Any] = registry.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
    return found


def refusal(run: str = RUN_ID, model: str = "two-tower") -> str:
    with pytest.raises(OperationError) as refused:
        register_run(ENVIRONMENT, model, run)
    return str(refused.value)


def test_a_version_waits_for_approval_and_names_run_commit_and_infrastructure(run: RecordedRun, registry: Any) -> None:
    run.write("metrics.json", b'{"recall_at_10": 0.6, "test": {"loss": 2.25}, "framework": "none"}')
    registered = register_run(ENVIRONMENT, "two-tower", RUN_ID)
    assert registered.is_new
    assert (registered.version.version, registered.version.approval) == (1, "PendingManualApproval")
    version = described(registry)
    assert version["ModelPackageDescription"] == f"Run {RUN_ID} of two-tower-v2"
    assert version["MetadataProperties"] == {
        "CommitId": COMMIT,
        "Repository": "https://gitlab.example.com/ml/platform",
        "GeneratedBy": f"mlinfra run {RUN_ID}",
        "ProjectId": "recsys",
    }
    properties = version["CustomerMetadataProperties"]
    assert properties["infrastructure-commit"] == "1234567"
    assert properties["branch"] == "feature-1"
    assert (properties["metric:recall_at_10"], properties["metric:test.loss"]) == ("0.6", "2.25")
    assert version["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == f"{FOLDER}metrics.json"
    assert version["SourceUri"] == f"{FOLDER}model/"


def test_an_image_makes_a_version_that_an_endpoint_can_be_created_from(run: RecordedRun, registry: Any) -> None:
    register_run(ENVIRONMENT, "two-tower", RUN_ID, image="two-tower:1.0")
    (container,) = described(registry)["InferenceSpecification"]["Containers"]
    assert container["Image"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/recsys-dev/two-tower:1.0"
    source = {"S3Uri": f"{FOLDER}model/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    assert container["ModelDataSource"] == {"S3DataSource": source}
    del run


def test_an_archive_is_preferred_to_a_folder(run: RecordedRun, registry: Any) -> None:
    run.write("model.tar.gz", b"archive")
    version = register_run(ENVIRONMENT, "two-tower", RUN_ID, image="two-tower:1.0").version
    assert version.model_data == f"{FOLDER}model.tar.gz"
    assert described(registry)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == version.model_data


def test_a_run_is_registered_once(run: RecordedRun, registry: Any) -> None:
    first = register_run(ENVIRONMENT, "two-tower", RUN_ID)
    again = register_run(ENVIRONMENT, "two-tower", RUN_ID)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.version == first.version
    described(registry)
    run.record("20261130-101500-7f3b")
    run.write("model/two_tower.json", run_id="20261130-101500-7f3b")
    assert register_run(ENVIRONMENT, "two-tower", "20261130-101500-7f3b").version.version == 2


def test_metrics_without_room_in_the_registry_are_named(run: RecordedRun, registry: Any) -> None:
    run.write("metrics.json", json.dumps({f"recall_at_{number:02}": number for number in range(60)}).encode())
    registered = register_run(ENVIRONMENT, "two-tower", RUN_ID)
    properties = described(registry)["CustomerMetadataProperties"]
    assert len(properties) == 50
    assert len(registered.left_out) == 60 - sum(name.startswith("metric:") for name in properties)
    assert registered.left_out[-1] == "recall_at_59"


def test_a_run_that_has_not_succeeded_is_refused(run: RecordedRun) -> None:
    run.record(status="failed")
    assert f"The run {RUN_ID} is failed" in refusal()


def test_a_run_without_a_model_is_refused_with_the_places_of_one(run: RecordedRun) -> None:
    run.record("20261130-101500-7f3b")
    message = refusal("20261130-101500-7f3b")
    assert "outputs of the run contain no model" in message
    assert "model.tar.gz" in message


def test_an_undeclared_model_is_refused_with_the_declared_ones(run: RecordedRun) -> None:
    del run
    assert "has no model 'ranker'. Declared: two-tower." in refusal(model="ranker")


def test_an_unknown_run_is_refused(run: RecordedRun) -> None:
    del run
    assert "There is no run '20261130-101500-0000'" in refusal("20261130-101500-0000")


def test_a_model_whose_group_is_not_deployed_is_refused(run: RecordedRun, registry: Any) -> None:
    registry.delete_model_package_group(ModelPackageGroupName="recsys-dev-two-tower")
    assert "Model Package Group" in refusal()
    del run
