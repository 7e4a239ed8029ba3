"""Submission of runs to a local AWS: objects, records, and what a refusal leaves."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.functions.contract import Table
from mlinfra.operations.runs import RunRequest, RunTable, cancel_run, find_run, prepared
from mlinfra.operations.runs.occupancy import Admission, expect_no_active_run, find_place
from mlinfra.operations.runs.submission import submit, upload_run
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.runner import RunAttribute, RunKey, RunSpecification
from mlinfra.runner.contract import JOIN_SECONDS, RUN_ID
from tests.unit.operations.runs.recorded import CLUSTER, ENVIRONMENT, ME
from tests.unit.operations.runs.repositories import git, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("small_runner")
BUCKET = ENVIRONMENT.names.bucket("models")
(EXPERIMENT,) = ENVIRONMENT.experiments


def submitted(folder: Path, *, admission: Admission = Admission.ALONE, **values: Any) -> RunSpecification:
    request = RunRequest(**{"command": ("python", "train.py", "--lr", "0.1"), "folder": folder, **values})
    table = RunTable(ENVIRONMENT)
    with prepared(request, Quiet()) as prepared_run:
        place = find_place(table, CLUSTER, EXPERIMENT.name, admission=admission)
        uploaded = upload_run(table, EXPERIMENT, prepared_run, nodes=2, wait_seconds=1800, progress=Quiet())
        return submit(table, uploaded, place, Quiet())


def keys(client: Callable[..., Any]) -> list[str]:
    return [each["Key"] for each in client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def content(client: Callable[..., Any], key: str) -> bytes:
    data: bytes = client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return data


def records(client: Callable[..., Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client("dynamodb").scan(TableName=ENVIRONMENT.names.records_table)["Items"]
    return items


def test_a_run_has_its_archives_its_specification_and_its_records(models: Callable[..., Any], repository: Path) -> None:
    spec = submitted(repository / "training", outputs="out", retries=2, keep_minutes=30, variables={"A": "1"})
    assert RUN_ID.fullmatch(spec.run_id)
    assert spec.code is not None
    code = content(models, spec.code.key)
    assert hashlib.sha256(code).hexdigest() == spec.code.sha256
    assert spec.code.key == f"two-tower-v2/code/{spec.code.sha256}.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(code)) as tar:
        assert "training/train.py" in tar.getnames()
    written = RunSpecification.from_json(content(models, f"two-tower-v2/runs/{spec.run_id}/run.json"))
    assert written == spec
    assert (spec.working_directory, spec.nodes, spec.command) == ("training", 2, ("python", "train.py", "--lr", "0.1"))
    assert (spec.retries, spec.keep_minutes, spec.outputs, spec.variables) == (2, 30, "out", {"A": "1"})
    assert spec.log_group == "/mlinfra/recsys/dev/training/two-tower-v2"
    assert spec.join_seconds == JOIN_SECONDS + 1800
    run = find_run(ENVIRONMENT, spec.run_id)
    assert (run.status, run.nodes, run.attempt, run.retries) == ("waiting", 2, 1, 2)
    assert run.command == "python train.py --lr 0.1"
    assert run.commit == git(repository, "rev-parse", "HEAD")
    assert run.submitted_by == ME


def test_the_record_leads_to_the_runner(models: Callable[..., Any], repository: Path) -> None:
    spec = submitted(repository)
    (record,) = [each for each in records(models) if each[Table.RECORD]["S"] == f"run#{spec.run_id}"]
    runner = content(models, record["runner_key"]["S"])
    assert hashlib.sha256(runner).hexdigest() == record["runner_sha256"]["S"]
    assert int(record[Table.EXPIRE_AT]["N"]) > spec.provenance.submitted_at + 399 * 86_400


def test_archives_are_uploaded_one_time(
    models: Callable[..., Any], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submitted(repository)
    cancel_run(ENVIRONMENT, first.run_id)
    archives = [each for each in keys(models) if each.endswith(".tar.gz")]
    times = [models("s3").head_object(Bucket=BUCKET, Key=each)["LastModified"] for each in archives]
    sent: list[str] = []
    with watched(monkeypatch, sent):
        submitted(repository)
    assert [each for each in keys(models) if each.endswith(".tar.gz")] == archives
    assert [models("s3").head_object(Bucket=BUCKET, Key=each)["LastModified"] for each in archives] == times
    assert sent.count("PutObject") == 1  # run.json


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, calls: list[str]) -> Iterator[None]:
    from botocore.client import BaseClient

    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return make_call(self, operation, arguments)

    with monkeypatch.context() as context:
        context.setattr(BaseClient, "_make_api_call", called)
        yield


def test_uncommitted_changes_are_recorded_as_a_patch(models: Callable[..., Any], repository: Path) -> None:
    write(repository, training__train_py="print('changed')\n")
    spec = submitted(repository, dirty=True)
    assert spec.provenance.patch_key == f"two-tower-v2/runs/{spec.run_id}/changes.patch"
    assert b"+print('changed')" in content(models, spec.provenance.patch_key)


def test_the_last_apply_of_the_infrastructure_is_recorded(models: Callable[..., Any], repository: Path) -> None:
    facts = {"commit": "c" * 40, "dirty": False, "when": "2026-11-29T12:00:00+00:00", "who": ME, "mlinfra": "0.1.0"}
    models("ssm").put_parameter(
        Name="/mlinfra/recsys/dev/training/commit", Value=json.dumps(facts | {"sha256": "d" * 64}), Type="String"
    )
    provenance = submitted(repository, data={"raw/clicks/": "v7"}).provenance
    assert (provenance.infrastructure_commit, provenance.infrastructure_plan) == ("c" * 40, "d" * 64)
    assert provenance.data == {"raw/clicks/": "v7"}
    assert (provenance.submitted_by, provenance.branch) == (ME, "main")


def test_a_lock_file_is_recorded_with_its_digest(models: Callable[..., Any], repository: Path) -> None:
    del models
    write(repository, training__requirements_txt="numpy==2.4.0\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Lock")
    lock = submitted(repository / "training", lock="requirements.txt", python="3.11").virtualenv
    assert lock is not None
    digest = hashlib.sha256(b"numpy==2.4.0\n").hexdigest()
    assert (lock.lock, lock.sha256, lock.python) == ("training/requirements.txt", digest, "3.11")


def test_an_image_of_the_environment_gets_its_uri(models: Callable[..., Any], repository: Path) -> None:
    del models
    spec = submitted(repository, image="two-tower:2.1", has_code=False)
    assert spec.image == "123456789012.dkr.ecr.us-east-1.amazonaws.com/recsys-dev/two-tower:2.1"
    assert spec.code is None


def test_an_occupied_cluster_is_refused_with_the_run_and_its_principal(
    models: Callable[..., Any], repository: Path
) -> None:
    first = submitted(repository)
    before = keys(models)
    with pytest.raises(OperationError, match=f"{CLUSTER} is occupied: {first.run_id}") as error:
        submitted(repository)
    assert "(python train.py --lr 0.1), waiting since" in error.value.message
    assert "submitted by you" in error.value.message
    assert "to run after it: --in-turn; to run beside it on the same GPUs: --concurrent" in error.value.message
    assert keys(models) == before
    assert submitted(repository, admission=Admission.CONCURRENT).concurrent


def test_a_run_in_turn_is_submitted_and_waits_on_the_nodes(models: Callable[..., Any], repository: Path) -> None:
    del models
    submitted(repository)
    second = submitted(repository, admission=Admission.IN_TURN)
    assert not second.concurrent
    assert find_run(ENVIRONMENT, second.run_id).status == "waiting"


def test_a_run_that_waits_needs_its_cluster_until_it_is_cancelled(models: Callable[..., Any], repository: Path) -> None:
    expect_no_active_run(ENVIRONMENT, EXPERIMENT.name, say=pytest.fail)
    del models
    run_id = submitted(repository).run_id
    with pytest.raises(OperationError, match=f"is needed by the run {run_id} .*, waiting, .* runs cancel {run_id}"):
        expect_no_active_run(ENVIRONMENT, EXPERIMENT.name, say=pytest.fail)
    cancel_run(ENVIRONMENT, run_id)
    expect_no_active_run(ENVIRONMENT, EXPERIMENT.name, say=pytest.fail)


def test_the_end_of_a_cancelled_run_is_waited_for(models: Callable[..., Any], repository: Path) -> None:
    run_id = submitted(repository).run_id
    run_on_a_node(models, run_id)
    assert cancel_run(ENVIRONMENT, run_id).nodes == 1
    said: list[str] = []

    def sleep(_: float) -> None:
        table = RunTable(ENVIRONMENT)
        table.end(find_run(ENVIRONMENT, run_id), "cancelled", "cancelled", only_if=("waiting", "running"))

    expect_no_active_run(ENVIRONMENT, EXPERIMENT.name, say=said.append, sleep=sleep)
    assert said == [f"The run {run_id} was cancelled, and its nodes are stopping it"]


def test_a_cancelled_run_that_does_not_end_is_named_after_the_longest_wait(
    models: Callable[..., Any], repository: Path
) -> None:
    run_id = submitted(repository).run_id
    run_on_a_node(models, run_id)
    cancel_run(ENVIRONMENT, run_id)
    slept: list[float] = []
    with pytest.raises(OperationError, match=r"It was cancelled, and its nodes have not recorded its end\. Try again;"):
        expect_no_active_run(ENVIRONMENT, EXPERIMENT.name, say=lambda _: None, seconds=10, sleep=slept.append)
    assert sum(slept) == 10


def run_on_a_node(client: Callable[..., Any], run_id: str) -> None:
    """Have a node report the run now."""
    key = RunKey(CLUSTER, run_id).node(1, "i-1")
    client("dynamodb").put_item(
        TableName=ENVIRONMENT.names.records_table,
        Item={
            **{name: {"S": value} for name, value in key.items()},
            RunAttribute.SEEN_AT: {"N": str(time.time())},
            RunAttribute.STEP: {"S": "running"},
        },
    )


def test_a_run_that_has_ended_occupies_nothing(models: Callable[..., Any], repository: Path) -> None:
    del models
    cancel_run(ENVIRONMENT, submitted(repository).run_id)
    submitted(repository)


def test_of_two_runs_that_are_submitted_at_the_same_time_one_is_refused(
    models: Callable[..., Any], repository: Path
) -> None:
    table = RunTable(ENVIRONMENT)
    with prepared(RunRequest(command=("true",), folder=repository), Quiet()) as prepared_run:
        places = [find_place(table, CLUSTER, EXPERIMENT.name) for _ in range(2)]
        uploaded = [
            upload_run(table, EXPERIMENT, prepared_run, nodes=1, wait_seconds=0, progress=Quiet()) for _ in places
        ]
        submit(table, uploaded[0], places[0], Quiet())
        with pytest.raises(OperationError, match="Another run was submitted to recsys-dev-two-tower-v2"):
            submit(table, uploaded[1], places[1], Quiet())
    assert not [each for each in records(models) if uploaded[1].spec.run_id in each[Table.RECORD]["S"]]


def test_without_the_bucket_the_stack_to_deploy_is_named(records: Callable[..., Any], repository: Path) -> None:
    del records
    with pytest.raises(OperationError, match="mlinfra up dev dev-data"):
        submitted(repository)


def test_a_refused_specification_leaves_no_record(
    models: Callable[..., Any], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.client import BaseClient

    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        if operation == "PutObject" and arguments["Key"].endswith("run.json"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, operation)
        return make_call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", called)
    with pytest.raises(OperationError, match="AWS refused PutObject"):
        submitted(repository)
    monkeypatch.undo()
    assert records(models) == []
