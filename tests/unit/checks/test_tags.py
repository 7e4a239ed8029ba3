"""Tags that are missing from resources, and values that the environment does not allow."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.checks.tags import LAUNCHED, REQUIRED_TAGS, missing_tags as found_by_check

TAGS = dict.fromkeys(REQUIRED_TAGS, "x")


def stack(kind: str = "aws_s3_bucket", body: dict[str, Any] | None = None, **provider: Any) -> dict[str, Any]:
    settings = {"default_tags": [{"tags": TAGS}], **provider}
    path = {"//": {"metadata": {"path": "dev-test/one"}}}
    return {"provider": {"aws": [settings]}, "resource": {kind: {"one": {**path, **(body or {})}}}}


def missing_tags(config: dict[str, Any], **rules: Any) -> list[str]:
    return [each.text for each in found_by_check(config, **rules)]


def launch_template(**tags: dict[str, str]) -> dict[str, Any]:
    given = {"instance": TAGS, "volume": TAGS, "network-interface": TAGS, **tags}
    return {"tag_specifications": [{"resource_type": name, "tags": each} for name, each in given.items()]}


def group(tags: dict[str, str], *, propagate: bool = True) -> dict[str, Any]:
    return {"tag": [{"key": key, "value": value, "propagate_at_launch": propagate} for key, value in tags.items()]}


def test_default_tags_of_the_provider_are_enough_for_what_terraform_creates() -> None:
    assert missing_tags(stack()) == []


def test_a_provider_without_default_tags_is_reported() -> None:
    (problem,) = missing_tags(stack(default_tags=[{"tags": {**TAGS, "CostCenter": ""}}]))
    assert problem == "the AWS provider's default tags: missing CostCenter. MlStack.default_tags holds all of them."
    (problem,) = missing_tags({"resource": {}})
    assert "the AWS provider's default tags: missing Environment, Team" in problem


def test_a_provider_alias_needs_the_tags_too() -> None:
    config = stack()
    config["provider"]["aws"].append({"alias": "elsewhere", "region": "eu-west-1"})
    (problem,) = missing_tags(config)
    assert "the AWS provider's default tags of the provider alias 'elsewhere': missing" in problem


@pytest.mark.parametrize("resource_type", LAUNCHED)
def test_what_a_launch_template_launches_has_tags_of_its_own(resource_type: str) -> None:
    """Default tags do not reach it."""
    assert missing_tags(stack("aws_launch_template", launch_template())) == []
    body = launch_template(**{resource_type: {"Team": "x"}})
    (problem,) = missing_tags(stack("aws_launch_template", body))
    assert f"dev-test/one: the tag specification for {resource_type}: missing Environment, Project" in problem


def test_a_group_propagates_its_tags_to_its_instances() -> None:
    assert missing_tags(stack("aws_autoscaling_group", group(TAGS))) == []
    (problem,) = missing_tags(stack("aws_autoscaling_group", group(TAGS, propagate=False)))
    assert "dev-test/one: the tags that instances get at launch: missing Environment" in problem


def test_instances_of_aws_batch_have_tags_and_fargate_has_none() -> None:
    kind = "aws_batch_compute_environment"
    assert missing_tags(stack(kind, {"compute_resources": {"type": "EC2", "tags": TAGS}})) == []
    (problem,) = missing_tags(stack(kind, {"compute_resources": {"type": "SPOT"}}))
    assert "dev-test/one: the tags of its instances: missing Environment" in problem
    assert missing_tags(stack(kind, {"compute_resources": {"type": "FARGATE"}})) == []


def test_the_root_volume_of_an_instance_has_tags() -> None:
    (problem,) = missing_tags(stack("aws_instance"))
    assert "dev-test/one: volume_tags: missing Environment" in problem
    assert missing_tags(stack("aws_instance", {"volume_tags": TAGS})) == []
    assert missing_tags(stack("aws_instance", {"root_block_device": {"volume_size": 100}})) == []


def test_instances_of_a_spot_fleet_have_tags() -> None:
    (problem,) = missing_tags(
        stack("aws_spot_fleet_request", {"launch_specification": [{"instance_type": "g5.xlarge"}]})
    )
    assert "the tags of its instances: missing" in problem


def test_own_tags_may_not_empty_a_required_one() -> None:
    (problem,) = missing_tags(stack(body={"tags": {"Team": ""}}))
    assert problem == "dev-test/one: its own tags empty Team. Leave them out to get the stack's."


def test_required_tags_can_be_added() -> None:
    (problem,) = missing_tags(stack(), required=(*REQUIRED_TAGS, "DataClass"))
    assert "the AWS provider's default tags: missing DataClass." in problem


@pytest.mark.parametrize("value", ["y", "x", "${aws_thing.team}"])
def test_values_that_are_not_allowed_are_reported_with_those_that_are(value: str) -> None:
    """A value that Terraform computes is not known at synth."""
    found = missing_tags(stack(body={"tags": {"Team": value}}), allowed={"Team": ("x", "z")})
    expected = (
        "dev-test/one: its own tags: the tag Team has the value 'y', which the environment's tag_rules do not allow. "
        "Expected: one of x, z."
    )
    assert found == ([expected] if value == "y" else [])


def test_tags_of_a_type_without_tags_in_the_schema_are_not_read() -> None:
    """Such as the filter of a lifecycle rule, or an attribute of another meaning."""
    body = {"tags": {"Team": ""}}
    assert missing_tags(stack("aws_s3_bucket_lifecycle_configuration", body)) == []
