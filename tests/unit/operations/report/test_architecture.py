"""Stacks, resources and dependencies from synthesized JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.report.architecture import architecture_of
from mlinfra.operations.terraform import SynthesizedStack
from tests.unit.operations.report.project import synthesized as synthesized_project, write_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = architecture_of(synthesized_project(write_project(tmp_path_factory.mktemp("project"), dev="111111111111")))
    return {each["name"]: each for each in found["stacks"]}


def resource(stacks: dict[str, Any], stack: str, address: str) -> dict[str, Any]:
    (found,) = (each for each in stacks[stack]["resources"] if each["address"] == address)
    return found


def test_stacks_have_their_environment_and_dependencies(stacks: dict[str, Any]) -> None:
    training = stacks["dev-training"]
    assert (training["environment"], training["dependencies"]) == ("dev", ["dev-foundation"])


def test_a_resource_has_its_path_name_and_owner(stacks: dict[str, Any]) -> None:
    assert resource(stacks, "dev-training", "aws_security_group.two-tower-v2_security-group_0D") == {
        "address": "aws_security_group.two-tower-v2_security-group_0D",
        "type": "aws_security_group",
        "path": "two-tower-v2/security-group",
        "name": "recsys-two-tower-v2",
        "owner": "ana@example.com",
        "experiment": "two-tower-v2",
        "uses": ["dev-foundation/aws_ssm_parameter.vpc-id_0B"],
    }


def test_the_tags_of_an_auto_scaling_group_are_blocks(stacks: dict[str, Any]) -> None:
    assert resource(stacks, "dev-training", "aws_autoscaling_group.two-tower-v2_group_0E")["owner"] == "ana@example.com"


def test_references_and_depends_on_are_dependencies(stacks: dict[str, Any]) -> None:
    parameter = resource(stacks, "dev-foundation", "aws_ssm_parameter.vpc-id_0B")
    group = resource(stacks, "dev-training", "aws_autoscaling_group.two-tower-v2_group_0E")
    assert parameter["uses"] == ["aws_vpc.network_vpc_0A"]
    assert group["uses"] == ["aws_security_group.two-tower-v2_security-group_0D"]


def test_data_sources_are_not_resources(stacks: dict[str, Any]) -> None:
    assert not [each for stack in stacks.values() for each in stack["resources"] if each["address"].startswith("data.")]


def test_a_stack_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    found = synthesized_project(write_project(tmp_path / "project", dev="111111111111"))
    (found[0][1].directory / "cdk.tf.json").write_text("{")
    with pytest.raises(
        OperationError, match=r"The synthesized stack dev-foundation cannot be read from .*cdk\.tf\.json"
    ):
        architecture_of(found)


def test_every_dependency_of_this_repository_is_a_resource(synthesized: Path) -> None:
    manifest = json.loads((synthesized.parent / "manifest.json").read_text())["stacks"]
    given = [
        (
            name.split("-")[0],
            SynthesizedStack(name, synthesized.parent / each["workingDirectory"], tuple(each["dependencies"])),
        )
        for name, each in manifest.items()
    ]
    found = architecture_of(given)["stacks"]
    known = {f"{stack['name']}/{each['address']}" for stack in found for each in stack["resources"]}
    used = [
        target if "/" in target else f"{stack['name']}/{target}"
        for stack in found
        for each in stack["resources"]
        for target in each["uses"]
    ]
    assert len(known) > 500
    assert len(used) > 1000
    assert set(used) <= known
    crossing = [
        (stack["name"], target)
        for stack in found
        for each in stack["resources"]
        for target in each["uses"]
        if "/" in target
    ]
    assert ("dev-training", "dev-foundation") in {(stack, target.split("/")[0]) for stack, target in crossing}
    declared = {(stack["name"], other) for stack in found for other in stack["dependencies"]}
    assert {(stack, target.split("/")[0]) for stack, target in crossing} <= declared
