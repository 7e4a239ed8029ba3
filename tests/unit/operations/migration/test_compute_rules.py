"""Proposals for groups, instances, queues, endpoints, notebooks and functions."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.operations.migration import Confidence, Outcome, Resource, Verdict
from tests.unit.operations.migration.states import proposal_of, resource

TEMPLATE_ID = "lt-0123456789abcdef0"


def template(instance_type: str) -> Resource:
    return resource("aws_launch_template.t", id=TEMPLATE_ID, instance_type=instance_type)


def group(**values: Any) -> Resource:
    given = {"name": "g", "max_size": 4, "launch_template": [{"id": TEMPLATE_ID}], **values}
    return resource("aws_autoscaling_group.g", **given)


def verdict(*resources: Resource) -> Verdict:
    return proposal_of(resources[0].address, *resources).verdict


def test_a_group_of_accelerated_instances_is_a_training_cluster() -> None:
    found = verdict(group(), template("g5.12xlarge"))
    assert (found.outcome, found.construct, found.confidence) == (Outcome.CONSTRUCT, "TrainingCluster", Confidence.HIGH)
    assert 'instance_type="g5.12xlarge", nodes=4' in found.way


def test_the_types_of_a_mixed_policy_count() -> None:
    override = {"launch_template": [{"override": [{"instance_type": "c5.large"}, {"instance_type": "p4d.24xlarge"}]}]}
    assert verdict(group(launch_template=[], mixed_instances_policy=[override])).construct == "TrainingCluster"


def test_a_group_without_accelerators_or_of_unknown_types_is_adopted() -> None:
    plain = verdict(group(), template("m5.large"))
    assert (plain.outcome, plain.confidence) == (Outcome.ADOPTED, Confidence.MEDIUM)
    assert verdict(group()).confidence is Confidence.LOW


def test_a_group_of_kubernetes_stays() -> None:
    tag = [{"key": "kubernetes.io/cluster/acme", "value": "owned"}]
    assert verdict(group(tag=tag), template("g5.12xlarge")).outcome is Outcome.HCL


def test_an_instance_is_adopted_and_one_with_accelerators_may_become_an_experiment() -> None:
    assert "declare an Experiment" in verdict(resource("aws_instance.i", instance_type="g5.xlarge")).way
    assert verdict(resource("aws_instance.i", instance_type="t3.micro")).confidence is Confidence.HIGH


@pytest.mark.parametrize(("kind", "outcome"), [("p4d", Outcome.CONSTRUCT), ("m5.large", Outcome.HCL)])
def test_a_queue_is_replaced_if_its_environments_have_accelerators(kind: str, outcome: Outcome) -> None:
    arn = "arn:aws:batch:eu-west-1:222222222222:compute-environment/e"
    environment = resource("aws_batch_compute_environment.e", arn=arn, compute_resources=[{"instance_type": [kind]}])
    queue = resource("aws_batch_job_queue.q", compute_environment_order=[{"compute_environment": arn, "order": 1}])
    assert verdict(queue, environment).outcome is outcome
    assert proposal_of(environment.address, queue, environment).verdict.outcome is outcome


@pytest.mark.parametrize(
    ("address", "values", "construct", "confidence"),
    [
        ("aws_sagemaker_domain.d", {}, "Studio", Confidence.HIGH),
        ("aws_sagemaker_endpoint.e", {"name": "e"}, "ServingEndpoint", Confidence.HIGH),
        ("aws_sagemaker_notebook_instance.n", {}, "Studio", Confidence.MEDIUM),
        ("aws_lambda_function.f", {"function_name": "stop-idle-gpus"}, "Shutdown", Confidence.LOW),
        ("aws_lambda_function.f", {"function_name": "resize-images"}, "", Confidence.HIGH),
    ],
)
def test_other_compute_is_replaced_by_its_construct(
    address: str, values: dict[str, str], construct: str, confidence: Confidence
) -> None:
    found = verdict(resource(address, **values))
    assert (found.construct, found.confidence) == (construct, confidence)
