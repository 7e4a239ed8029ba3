"""Resources are read from each of Terraform's formats."""

from __future__ import annotations

from mlinfra.operations.migration import Resource
from mlinfra.operations.migration.resource import resources_of
from tests.unit.operations.migration.states import AWS, resource

BUCKET = {"id": "raw", "bucket": "raw"}


def test_a_state_file_gives_managed_resources_with_modules_and_keys() -> None:
    provider = f'module.x.provider["{AWS}"].eu'
    document = {
        "version": 4,
        "resources": [
            {
                "mode": "data",
                "type": "aws_region",
                "name": "r",
                "provider": provider,
                "instances": [{"attributes": {}}],
            },
            {
                "module": "module.lake",
                "mode": "managed",
                "type": "aws_s3_bucket",
                "name": "b",
                "provider": provider,
                "instances": [
                    {"index_key": "raw", "attributes": BUCKET},
                    {"index_key": 0, "attributes": BUCKET},
                    {"index_key": 0, "deposed": "1234", "attributes": BUCKET},
                ],
            },
        ],
    }
    assert list(resources_of(document)) == [
        Resource('module.lake.aws_s3_bucket.b["raw"]', "aws_s3_bucket", BUCKET, AWS),
        Resource("module.lake.aws_s3_bucket.b[0]", "aws_s3_bucket", BUCKET, AWS),
    ]


def entry(address: str, mode: str = "managed") -> dict[str, object]:
    return {"address": address, "mode": mode, "type": "aws_s3_bucket", "provider_name": AWS, "values": BUCKET}


def test_a_shown_state_gives_the_resources_of_all_modules() -> None:
    inner = {"resources": [entry("module.a.module.b.aws_s3_bucket.c")]}
    root = {
        "resources": [entry("aws_s3_bucket.a"), entry("data.aws_s3_bucket.b", "data")],
        "child_modules": [{"child_modules": [inner]}],
    }
    found = resources_of({"format_version": "1.0", "values": {"root_module": root}})
    assert [each.address for each in found] == ["aws_s3_bucket.a", "module.a.module.b.aws_s3_bucket.c"]


def test_a_plan_gives_existing_resources_and_those_that_it_would_create() -> None:
    old, new = entry("aws_s3_bucket.old"), entry("aws_s3_bucket.new")
    document = {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": [old, new]}},
        "prior_state": {"values": {"root_module": {"resources": [old]}}},
    }
    assert {each.address: each.exists for each in resources_of(document)} == {
        "aws_s3_bucket.old": True,
        "aws_s3_bucket.new": False,
    }


def test_a_plan_without_a_state_has_only_resources_to_create() -> None:
    document = {"format_version": "1.2", "planned_values": {"root_module": {"resources": [entry("aws_s3_bucket.new")]}}}
    assert [each.exists for each in resources_of(document)] == [False]


def test_ids_of_other_providers_are_not_shown() -> None:
    assert Resource("random_string.p", "random_string", {"id": "secret"}).id == ""
    assert resource("aws_s3_bucket.raw").id == "raw"


def test_account_and_region_are_those_of_the_arn() -> None:
    endpoint = resource("aws_sagemaker_endpoint.e", arn="arn:aws:sagemaker:eu-west-1:222222222222:endpoint/e")
    assert (endpoint.account_id, endpoint.region) == ("222222222222", "eu-west-1")
    bucket = resource("aws_s3_bucket.b", arn="arn:aws:s3:::b")
    assert (bucket.account_id, bucket.region) == ("", "")


def test_tags_of_groups_are_lists() -> None:
    assert resource("aws_autoscaling_group.g", tag=[{"key": "Team", "value": "ml"}]).tags == {"Team": "ml"}
    assert resource("aws_s3_bucket.b", tags={"a": "1"}, tags_all={"a": "1", "b": "2"}).tags == {"a": "1", "b": "2"}
