"""Submission of runs to queues, on the local AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.declarations import has_one_version, node_resources
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.runs.queue_submission import (
    QueueRequest,
    bootstrap_source,
    container_properties,
    expect_deployed,
    in_queue,
    place_in,
    submit_job,
)
from mlinfra.runner import Code
from tests.conftest import an_environment
from tests.unit.declarations.test_training_queue import a_declared_queue
from tests.unit.operations.runs.specifications import a_specification

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.operations.runs.queue_submission import QueuePlace
    from mlinfra.runner import RunSpecification

_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/two-tower:2.3"
_RUNNER = Code("two-tower-v2/runner/ef.tar.gz", "ef" * 32, 10)
_QUEUE = a_declared_queue()
_ENVIRONMENT = an_environment(account_id="123456789012", emulated=True, queues=[_QUEUE])


def _place(**request: Any) -> QueuePlace:
    return place_in(_QUEUE, QueueRequest(**{"team": "ranking", **request}), image=_IMAGE, retries=0)


def _spec(place: QueuePlace, **changes: Any) -> RunSpecification:
    return in_queue(a_specification(image=_IMAGE, virtualenv=None, **changes), _ENVIRONMENT, place)


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ({}, "spot"),
        ({"spot": False}, "on-demand"),
        ({"nodes": 4}, "multi-node"),
        ({"array_size": 8}, "spot"),
    ],
)
def test_a_run_is_in_the_job_queue_of_its_kind(request_: dict[str, Any], kind: str) -> None:
    assert _spec(_place(**request_)).partition == f"recsys-dev-ranking-{kind}"


def test_a_run_in_a_queue_has_the_nodes_and_the_logs_of_the_queue() -> None:
    spec = _spec(_place(nodes=3))
    assert (spec.queue, spec.nodes, spec.instance_type, spec.gpus) == ("ranking", 3, "g5.12xlarge", 4)
    assert spec.log_group == "/aws/batch/recsys-dev-ranking"
    assert spec.experiment == "two-tower-v2"


@pytest.mark.parametrize(
    ("request_", "image", "retries", "problem"),
    [
        ({}, None, 0, "--image: it is missing"),
        ({}, "two-tower:latest", 0, "--image: 'two-tower:latest' has no fixed version"),
        ({"team": None}, _IMAGE, 0, "--team: the queue has several teams. Expected: one of ranking, search."),
        ({"team": "ads"}, _IMAGE, 0, "--team: 'ads' is not a team of the queue"),
        ({"nodes": 17}, _IMAGE, 0, "--nodes: 17 is out of range. Expected: 1 to 16."),
        ({"nodes": 2, "spot": True}, _IMAGE, 0, "--spot: AWS Batch runs jobs of several nodes on demand only"),
        ({"nodes": 2, "array_size": 2}, _IMAGE, 0, "--array: it excludes --nodes"),
        ({"array_size": 501}, _IMAGE, 0, "--array: 501 is out of range. Expected: 2 to 500."),
        ({"gpus_per_node": 5}, _IMAGE, 0, "--gpus: 5 is out of range. Expected: 1 to 4."),
        ({"timeout_seconds": 59}, _IMAGE, 0, "--timeout: 59 seconds are too short"),
        ({"priority": 0}, _IMAGE, 0, "--priority: 0 is out of range"),
        ({}, _IMAGE, 10, "--retries: 10 is out of range. Expected: 0 to 9 in a queue."),
    ],
)
def test_a_run_that_the_queue_cannot_execute_is_refused(
    request_: dict[str, Any], image: str | None, retries: int, problem: str
) -> None:
    with pytest.raises(OperationError) as refused:
        place_in(_QUEUE, QueueRequest(**{"team": "ranking", **request_}), image=image, retries=retries)
    assert problem in refused.value.details


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(OperationError) as refused:
        place_in(_QUEUE, QueueRequest(nodes=99, array_size=1), image=None, retries=0)
    assert len(refused.value.details.splitlines()) == 5


def test_the_only_team_of_a_queue_need_not_be_named() -> None:
    queue = a_declared_queue(teams={"ads": 1.0})
    assert place_in(queue, QueueRequest(), image=_IMAGE, retries=0).team == "ads"


def test_a_container_starts_the_runner_with_the_limits_and_roles_of_runs() -> None:
    place = _place(gpus_per_node=2)
    found = container_properties(_ENVIRONMENT, _spec(place), place)
    assert found["command"] == ["python3", "-c", bootstrap_source()]
    assert found["jobRoleArn"] == "arn:aws:iam::123456789012:role/recsys-dev-ranking-run"
    assert found["executionRoleArn"] == "arn:aws:iam::123456789012:role/recsys-dev-ranking-exec"
    assert {each["name"]: each["softLimit"] for each in found["ulimits"]} == {
        "memlock": -1,
        "stack": 67_108_864,
        "nofile": 65_536,
    }
    assert found["resourceRequirements"][0] == {"type": "GPU", "value": "2"}
    assert found["linuxParameters"]["initProcessEnabled"] is True
    assert "Ref::" not in bootstrap_source()  # AWS Batch would replace it


def test_several_nodes_with_adapters_get_them_as_devices() -> None:
    queue = a_declared_queue(gpu=None, gpus_per_node=None, instance_types=["p4d.24xlarge"], efa=True)
    place = place_in(queue, QueueRequest(nodes=2, team="ranking"), image=_IMAGE, retries=0)
    spec = in_queue(a_specification(image=_IMAGE), _ENVIRONMENT, place)
    found = container_properties(_ENVIRONMENT, spec, place)
    assert [each["hostPath"] for each in found["linuxParameters"]["devices"]] == [
        f"/dev/infiniband/uverbs{index}" for index in range(4)
    ]
    assert spec.efa_adapters == 4


def test_half_of_a_node_is_half_of_its_cpus_and_memory() -> None:
    whole, half = node_resources(_QUEUE), node_resources(_QUEUE, gpus=2)
    assert (half.vcpus, half.gpus) == (whole.vcpus // 2, 2)
    assert half.shared_memory_mib == half.memory_mib // 2


@pytest.mark.parametrize(
    ("image", "fixed"),
    [("a:1", True), ("a", False), ("a:latest", False), (f"a@sha256:{'0' * 64}", True), ("host:5000/a", False)],
)
def test_an_image_without_a_fixed_version_is_known(image: str, *, fixed: bool) -> None:
    assert has_one_version(image) is fixed


def _submit(place: QueuePlace, **changes: Any) -> str:
    return submit_job(account_of(_ENVIRONMENT), _ENVIRONMENT, _spec(place, **changes), place, runner=_RUNNER)


def _definitions(batch: Any) -> list[dict[str, Any]]:
    return list(batch.describe_job_definitions()["jobDefinitions"])


def test_a_job_is_submitted_with_what_its_container_needs(batch: Any) -> None:
    job_id = _submit(_place())
    (job,) = batch.describe_jobs(jobs=[job_id])["jobs"]
    assert job["jobQueue"].endswith("job-queue/recsys-dev-ranking-spot")
    assert job["jobName"] == "20261130-101500-7f3a-train"
    (definition,) = _definitions(batch)
    assert definition["jobDefinitionName"].startswith("recsys-dev-ranking-runs-")
    assert definition["containerProperties"]["image"] == _IMAGE
    assert definition["tags"]["Environment"] == "dev"


def test_runs_with_the_same_image_and_resources_share_a_job_definition(batch: Any) -> None:
    _submit(_place())
    _submit(_place(), run_id="20261130-111500-aaaa")
    assert len(_definitions(batch)) == 1
    _submit(_place(gpus_per_node=1))
    assert len(_definitions(batch)) == 2


def test_a_run_on_several_nodes_has_a_multi_node_definition(batch: Any) -> None:
    _submit(_place(nodes=3))
    (definition,) = _definitions(batch)
    assert (definition["type"], definition["nodeProperties"]["numNodes"]) == ("multinode", 3)


@pytest.mark.usefixtures("batch")
def test_the_request_to_batch_has_the_runs_variables_team_and_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[dict[str, Any]] = []
    account = account_of(_ENVIRONMENT)
    own = account.client("batch")
    original = own.submit_job
    own.submit_job = lambda **request: (requests.append(request), original(**request))[1]
    monkeypatch.setattr(type(account), "client", lambda _self, _service: own)
    place = _place(nodes=2, team="search", priority=7, timeout_seconds=3600)
    submit_job(account, _ENVIRONMENT, replace(_spec(place), retries=3), place, runner=_RUNNER)
    (request,) = requests
    assert (request["shareIdentifier"], request["schedulingPriorityOverride"]) == ("search", 7)
    assert request["timeout"] == {"attemptDurationSeconds": 3600}
    assert request["retryStrategy"]["attempts"] == 4
    assert request["retryStrategy"]["evaluateOnExit"] == [
        {"onStatusReason": "Host EC2*", "action": "retry"},
        {"onExitCode": "75", "action": "retry"},
        {"onReason": "*", "action": "exit"},
    ]
    (override,) = request["nodeOverrides"]["nodePropertyOverrides"]
    assert override["targetNodes"] == "0:1"
    variables = {each["name"]: each["value"] for each in override["containerOverrides"]["environment"]}
    assert variables == {
        "MLINFRA_RUN": "20261130-101500-7f3a",
        "MLINFRA_SPECIFICATION": "two-tower-v2/runs/20261130-101500-7f3a/run.json",
        "MLINFRA_BUCKET": "recsys-dev-models",
        "MLINFRA_REGION": "us-east-1",
        "MLINFRA_RUN_TABLE": "recsys-dev-clusters",
        "MLINFRA_PARTITION": "recsys-dev-ranking-multi-node",
        "MLINFRA_RUNNER_KEY": _RUNNER.key,
        "MLINFRA_RUNNER_SHA256": _RUNNER.sha256,
    }
    assert {"Run", "Environment", "Owner"} <= request["tags"].keys()


def test_a_queue_that_is_deployed_accepts_runs(batch: Any) -> None:
    del batch
    expect_deployed(account_of(_ENVIRONMENT), _ENVIRONMENT, _place())


def test_a_queue_that_is_not_deployed_is_explained(client: Callable[..., Any]) -> None:
    del client
    with pytest.raises(OperationError, match=r"recsys-dev-ranking-spot does not exist in AWS\. Apply"):
        expect_deployed(account_of(_ENVIRONMENT), _ENVIRONMENT, _place())


def test_a_disabled_queue_is_explained(batch: Any) -> None:
    batch.update_job_queue(jobQueue="recsys-dev-ranking-spot", state="DISABLED")
    with pytest.raises(OperationError, match="accepts no jobs: its state is DISABLED"):
        expect_deployed(account_of(_ENVIRONMENT), _ENVIRONMENT, _place())


def test_a_queue_of_an_earlier_release_is_explained(batch: Any, client: Callable[..., Any]) -> None:
    del batch
    client("iam").delete_role(RoleName="recsys-dev-ranking-run")
    with pytest.raises(OperationError, match="was applied by an earlier release"):
        expect_deployed(account_of(_ENVIRONMENT), _ENVIRONMENT, _place())
