"""A run with outputs, and a registered model, in a local AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import RegisteredModel
from mlinfra.runner import Provenance, RunAttribute, RunSpecification, RunStatus
from tests.conftest import an_environment, an_experiment
from tests.local_aws import make_records_table
from tests.unit.operations.runs.recorded import CLUSTER, RUN_ID, put_run

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = RegisteredModel(name="two-tower", owner="ana@example.com", description="Which items a user may like.")
ENVIRONMENT = an_environment(account_id="123456789012", emulated=True, experiments=[an_experiment()], models=[MODEL])
BUCKET = ENVIRONMENT.names.bucket("models")
COMMIT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
SPECIFICATION = RunSpecification(
    run_id=RUN_ID,
    name="train",
    environment="dev",
    project="recsys",
    region="us-east-1",
    experiment="two-tower-v2",
    partition=CLUSTER,
    table=ENVIRONMENT.names.records_table,
    bucket=BUCKET,
    prefix=f"two-tower-v2/runs/{RUN_ID}/",
    log_group="/mlinfra/recsys/dev/training/two-tower-v2",
    command=("python", "-m", "training"),
    nodes=2,
    instance_type="g4dn.xlarge",
    gpus=1,
    efa_adapters=0,
    provenance=Provenance(
        submitted_by="arn:aws:sts::123456789012:assumed-role/recsys-dev-ci-train/gitlab-1-2",
        submitted_at=1_796_000_000.0,
        mlinfra="1.0",
        repository="https://gitlab.example.com/ml/platform",
        commit=COMMIT,
        branch="feature#1",
        infrastructure_commit="1234567",
    ),
)


class RecordedRun:
    """A run, as the command line and the nodes record it."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self._s3 = client("s3")
        self.record()

    def record(self, run_id: str = RUN_ID, *, status: str = RunStatus.SUCCEEDED, **attributes: Any) -> None:
        """Record the run with its specification, and further attributes."""
        specification = replace(SPECIFICATION, run_id=run_id, prefix=f"two-tower-v2/runs/{run_id}/")
        key = specification.run_object("run.json")
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=specification.to_json().encode())
        put_run(
            run_id,
            **{
                RunAttribute.STATUS: status,
                RunAttribute.BUCKET: BUCKET,
                RunAttribute.SPECIFICATION: key,
                RunAttribute.COMMIT: COMMIT,
                **attributes,
            },
        )

    def write(self, name: str, content: bytes = b"{}", *, run_id: str = RUN_ID) -> None:
        """Write a file to the outputs."""
        self._s3.put_object(Bucket=BUCKET, Key=f"two-tower-v2/runs/{run_id}/outputs/{name}", Body=content)


@pytest.fixture
def registry(client: Callable[..., Any]) -> Any:
    """The client of SageMaker, with the group of the model."""
    client("sagemaker").create_model_package_group(ModelPackageGroupName="recsys-dev-two-tower")
    return client("sagemaker")


@pytest.fixture
def run(client: Callable[..., Any], registry: Any) -> RecordedRun:  # noqa: ARG001
    """A run that succeeded and has written a model."""
    make_records_table(client, ENVIRONMENT.names.records_table)
    client("s3").create_bucket(Bucket=BUCKET)
    recorded = RecordedRun(client)
    recorded.write("model/two_tower.json")
    return recorded
