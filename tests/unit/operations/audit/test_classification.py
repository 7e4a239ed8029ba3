"""Classification by states, tags and creators."""

from __future__ import annotations

import pytest

from mlinfra.operations.audit.classification import Verdict, classify
from mlinfra.operations.audit.declared import Declared
from mlinfra.operations.audit.states import StateResource, States
from tests.unit.operations.audit.found_resources import a_resource
from tests.unit.operations.audit.story import the_environment

DEV = the_environment()
KEY = DEV.names.state_key("training")


def states_with(**changes: str) -> States:
    entry = {
        "bucket": DEV.names.state_bucket,
        "key": KEY,
        "address": "aws_instance.box",
        "type": "aws_instance",
        "id": "i-0abc",
    } | changes
    states = States()
    states.add([StateResource(**entry)])
    return states


def declared(*addresses: str) -> Declared:
    return Declared((DEV,), {KEY: frozenset(addresses)}, frozenset({"dev"}))


def test_a_resource_in_state_and_code_is_managed() -> None:
    verdict = classify(a_resource(), states_with(), declared("aws_instance.box"))
    assert verdict == Verdict("managed", f"aws_instance.box in s3://{DEV.names.state_bucket}/{KEY}")


def test_an_instance_of_a_resource_with_count_is_declared() -> None:
    states = states_with(address="aws_instance.box[0]")
    assert classify(a_resource(), states, declared("aws_instance.box")).classification == "managed"


def test_a_resource_in_state_and_not_in_code_is_orphaned() -> None:
    assert classify(a_resource(), states_with(), declared("aws_instance.other")).classification == "orphaned"


def test_a_state_whose_stack_is_not_declared_is_orphaned() -> None:
    states = states_with(key=DEV.names.state_key("serving"))
    assert classify(a_resource(), states, declared("aws_instance.box")).classification == "orphaned"


def test_a_stack_of_another_repository_is_managed_elsewhere() -> None:
    found = a_resource(tags={"Repository": "gitlab.example.com/search/index"})
    verdict = classify(found, states_with(key=DEV.names.state_key("index")), declared())
    assert verdict.classification == "managed-elsewhere"
    assert verdict.manager.startswith("repository gitlab.example.com/search/index: ")


def test_code_that_was_not_synthesized_orphans_nothing() -> None:
    assert classify(a_resource(), states_with(), Declared((DEV,))).classification == "managed"


def test_a_state_of_another_environment_of_the_bucket_is_managed_elsewhere() -> None:
    states = states_with(key="recsys/dev-eu-west-1/eu-west-1/training/terraform.tfstate")
    assert classify(a_resource(), states, declared()).classification == "managed-elsewhere"


def test_names_in_other_regions_are_other_resources() -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/ranker"
    states = states_with(type="aws_sagemaker_endpoint", id="ranker", arn=arn, region="eu-west-1")
    here = a_resource(service="sagemaker", kind="endpoint", id="ranker", arn=arn.replace("eu-west-1", "us-east-1"))
    assert classify(here, states, declared()).classification == "unmanaged"
    there = a_resource(service="sagemaker", kind="endpoint", id="ranker", arn=arn, region="eu-west-1")
    assert classify(there, states, declared("aws_instance.box")).classification == "managed"


def test_arns_are_compared_without_regard_to_case() -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/ranker"
    states = states_with(type="aws_sagemaker_endpoint", id="Ranker", arn=arn)
    found = a_resource(service="sagemaker", kind="endpoint", id="Ranker", arn=arn.replace("ranker", "Ranker"))
    assert classify(found, states, declared("aws_instance.box")).classification == "managed"


def test_spaces_and_apps_are_managed_with_their_domain() -> None:
    states = states_with(type="aws_sagemaker_domain", id="d-1", address="aws_sagemaker_domain.studio")
    found = a_resource(service="sagemaker", kind="app", id="d-1/ana/jupyterlab/default")
    assert classify(found, states, declared("aws_sagemaker_domain.studio")).classification == "managed"


@pytest.mark.parametrize(
    ("tags", "manager"),
    [
        ({"aws:cloudformation:stack-name": "index"}, "CloudFormation stack index"),
        ({"skypilot-cluster-name": "sky-1"}, "SkyPilot cluster sky-1"),
        ({"aws:ec2:fleet-id": "fleet-1"}, "EC2 fleet fleet-1"),
        ({"managed-by": "Pulumi"}, "Pulumi, by the tag ManagedBy; no state that was read contains it"),
    ],
)
def test_tags_of_tools_are_recognized(tags: dict[str, str], manager: str) -> None:
    assert classify(a_resource(tags=tags), States(), declared()) == Verdict("managed-elsewhere", manager)


def test_a_tag_with_a_person_is_not_a_tool() -> None:
    assert classify(a_resource(tags={"ManagedBy": "ana"}), States(), declared()) == Verdict("unmanaged")


def test_tags_of_an_environment_without_a_state_are_a_problem() -> None:
    verdict = classify(a_resource(tags={"Project": "recsys", "Environment": "dev"}), States(), declared())
    assert verdict.classification == "unmanaged"
    assert verdict.problem == "Its tags name the environment dev, and no state of dev contains it."


def test_a_volume_of_a_stopped_node_is_managed_by_the_shutdown() -> None:
    tags = {"Project": "recsys", "Environment": "dev", "AutoStop": "true"}
    verdict = classify(a_resource(kind="volume", id="vol-1", tags=tags), States(), declared())
    assert verdict == Verdict("managed", "the shutdown of dev")
