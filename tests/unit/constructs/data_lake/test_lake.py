"""Resources of a data lake, and its permissions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import DataLake, Environment, Lifecycle, MlStack
from mlinfra._cdk import App, TerraformStack
from tests.conftest import an_environment
from tests.unit.constructs.grantee import Grantee

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.testing import Synth, Template


def lake(synth: Synth, environment: Environment | None = None, **options: Any) -> Template:
    return synth.constructs(lambda stack: DataLake(stack, "lake", **options), environment=environment, inputs=options)


def bucket(config: Template, type_name: str, zone: str) -> dict[str, Any]:
    (body,) = [
        each for name, each in config.resources(type_name).items() if name.startswith(f"{type_name}.lake_{zone}_")
    ]
    found: dict[str, Any] = body
    return found


def test_each_zone_has_a_bucket_of_a_name_that_can_be_computed(synth: Synth) -> None:
    buckets = {each["bucket"] for each in lake(synth).resources("aws_s3_bucket").values()}
    zones = ("raw", "processed", "features", "models", "access-logs")
    assert buckets == {f"recsys-dev-{zone}-111111111111-us-east-1" for zone in zones}


@pytest.mark.parametrize("zone", ["raw", "processed", "features", "models", "access-logs"])
def test_every_bucket_is_private_versioned_and_refuses_plain_http(synth: Synth, zone: str) -> None:
    config = lake(synth)
    access = bucket(config, "aws_s3_bucket_public_access_block", zone)
    blocks = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    assert all(access[block] is True for block in blocks)
    assert bucket(config, "aws_s3_bucket_versioning", zone)["versioning_configuration"]["status"] == "Enabled"
    policy = json.loads(bucket(config, "aws_s3_bucket_policy", zone)["policy"])
    assert policy["Statement"][0] == {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [
            f"arn:aws:s3:::recsys-dev-{zone}-111111111111-us-east-1",
            f"arn:aws:s3:::recsys-dev-{zone}-111111111111-us-east-1/*",
        ],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_zones_are_encrypted_with_the_lakes_own_key(synth: Synth) -> None:
    config = lake(synth)
    (rule,) = bucket(config, "aws_s3_bucket_server_side_encryption_configuration", "raw")["rule"]
    assert rule["apply_server_side_encryption_by_default"]["sse_algorithm"] == "aws:kms"
    assert rule["bucket_key_enabled"] is True
    (key,) = config.resources("aws_kms_key").values()
    assert key["enable_key_rotation"] is True


def test_raw_data_moves_to_cheaper_storage_and_is_never_deleted(synth: Synth) -> None:
    (rule,) = bucket(lake(synth), "aws_s3_bucket_lifecycle_configuration", "raw")["rule"]
    assert rule["transition"] == [
        {"days": 90, "storage_class": "STANDARD_IA"},
        {"days": 365, "storage_class": "GLACIER"},
    ]
    assert "expiration" not in rule
    assert "noncurrent_version_expiration" not in rule


def test_old_versions_of_models_expire_after_30_days(synth: Synth) -> None:
    (rule,) = bucket(lake(synth), "aws_s3_bucket_lifecycle_configuration", "models")["rule"]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 30}]


@pytest.mark.parametrize("zone", ["raw", "processed", "features", "models", "access-logs"])
def test_unfinished_uploads_are_removed_everywhere(synth: Synth, zone: str) -> None:
    (rule,) = bucket(lake(synth), "aws_s3_bucket_lifecycle_configuration", zone)["rule"]
    assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]


def test_a_lifecycle_can_be_replaced(synth: Synth) -> None:
    config = lake(synth, lifecycles={"raw": Lifecycle(expire_after_days=10)})
    (rule,) = bucket(config, "aws_s3_bucket_lifecycle_configuration", "raw")["rule"]
    assert rule["expiration"] == [{"days": 10}]


def test_a_protected_lake_cannot_be_destroyed(synth: Synth) -> None:
    config = lake(synth, environment=an_environment(protect_data=True))
    kept = [*config.resources("aws_s3_bucket").values(), *config.resources("aws_kms_key").values()]
    assert all(each["lifecycle"] == {"prevent_destroy": True} for each in kept)
    assert not any(each.get("force_destroy") for each in kept)


def test_an_unprotected_lake_is_destroyed_with_its_objects(synth: Synth) -> None:
    config = lake(synth, environment=an_environment(protect_data=False))
    assert all(each["force_destroy"] is True for each in config.resources("aws_s3_bucket").values())
    assert not any("lifecycle" in each for each in config.resources("aws_s3_bucket").values())


def test_access_to_every_zone_is_logged(synth: Synth) -> None:
    assert bucket(lake(synth), "aws_s3_bucket_logging", "raw")["target_prefix"] == "raw/"
    assert len(lake(synth).resources("aws_s3_bucket_logging")) == 4


def grants(synth: Synth, grant: Callable[[DataLake, Grantee], None]) -> list[dict[str, Any]]:
    config = synth.constructs(lambda stack: grant(DataLake(stack, "lake"), Grantee(stack)))
    return [json.loads(each["policy"])["Statement"] for each in config.resources("aws_iam_role_policy").values()]


def test_reading_is_limited_to_the_zones_and_the_prefix_granted(synth: Synth) -> None:
    ((listing, objects, key),) = grants(
        synth, lambda lake, reader: lake.grant_read(reader, zones=["models"], prefix="ranker/")
    )
    models = "arn:aws:s3:::recsys-dev-models-111111111111-us-east-1"
    assert listing["Resource"] == models
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "ranker/*"}}
    assert objects["Resource"] == f"{models}/ranker/*"
    assert objects["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert key["Action"] == "kms:Decrypt"


def test_writing_includes_what_a_multipart_upload_needs(synth: Synth) -> None:
    ((_, objects, key),) = grants(synth, lambda lake, reader: lake.grant_read_write(reader))
    assert {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"} <= set(objects["Action"])
    assert key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_a_write_grant_does_not_include_listing_reading_or_deleting(synth: Synth) -> None:
    ((objects, key),) = grants(synth, lambda lake, reader: lake.grant_write(reader, zones=["raw"], prefix="clicks/"))
    assert objects["Resource"] == "arn:aws:s3:::recsys-dev-raw-111111111111-us-east-1/clicks/*"
    assert objects["Action"] == ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    assert key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_a_grant_takes_a_role_or_its_name(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        lake = DataLake(stack, "lake")
        lake.grant_read(Grantee(stack).role, zones=["models"])
        lake.grant_read("analysts", zones=["models"])

    policies = synth.constructs(build).resources("aws_iam_role_policy").values()
    assert {each["role"].partition(".")[0] for each in policies} == {"${aws_iam_role", "analysts"}
    assert {each["name"] for each in policies} == {"lake-read-models"}


@pytest.mark.parametrize("prefix", ["two-tower-v2", "/two-tower/", "a//b/", "*/", "${aws:username}/", "a?/"])
def test_a_prefix_that_would_grant_more_than_it_says_is_refused(synth: Synth, prefix: str) -> None:
    with pytest.raises(ValueError, match=r"prefix='.*' is not valid. Expected: .* such as 'two-tower-v2/'"):
        grants(synth, lambda lake, reader: lake.grant_read(reader, prefix=prefix))


def test_a_prefix_that_is_too_long_for_the_name_of_a_policy_is_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"is too long: the policy name 'lake-read-raw-x.*at most 128"):
        grants(synth, lambda lake, reader: lake.grant_read(reader, zones=["raw"], prefix=f"{'x' * 120}/"))


@pytest.mark.parametrize("role", ["arn:aws:iam::111111111111:role/analysts", "${aws_iam_role.x.name}", ""])
def test_an_invalid_role_name_is_refused(synth: Synth, role: str) -> None:
    with pytest.raises(ValueError, match=r"is not a role name. Expected: a name such as 'analysts'"):
        grants(synth, lambda lake, _: lake.grant_read(role))


def test_several_grants_to_one_role_coexist(synth: Synth) -> None:
    def grant(lake: DataLake, reader: Grantee) -> None:
        lake.grant_read(reader)
        lake.grant_read(reader, zones=["models"])
        lake.grant_read_write(reader, zones=["models"], prefix="a/")
        lake.grant_read_write(reader, zones=["models"], prefix="b/")

    assert len(grants(synth, grant)) == 4


def test_a_zone_that_the_platform_does_not_have_is_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"zones=\['silver'\] is not valid. Expected: one or more of raw, processed"):
        lake(synth, zones=["silver"])


def test_a_grant_of_a_zone_that_the_lake_lacks_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        DataLake(stack, "lake", zones=["raw"]).grant_read(Grantee(stack), zones=["models"])

    with pytest.raises(ValueError, match=r"the lake has no zone 'models'. Expected: one of raw"):
        synth.constructs(build)


def test_outside_an_mlstack_the_environment_is_required(tmp_path: Path) -> None:
    stack = TerraformStack(App(outdir=str(tmp_path)), "theirs")
    with pytest.raises(ValueError, match=r"'theirs' is not an MlStack.*Pass environment="):
        DataLake(stack, "lake")
    assert DataLake(stack, "lake", environment=an_environment()).bucket_name("raw").startswith("recsys-dev-raw-")
