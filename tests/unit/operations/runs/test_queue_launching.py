"""Runs in queues, from the request to the job of AWS Batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.operations.runs import (
    QueueRequest,
    RunRequest,
    RunTable,
    find_run,
    launch_in_queue,
    prepared,
    select_place,
)
from mlinfra.operations.runs.submission import read_submitted
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.runner import RunSpecification
from tests.conftest import an_environment, an_experiment
from tests.unit.declarations.test_training_queue import a_declared_queue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.operations.runs import Run

pytestmark = pytest.mark.usefixtures("small_runner")
ENVIRONMENT = an_environment(
    account_id="123456789012", emulated=True, experiments=[an_experiment()], queues=[a_declared_queue()]
)
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/two-tower:2.3"


def launched(folder: Path, **size: Any) -> RunSpecification:
    request = RunRequest(command=("python", "train.py"), folder=folder, image=IMAGE)
    place = select_place(ENVIRONMENT, "ranking", QueueRequest(team="ranking", **size), request)
    with prepared(request, Quiet()) as prepared_run:
        return launch_in_queue(RunTable(ENVIRONMENT), ENVIRONMENT.experiments[0], prepared_run, place, progress=Quiet())


def recorded(spec: RunSpecification) -> Run:
    """The run as it is recorded, without the state of its job, which moto ends at any time."""
    return read_submitted(RunTable(ENVIRONMENT), spec)


def test_the_record_of_a_run_names_its_job_which_leads_to_its_specification(
    models: Callable[..., Any], batch: Any, repository: Path
) -> None:
    spec = launched(repository, nodes=2)
    run = recorded(spec)
    assert (run.status, run.nodes, run.array_size) == ("waiting", 2, None)
    assert run.partition == "recsys-dev-ranking-multi-node"
    (job,) = batch.describe_jobs(jobs=[run.batch_job])["jobs"]
    assert job["jobName"] == f"{spec.run_id}-two-tower-v2"
    bucket = ENVIRONMENT.names.bucket("models")
    body = models("s3").get_object(Bucket=bucket, Key=run.specification_key)["Body"].read()
    assert RunSpecification.from_json(body) == spec
    assert models("s3").head_object(Bucket=bucket, Key=spec.code.key if spec.code else "")["ContentLength"]


@pytest.mark.usefixtures("models", "batch")
def test_the_size_of_an_array_is_in_the_record(repository: Path) -> None:
    spec = launched(repository, array_size=3)
    assert recorded(spec).array_size == 3
    assert spec.ranks == 3


@pytest.mark.usefixtures("models", "batch")
def test_a_run_whose_job_is_refused_has_ended_with_the_reason(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        if operation == "SubmitJob":
            raise ClientError({"Error": {"Code": "ClientException", "Message": "shares are exhausted"}}, operation)
        return make_call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", called)
    with pytest.raises(OperationError, match="shares are exhausted"):
        launched(repository)
    run = find_run(ENVIRONMENT, "latest")
    assert (run.status, run.batch_job) == ("failed", None)
    assert "shares are exhausted" in str(run.reason)
    assert run.ended_at is not None


def test_nothing_is_uploaded_for_a_queue_that_is_not_deployed(models: Callable[..., Any], repository: Path) -> None:
    with pytest.raises(OperationError, match="does not exist in AWS"):
        launched(repository)
    assert "Contents" not in models("s3").list_objects_v2(Bucket=ENVIRONMENT.names.bucket("models"))
