"""Optional parts of a data lake: object locks, inventories, events and a query catalog."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import DataCatalog, DataLake, DataLakeSettings, DeclarationError, ObjectLock
from mlinfra.stacks.data import DataStack
from mlinfra.testing import Template
from tests import programs
from tests.conftest import ROOT, an_environment
from tests.unit.constructs.data_lake.test_lake import bucket, lake

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra import MlStack
    from mlinfra.testing import Synth


def test_every_optional_part_is_off_by_default(synth: Synth) -> None:
    optional = {
        "aws_athena_workgroup",
        "aws_glue_catalog_database",
        "aws_s3_bucket_inventory",
        "aws_s3_bucket_notification",
        "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_replication_configuration",
    }
    assert not optional & lake(synth).types.keys()


@pytest.mark.parametrize("argument", ["object_locks", "replications", "inventory", "lifecycles"])
def test_a_zone_that_the_lake_lacks_is_refused(synth: Synth, argument: str) -> None:
    with pytest.raises(ValueError, match=rf"{argument}: the lake has no zone 'silver'. Expected: one of raw"):
        lake(synth, **{argument: {"silver": None}})


def test_events_of_a_zone_that_the_lake_lacks_are_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"events: the lake has no zone 'models'. Expected: one of raw\."):
        lake(synth, zones=["raw"], events=["models"])


def test_a_locked_zone_keeps_every_version_and_its_bucket_is_not_replaced(synth: Synth) -> None:
    config = lake(synth, object_locks={"raw": ObjectLock(days=30)})
    lock = config.one("aws_s3_bucket_object_lock_configuration")
    assert lock["rule"] == {"default_retention": {"mode": "GOVERNANCE", "days": 30}}
    assert lock["depends_on"][0].startswith("aws_s3_bucket_versioning.lake_raw_")
    # A change of this argument replaces the bucket.
    assert not any("object_lock_enabled" in each for each in config.resources("aws_s3_bucket").values())


@pytest.mark.parametrize("days", [0, 36_501])
def test_a_lock_of_zero_days_or_more_than_s3_accepts_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match=rf"days must be 1 to 36500, got {days}"):
        ObjectLock(days=days)


def test_a_mode_that_s3_does_not_have_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"mode='SOFT' is not a mode of object lock. Expected: GOVERNANCE or COMPLIANCE"
    ):
        ObjectLock(mode="SOFT", days=1)  # type: ignore[arg-type]


def test_a_compliance_lock_needs_a_protected_lake(synth: Synth) -> None:
    locks = {"raw": ObjectLock(mode="COMPLIANCE", days=30)}
    with pytest.raises(
        ValueError, match=r"object_locks\['raw'\] has mode='COMPLIANCE'.*protect=False: its objects cannot"
    ):
        lake(synth, object_locks=locks, protect=False)
    lake(synth, object_locks=locks, protect=True).has_resource("aws_s3_bucket_object_lock_configuration")


def test_changes_of_a_zone_reach_eventbridge(synth: Synth) -> None:
    notification = lake(synth, events=["models"]).one("aws_s3_bucket_notification")
    assert notification["eventbridge"] is True
    assert notification["bucket"].startswith("${aws_s3_bucket.lake_models_")


def test_a_file_system_linked_to_a_zone_still_receives_its_events(synth: Synth) -> None:
    # FSx has a notification of its own in the bucket.
    notification = lake(synth, events=["raw"]).one("aws_s3_bucket_notification")
    assert notification["lifecycle"] == {"ignore_changes": ["queue", "topic"]}


def test_inventories_are_in_a_bucket_that_only_s3_writes_to(synth: Synth) -> None:
    config = lake(synth, inventory={"raw": "Weekly"})
    listing = config.one("aws_s3_bucket_inventory")
    destination = listing["destination"]["bucket"]
    assert listing["schedule"] == {"frequency": "Weekly"}
    assert destination["bucket_arn"] == "arn:aws:s3:::recsys-dev-inventory-111111111111-us-east-1"
    assert destination["encryption"]["sse_kms"]["key_id"].startswith("${aws_kms_key.lake_key_")
    policy = json.loads(bucket(config, "aws_s3_bucket_policy", "inventory")["policy"])
    (allowed,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    source = {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::recsys-dev-raw-111111111111-us-east-1"},
        "StringEquals": {"aws:SourceAccount": "111111111111"},
    }
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "s3.amazonaws.com"}, "s3:PutObject")
    assert allowed["Condition"] == source
    (key,) = config.resources("aws_kms_key").values()
    encrypting = json.loads(key["policy"])["Statement"][-1]
    assert (encrypting["Action"], encrypting["Condition"]) == ("kms:GenerateDataKey", source)


def test_queries_stop_at_the_limit_and_their_results_are_encrypted_and_expire(synth: Synth) -> None:
    config = lake(synth, catalog=DataCatalog(scan_limit_gib=10, results_kept_days=7))
    workgroup = config.one("aws_athena_workgroup")["configuration"]
    assert workgroup["bytes_scanned_cutoff_per_query"] == 10 * 1024**3
    assert workgroup["enforce_workgroup_configuration"] is True
    results = workgroup["result_configuration"]
    assert results["output_location"] == "s3://recsys-dev-queries-111111111111-us-east-1/"
    assert results["encryption_configuration"]["encryption_option"] == "SSE_KMS"
    (rule,) = bucket(config, "aws_s3_bucket_lifecycle_configuration", "catalog")["rule"]
    assert rule["expiration"] == [{"days": 7}]
    assert config.one("aws_glue_catalog_database")["name"] == "recsys_dev"


def test_a_query_grant_is_limited_to_the_workgroup_and_the_zones(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        DataLake(stack, "lake", catalog=DataCatalog()).grant_query("analysts", zones=["models"])

    policies = synth.constructs(build).resources("aws_iam_role_policy").values()
    by_name = {each["name"]: json.loads(each["policy"])["Statement"] for each in policies}
    assert by_name.keys() == {"lake-read-models", "recsys-dev-data-lake-query"}
    query, tables, _, _, results, _ = by_name["recsys-dev-data-lake-query"]
    assert query["Resource"] == "arn:aws:athena:us-east-1:111111111111:workgroup/recsys-dev-data-lake"
    assert tables["Resource"][-1] == "arn:aws:glue:us-east-1:111111111111:table/recsys_dev/*"
    assert results["Resource"] == "arn:aws:s3:::recsys-dev-queries-111111111111-us-east-1/*"


def test_a_lake_without_a_catalog_cannot_be_queried(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"the lake has no catalog to query. Expected: catalog=DataCatalog"):
        synth.constructs(lambda stack: DataLake(stack, "lake").grant_query("analysts"))


def test_a_limit_below_what_athena_takes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scan_limit_gib=0.001 is too low. Expected: 0.01 or more"):
        DataCatalog(scan_limit_gib=0.001)


def test_results_that_are_not_kept_are_refused() -> None:
    with pytest.raises(ValueError, match=r"results_kept_days must be at least 1, got 0"):
        DataCatalog(results_kept_days=0)


def test_access_to_lists_and_results_is_logged_too(synth: Synth) -> None:
    config = lake(synth, zones=["raw"], inventory={"raw": "Daily"}, catalog=DataCatalog())
    prefixes = {each["target_prefix"] for each in config.resources("aws_s3_bucket_logging").values()}
    assert prefixes == {"raw/", "inventory/", "queries/"}


def test_the_parts_of_a_lake_are_attributes(synth: Synth) -> None:
    made: list[Any] = []
    synth.constructs(
        lambda stack: made.extend(
            [DataLake(stack, "plain"), DataLake(stack, "full", inventory={"raw": "Daily"}, catalog=DataCatalog())]
        )
    )
    plain, full = made
    assert (plain.inventory, plain.catalog) == (None, None)
    assert full.inventory.bucket.name == "recsys-dev-inventory-111111111111-us-east-1"
    assert full.catalog.results.name == "recsys-dev-queries-111111111111-us-east-1"


def test_the_lake_has_what_its_environment_declares(synth: Synth) -> None:
    settings = DataLakeSettings(events=["raw"], inventory={"models": "Daily"}, scan_limit_gib=5)
    types = synth(DataStack, environment=an_environment(data_lake=settings)).types
    assert {"aws_s3_bucket_notification", "aws_s3_bucket_inventory", "aws_athena_workgroup"} <= types.keys()


def test_an_invalid_zone_or_account_is_refused_in_the_declaration() -> None:
    with pytest.raises(DeclarationError, match=r"events.0: 'silver'") as refused:
        DataLakeSettings(events=["silver"], inventory={"raw": "Hourly"}, trusted_account_ids=["12"])
    assert "inventory.raw: 'Hourly'" in str(refused.value)
    assert "trusted_account_ids.0: '12'" in str(refused.value)


def test_the_example_synthesizes_in_an_empty_project(tmp_path: Path) -> None:
    assert programs.synthesize(ROOT / "examples/data_lake/main.py", tmp_path, cwd=tmp_path).returncode == 0
    config = Template.read(tmp_path / "stacks" / "prod-lake")
    assert config.one("aws_s3_bucket_object_lock_configuration")["bucket"].startswith("${aws_s3_bucket.lake_raw_")
    told = json.loads(config.document["output"]["policy-of-copies"]["value"])
    assert told["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::333333333333:role/recsys-prod-models-replication"}
