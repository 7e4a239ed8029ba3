"""Queues and endpoints as they are now, in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra import Endpoint, Queue, RealTime, Variant
from mlinfra.operations.aws import account_of
from mlinfra.operations.status.services import endpoint_statuses, queue_statuses
from tests.conftest import an_environment
from tests.unit.operations.job_queues import make_job_queues

if TYPE_CHECKING:
    from collections.abc import Callable

QUEUES = [
    Queue(name="shared", owner="ana@example.com", gpu="A10G", max_nodes=2, teams={"search": 1}),
    Queue(name="later", owner="li@example.com", gpu="A10G", max_nodes=1, teams={"search": 1}),
]
ENDPOINT = Endpoint(
    name="ranker",
    owner="ana@example.com",
    variants=[Variant(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:1")],
    hosting=RealTime(instance_type="ml.g5.xlarge"),
)
HERE = an_environment(account_id="123456789012", emulated=True, queues=QUEUES, endpoints=[ENDPOINT])


def test_the_jobs_of_all_job_queues_of_a_queue_are_counted(client: Callable[..., Any]) -> None:
    make_job_queues(client, "recsys-dev-shared-spot", "recsys-dev-shared-on-demand")
    shared, later = queue_statuses(account_of(HERE), HERE, QUEUES)
    assert (shared.name, shared.state, shared.waiting, shared.running) == ("shared", "enabled", 0, 0)
    assert (later.name, later.state) == ("later", "not deployed")


def test_a_disabled_job_queue_disables_its_queue(client: Callable[..., Any]) -> None:
    make_job_queues(client, "recsys-dev-shared-spot", state="DISABLED")
    assert queue_statuses(account_of(HERE), HERE, QUEUES[:1])[0].state == "disabled"


def test_a_declared_endpoint_that_does_not_exist_is_not_deployed(client: Callable[..., Any]) -> None:
    del client
    (found,) = endpoint_statuses(account_of(HERE), HERE, HERE.endpoints)
    assert (found.name, found.status) == ("ranker", "not deployed")


def test_the_status_of_an_endpoint_is_that_of_sagemaker(client: Callable[..., Any]) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="ranker",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/ranker",
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:1"},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="ranker",
        ProductionVariants=[
            {
                "VariantName": "main",
                "ModelName": "ranker",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.g5.xlarge",
                "InitialVariantWeight": 1,
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName="recsys-dev-ranker", EndpointConfigName="ranker")
    (found,) = endpoint_statuses(account_of(HERE), HERE, HERE.endpoints)
    assert found.status in {"Creating", "InService"}
