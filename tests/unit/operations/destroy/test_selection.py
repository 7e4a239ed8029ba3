"""The stacks that can be destroyed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.destroy.selection import select
from mlinfra.operations.terraform import SynthesizedStack
from tests.conftest import an_environment

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = an_environment(name="dev")
DEPLOYED = {
    "dev-state": ["aws_s3_bucket.state"],
    "dev-foundation": ["aws_vpc.vpc"],
    "dev-data": ["aws_s3_bucket.raw"],
    "dev-training": ["aws_autoscaling_group.a"],
}


@pytest.fixture
def stacks(tmp_path: Path) -> list[SynthesizedStack]:
    """`data` and `training` depend on `foundation`. The bucket of `data` is protected."""
    dependencies = {"dev-data": ("dev-foundation",), "dev-training": ("dev-foundation", "dev-data")}
    made = []
    for name in DEPLOYED:
        folder = tmp_path / name
        folder.mkdir()
        protected = {"raw": {"lifecycle": {"prevent_destroy": name == "dev-data"}}, "new": {"lifecycle": None}}
        (folder / "cdk.tf.json").write_text(json.dumps({"resource": {"aws_s3_bucket": protected}}))
        made.append(SynthesizedStack(name, folder, dependencies.get(name, ())))
    return made


def test_without_names_everything_is_destroyed_but_state_data_and_what_they_need(
    stacks: list[SynthesizedStack],
) -> None:
    found = select(ENVIRONMENT, stacks, DEPLOYED, [])
    assert [each.name for each in found.chosen] == ["dev-training"]
    reasons = {each.stack: each.reason for each in found.kept}
    assert reasons["dev-foundation"] == "dev-data depends on it"
    assert "aws_s3_bucket.raw (prevent_destroy)" in reasons["dev-data"]
    assert reasons["dev-state"].startswith("it holds the Terraform state")


def test_protection_of_a_resource_that_is_not_deployed_keeps_nothing(stacks: list[SynthesizedStack]) -> None:
    deployed = {**DEPLOYED, "dev-data": ["aws_s3_bucket.new"]}
    chosen = select(ENVIRONMENT, stacks, deployed, []).chosen
    assert [each.name for each in chosen] == ["dev-training", "dev-data", "dev-foundation"]


def test_stacks_without_resources_are_left_out(stacks: list[SynthesizedStack]) -> None:
    assert select(ENVIRONMENT, stacks, {"dev-training": []}, []).chosen == ()


def test_a_stack_can_be_destroyed_together_with_its_dependents(stacks: list[SynthesizedStack]) -> None:
    deployed = {**DEPLOYED, "dev-data": ["aws_s3_bucket.new"]}
    with pytest.raises(OperationError, match="dev-data, dev-training depends on dev-foundation"):
        select(ENVIRONMENT, stacks, deployed, ["dev-foundation"])
    chosen = select(ENVIRONMENT, stacks, deployed, ["dev-[!s]*"]).chosen
    assert [each.name for each in chosen] == ["dev-training", "dev-data", "dev-foundation"]


def test_the_stack_of_the_state_is_never_destroyed(stacks: list[SynthesizedStack]) -> None:
    with pytest.raises(OperationError, match="dev-state stays: it holds the Terraform state of the environment"):
        select(ENVIRONMENT, stacks, DEPLOYED, ["dev-state"])
