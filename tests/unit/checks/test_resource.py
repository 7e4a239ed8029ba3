"""Resources as checks read them, at synth and in a plan."""

from __future__ import annotations

import pytest

from mlinfra.checks import Resource
from mlinfra.checks.resource import UnreadableValueError

SYNTHESIZED = Resource(
    "aws_instance.x",
    "aws_instance",
    {
        "ami": "ami-1",
        "kms_key_id": "${aws_kms_key.x.arn}",
        "name": "x-${aws_kms_key.x.id}",
        "root_block_device": {"encrypted": True},
        "ebs_block_device": [{"encrypted": True}, {"encrypted": False}, {"size": 1}],
    },
    references=True,
)
PLANNED = Resource(
    "aws_instance.x",
    "aws_instance",
    {
        "ami": "ami-1",
        "root_block_device": [{"encrypted": True}],
        "ebs_block_device": [{"encrypted": True}, {"encrypted": False}, {"size": 1}],
        "user_data": "token",
        "tags": {},
        "text": "${aws:username}",
    },
    unknown={"kms_key_id": True, "ebs_block_device": [{}, {}, {"kms_key_id": True}], "metadata_options": [{"x": True}]},
    sensitive=[{"user_data": True}],
)


@pytest.mark.parametrize("resource", [SYNTHESIZED, PLANNED])
def test_a_path_means_the_same_at_synth_and_in_a_plan(resource: Resource) -> None:
    assert resource.get("ami") == "ami-1"
    assert resource.get("root_block_device.encrypted") is True
    assert resource.all("ebs_block_device.encrypted") == [True, False]
    assert resource.get("iam_instance_profile") is None
    assert resource.get("ebs_block_device.iops", 3000) == 3000
    assert len(resource.get("ebs_block_device")) == 3 if resource is SYNTHESIZED else True
    assert resource.has("kms_key_id")
    assert not resource.has("ebs_block_device.iops")


@pytest.mark.parametrize(
    ("resource", "path", "message"),
    [
        (SYNTHESIZED, "kms_key_id", "kms_key_id is a reference"),
        (PLANNED, "kms_key_id", "kms_key_id is known after apply"),
        (PLANNED, "ebs_block_device.kms_key_id", "ebs_block_device.kms_key_id is known after apply"),
        (PLANNED, "ebs_block_device", "ebs_block_device is known after apply"),
        (PLANNED, "metadata_options.x", "metadata_options.x is known after apply"),
        (PLANNED, "user_data", "user_data is sensitive"),
    ],
)
def test_a_value_that_cannot_be_read_is_never_taken_for_one_that_is_not_set(
    resource: Resource, path: str, message: str
) -> None:
    with pytest.raises(UnreadableValueError, match=f"^{message}$"):
        resource.get(path)
    assert resource.has(path)


@pytest.mark.parametrize("resource", [SYNTHESIZED, PLANNED])
def test_blocks_have_attributes_of_their_own(resource: Resource) -> None:
    assert [each.get("encrypted") for each in resource.blocks("ebs_block_device")] == [True, False, None]
    assert [each.get("encrypted") for each in resource.blocks("root_block_device")] == [True]
    assert resource.blocks("network_interface") == []


def test_an_unknown_attribute_of_a_block_leaves_its_others_known() -> None:
    *_, last = PLANNED.blocks("ebs_block_device")
    assert last.get("size") == 1
    with pytest.raises(UnreadableValueError, match="kms_key_id is known after apply"):
        last.get("kms_key_id")


def test_blocks_may_be_unknown_as_a_whole() -> None:
    unknown = Resource("aws_instance.x", "aws_instance", {}, unknown={"ebs_block_device": True})
    with pytest.raises(UnreadableValueError, match="ebs_block_device is known after apply"):
        unknown.blocks("ebs_block_device")
    with pytest.raises(UnreadableValueError, match="kms_key_id is a reference"):
        SYNTHESIZED.blocks("kms_key_id")


def test_a_sensitive_attribute_of_a_block_is_not_read() -> None:
    values = {"environment": [{"variables": {"TOKEN": "x"}, "name": "a"}]}
    marks = [{"environment": [{"variables": True}]}]
    (block,) = Resource("aws_x.x", "aws_x", values, sensitive=marks).blocks("environment")
    assert block.get("name") == "a"
    with pytest.raises(UnreadableValueError, match="variables is sensitive"):
        block.get("variables")


def test_texts_with_a_reference_in_them_are_texts() -> None:
    assert SYNTHESIZED.get("name") == "x-${aws_kms_key.x.id}"


def test_texts_of_a_plan_are_not_references() -> None:
    assert PLANNED.get("text") == "${aws:username}"
