from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.cost.resources import (
    SENSITIVE,
    UNKNOWN,
    Resource,
    Stack,
    number,
    read_stack,
    stack_of_json,
    text,
)

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = {
    "provider": {
        "aws": [
            {
                "region": "eu-central-1",
                "allowed_account_ids": ["111111111111"],
                "default_tags": [{"tags": {"Environment": "dev", "Team": "ml-platform"}}],
            },
            {"alias": "replica", "region": "eu-west-1"},
        ]
    },
    "resource": {
        "aws_launch_template": {"nodes": {"name": "nodes", "instance_type": "g5.xlarge"}},
        "aws_autoscaling_group": {
            "train": {
                "//": {"metadata": {"path": "dev-training/two-tower/group"}},
                "depends_on": ["aws_iam_role.x"],
                "name": "train",
                "launch_template": [{"id": "${aws_launch_template.nodes.id}"}],
                "tag": [{"key": "Owner", "value": "ana@example.com", "propagate_at_launch": True}],
            }
        },
        "aws_autoscaling_schedule": {
            "quiet": {"autoscaling_group_name": "${aws_autoscaling_group.train.name}"},
            "other": {"autoscaling_group_name": "train"},
            "unrelated": {"autoscaling_group_name": "another"},
        },
        "aws_s3_bucket": {"copy": {"provider": "aws.replica", "bucket": "x"}},
    },
}


def stack() -> Stack:
    return stack_of_json("dev-training", CONTENT)


def one(kind: str) -> Resource:
    return next(iter(stack().of_type(kind)))


def test_a_stack_has_the_region_and_the_account_of_its_provider() -> None:
    assert (stack().name, stack().region, stack().account_id) == ("dev-training", "eu-central-1", "111111111111")


def test_a_resource_has_its_own_tags_and_those_of_the_provider() -> None:
    assert one("aws_autoscaling_group").tags == {
        "Environment": "dev",
        "Team": "ml-platform",
        "Owner": "ana@example.com",
    }


def test_a_resource_of_another_provider_has_its_region() -> None:
    assert one("aws_s3_bucket").region == "eu-west-1"
    assert one("aws_s3_bucket").tags == {}
    assert one("aws_autoscaling_group").region == ""


def test_arguments_of_terraform_are_not_references() -> None:
    assert one("aws_autoscaling_group").references == {"aws_launch_template.nodes"}
    assert one("aws_autoscaling_group").path == "dev-training/two-tower/group"


def test_references_are_followed() -> None:
    found = stack()
    (group,) = found.of_type("aws_autoscaling_group")
    assert [each.address for each in found.related(group, "aws_launch_template")] == ["aws_launch_template.nodes"]


def test_a_resource_is_found_by_reference_and_by_name() -> None:
    found = stack()
    (group,) = found.of_type("aws_autoscaling_group")
    assert [each.address for each in found.referring(group, "aws_autoscaling_schedule")] == [
        "aws_autoscaling_schedule.quiet",
        "aws_autoscaling_schedule.other",
    ]


def test_a_part_of_an_id_identifies_a_resource() -> None:
    content = {
        "resource": {
            "aws_sagemaker_endpoint": {"x": {"name": "ranker"}},
            "aws_appautoscaling_target": {"x": {"resource_id": "endpoint/ranker/variant/main"}},
        }
    }
    found = stack_of_json("x", content)
    (endpoint,) = found.of_type("aws_sagemaker_endpoint")
    assert [each.type for each in found.referring(endpoint, "aws_appautoscaling_target")] == [
        "aws_appautoscaling_target"
    ]


def test_an_instance_refers_to_the_one_with_its_index() -> None:
    resources = (
        Resource("aws_launch_template.x[0]", "aws_launch_template", {}),
        Resource("aws_launch_template.x[1]", "aws_launch_template", {}),
        Resource(
            "aws_autoscaling_group.x[1]",
            "aws_autoscaling_group",
            {},
            references=frozenset({"aws_launch_template.x"}),
        ),
    )
    found = Stack("x", resources).related(resources[2], "aws_launch_template")
    assert [each.address for each in found] == ["aws_launch_template.x[1]"]


def test_values_are_read_through_blocks() -> None:
    group = one("aws_autoscaling_group")
    assert group.get("launch_template.id") == "${aws_launch_template.nodes.id}"
    assert group.text("launch_template.id") is None
    assert group.is_unknown("launch_template.id")
    assert group.get("launch_template.version.x") is None
    assert group.blocks("tag") == [{"key": "Owner", "value": "ana@example.com", "propagate_at_launch": True}]


def test_a_value_below_an_unknown_one_is_unknown() -> None:
    found = Resource("aws_x.x", "aws_x", {"block": UNKNOWN, "secret": SENSITIVE})
    assert found.get("block.size") is UNKNOWN
    assert found.is_unknown("secret")
    assert found.number("block.size") is None


@pytest.mark.parametrize(("value", "expected"), [(3, 3.0), ("3.5", 3.5), (True, None), ("x", None), (None, None)])
def test_numbers_may_be_texts(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_a_template_is_not_a_text() -> None:
    assert (text("g5.xlarge"), text("${var.x}"), text(""), text(3)) == ("g5.xlarge", None, None, None)


def test_a_synthesized_stack_is_read_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "dev-training"
    folder.mkdir()
    (folder / "cdk.tf.json").write_text(json.dumps(CONTENT))
    assert read_stack(folder) == stack()


def test_a_missing_or_broken_file_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"cdk\.tf\.json cannot be read: No such file or directory\. Synthesize"):
        read_stack(tmp_path)
    (tmp_path / "cdk.tf.json").write_text("{")
    with pytest.raises(OperationError, match="cannot be read: it is not JSON"):
        read_stack(tmp_path)
    (tmp_path / "cdk.tf.json").write_text("[]")
    with pytest.raises(OperationError, match="is not an object"):
        read_stack(tmp_path)
