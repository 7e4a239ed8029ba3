"""Assertions about a template, and what they say if they fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra import DataLake, EncryptionKey
from mlinfra.testing import Capture, Template, absent, example_environment, json_text
from mlinfra.testing.matchers import contains

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra import MlStack
    from mlinfra.testing import Synth


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    from mlinfra.testing import Synth

    def build(stack: MlStack) -> None:
        DataLake(stack, "lake", zones=["raw", "models"])

    synth = Synth(tmp_path_factory.mktemp("synth"), tmp_path_factory.mktemp("root"), example_environment())
    return synth.constructs(build, example_environment(protect_data=False), component="data")


def failure_of(action: object, *arguments: object, **options: object) -> str:
    with pytest.raises(AssertionError) as failed:
        action(*arguments, **options)  # type: ignore[operator]
    return str(failed.value)


def test_resources_are_found_by_parts_of_them(template: Template) -> None:
    bucket = "example-dev-raw-111111111111-us-east-1"
    template.has_resource("aws_s3_bucket", {"bucket": bucket, "force_destroy": True, "acl": absent()}, count=1)
    template.has_no_resource("aws_s3_bucket", {"bucket": "other"})
    template.has_no_resource("aws_instance")
    assert len(template.find("aws_s3_bucket", {"bucket": bucket})) == 1
    template.resource_count("aws_s3_bucket", len(template.find("aws_s3_bucket")))
    assert all(each.startswith("aws_") for each in template.addresses)
    assert template.types["aws_s3_bucket"] == len(template.find("aws_s3_bucket"))


def test_a_failure_shows_the_nearest_resource_and_its_differences(template: Template) -> None:
    expected = {"bucket": "example-dev-raw-111111111111-us-east-1", "force_destroy": False}
    text = failure_of(template.has_resource, "aws_s3_bucket", expected)
    first, *differences = text.splitlines()
    (raw,) = template.find("aws_s3_bucket", {"bucket": expected["bucket"]})
    count = len(template.find("aws_s3_bucket"))
    assert first == f"no aws_s3_bucket in dev-data matches. The nearest of {count} is {raw}:"
    assert differences == ["  .force_destroy: expected false, found true"]


def test_of_resources_that_differ_equally_the_most_similar_is_the_nearest(template: Template) -> None:
    text = failure_of(template.has_resource, "aws_s3_bucket", {"bucket": "example-dev-models-222222222222-us-east-1"})
    first, *differences = text.splitlines()
    assert "lake_models_" in first
    name = "example-dev-models-{}-us-east-1"
    expected, found = (json.dumps(name.format(each * 12)) for each in "21")
    assert differences == [f"  .bucket: expected {expected}, found {found}"]


def test_other_failures_name_what_exists(template: Template) -> None:
    text = failure_of(template.has_resource, "aws_instance")
    assert text.startswith("dev-data has no aws_instance. Its types: aws_kms_alias, aws_kms_key, aws_s3_bucket")
    buckets = template.find("aws_s3_bucket")
    text = failure_of(template.resource_count, "aws_s3_bucket", 99)
    assert text == f"dev-data has {len(buckets)} of aws_s3_bucket, expected 99: {', '.join(buckets)}"
    text = failure_of(template.has_no_resource, "aws_kms_key")
    assert text.endswith(" in dev-data match, and nothing may: null")
    text = failure_of(template.has_resource, "aws_s3_bucket", {"force_destroy": True}, count=1)
    assert f"{len(buckets)} of aws_s3_bucket match in dev-data, expected 1: " in text


def test_the_only_resource_that_matches_has_attributes_and_an_address(template: Template) -> None:
    bucket = "example-dev-raw-111111111111-us-east-1"
    assert template.one("aws_s3_bucket", {"bucket": bucket})["force_destroy"] is True
    assert template.address("aws_s3_bucket", {"bucket": bucket}).startswith("aws_s3_bucket.lake_raw_")
    assert "//" not in template.one("aws_kms_key")


def test_one_resource_is_neither_none_nor_several(template: Template) -> None:
    buckets = template.find("aws_s3_bucket")
    text = failure_of(template.one, "aws_s3_bucket")
    assert text == f"{len(buckets)} of aws_s3_bucket match in dev-data, expected one: {', '.join(buckets)}"
    assert failure_of(template.address, "aws_instance").startswith("dev-data has no aws_instance. Its types: ")
    assert "The nearest of" in failure_of(template.one, "aws_s3_bucket", {"bucket": "other"})


def test_an_assertion_about_all_resources_of_a_type_fails_if_there_is_none(template: Template) -> None:
    assert all(each["force_destroy"] for each in template.resources("aws_s3_bucket").values())
    assert failure_of(template.resources, "aws_instance").startswith("dev-data has no aws_instance.")
    assert failure_of(template.resources, "aws_instance", kind="data").startswith("dev-data has no aws_instance.")


def test_the_statements_of_a_policy_have_the_names_of_their_ids(template: Template) -> None:
    raw = template.address("aws_s3_bucket", {"bucket": "example-dev-raw-111111111111-us-east-1"})
    statements = template.statements("aws_s3_bucket_policy", {"bucket": f"${{{raw}.id}}"})
    assert statements["DenyInsecureTransport"]["Effect"] == "Deny"


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ('{"Statement": [{"Effect": "Allow"}]}', {"0": {"Effect": "Allow"}}),
        ('{"Statement": {"Sid": "A"}}', {"A": {"Sid": "A"}}),
    ],
)
def test_statements_may_have_no_id_and_no_list(tmp_path: Path, policy: str, found: dict[str, object]) -> None:
    template = Template("dev-test", {"resource": {"aws_iam_policy": {"x": {"policy": policy}}}}, tmp_path)
    assert template.statements("aws_iam_policy") == found


@pytest.mark.parametrize("policy", ["${data.aws_iam_policy_document.x.json}", None, "[]"])
def test_a_policy_that_cannot_be_read_is_refused(tmp_path: Path, policy: str | None) -> None:
    template = Template("dev-test", {"resource": {"aws_iam_policy": {"x": {"policy": policy}}}}, tmp_path)
    assert failure_of(template.statements, "aws_iam_policy").startswith("aws_iam_policy.x has no policy in 'policy': ")


def test_templates_of_equal_stacks_are_equal(template: Template, tmp_path: Path) -> None:
    same = Template(template.stack, template.copy().document, tmp_path)
    assert template == same
    same.document["resource"].pop("aws_kms_key")
    assert template != same
    assert "aws_kms_key" in template.document["resource"]


def test_values_of_matching_resources_are_captured(template: Template) -> None:
    names, actions = Capture(), Capture()
    template.has_resource("aws_s3_bucket", {"bucket": names})
    assert "example-dev-models-111111111111-us-east-1" in names.values
    template.has_resource(
        "aws_s3_bucket_policy", {"policy": json_text({"Statement": contains({"Effect": "Deny", "Action": actions})})}
    )
    assert actions.values


class TestAddresses:
    def test_a_vanished_address_is_an_error(self, template: Template) -> None:
        template.assert_addresses_kept(template)
        text = failure_of(template.assert_addresses_kept, [*template.addresses, "aws_s3_bucket.old"])
        assert text.startswith("1 addresses have vanished from dev-data, so Terraform would destroy their resources: ")

    def test_moved_and_removed_addresses_may_vanish(self, template: Template) -> None:
        document = {**template.document, "moved": [{"from": "aws_s3_bucket.old", "to": "aws_s3_bucket.new"}]}
        moved = Template(template.stack, document, template.folder)
        moved.assert_addresses_kept([*template.addresses, "aws_s3_bucket.old"])


class TestCost:
    def test_a_stack_above_the_limit(self, template: Template) -> None:
        template.assert_cost_below(500)
        text = failure_of(template.assert_cost_below, 0.01)
        assert text.startswith("dev-data costs ")
        assert "USD a month, expected below 0.01: aws_" in text


class TestSnapshots:
    def test_policies_are_documents_and_digests_are_left_out(self, template: Template) -> None:
        plain = template.normalized()
        assert "//" not in plain
        policies = plain["resource"]["aws_s3_bucket_policy"].values()
        assert all(isinstance(each["policy"], dict) for each in policies)

    def test_the_same_constructs_give_the_same_snapshot(self, synth: Synth, tmp_path: Path) -> None:
        del tmp_path

        def build(stack: MlStack) -> None:
            EncryptionKey(stack, "key", name="compute", description="Encrypts volumes.", services=["ec2"])

        assert synth.constructs(build).normalized() == synth.constructs(build).normalized()
