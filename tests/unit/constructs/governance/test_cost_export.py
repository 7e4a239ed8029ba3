"""The bill of an account as a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra import CostExport, CostExportSettings
from mlinfra.declarations import BILLING_COLUMNS
from tests.conftest import an_environment
from tests.iam import allowed, denied

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

BUCKET = "arn:aws:s3:::recsys-dev-billing-111111111111-eu-west-1"
EXPORT = "arn:aws:bcm-data-exports:us-east-1:111111111111:export/recsys-dev-costs"


@pytest.fixture
def config(synth: Synth) -> Template:
    environment = an_environment(region="eu-west-1")
    return synth.constructs(
        lambda stack: CostExport(stack, "cost-export", settings=CostExportSettings(scan_limit_gib=2)),
        environment=environment,
        inputs={},
    )


def test_the_export_is_made_in_the_region_of_the_service_and_written_to_that_of_the_environment(
    config: Template,
) -> None:
    made = config.one("aws_bcmdataexports_export")
    (other,) = [each for each in config.document["provider"]["aws"] if each.get("alias") == "data-exports"]
    assert made["provider"] == "aws.data-exports"
    assert (other["region"], other["allowed_account_ids"]) == ("us-east-1", ["111111111111"])
    assert other["default_tags"] == config.document["provider"]["aws"][0]["default_tags"]
    (export,) = made["export"]
    (destination,) = export["destination_configurations"][0]["s3_destination"]
    assert (destination["s3_bucket"], destination["s3_region"]) == (BUCKET.rpartition(":")[2], "eu-west-1")


def test_every_setting_of_the_export_is_given(config: Template) -> None:
    """AWS returns the missing ones, and the provider would replace the export at each apply."""
    (query,) = config.one("aws_bcmdataexports_export")["export"][0]["data_query"]
    assert query["table_configurations"]["COST_AND_USAGE_REPORT"] == {
        "BILLING_VIEW_ARN": "arn:aws:billing::111111111111:billingview/primary",
        "TIME_GRANULARITY": "DAILY",
        "INCLUDE_RESOURCES": "FALSE",
        "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
        "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
    }


def test_the_table_has_the_exported_columns_and_a_folder_for_each_month(config: Template) -> None:
    (query,) = config.one("aws_bcmdataexports_export")["export"][0]["data_query"]
    table = config.one("aws_glue_catalog_table")
    columns = {each["name"]: each["type"] for each in table["storage_descriptor"]["columns"]}
    assert columns == BILLING_COLUMNS
    assert query["query_statement"].removeprefix("SELECT ").partition(" FROM ")[0].split(", ") == list(columns)
    data = "s3://recsys-dev-billing-111111111111-eu-west-1/exports/recsys-dev-costs/data"
    assert table["storage_descriptor"]["location"] == data
    # Terraform evaluates ${ as a template, and $${ as text.
    assert table["parameters"]["storage.location.template"] == f"{data}/BILLING_PERIOD=$${{billing_period}}"


def test_only_exports_of_the_account_are_written_to_the_bucket(config: Template) -> None:
    policy = json.loads(config.one("aws_s3_bucket_policy")["policy"])
    by_service = {
        "aws__SourceAccount": "111111111111",
        "aws__SecureTransport": "true",
        "aws__PrincipalIsAWSService": "true",
    }
    assert allowed(policy, "s3:PutObject", f"{BUCKET}/exports/x", aws__SourceArn=EXPORT, **by_service)
    other = EXPORT.replace("111111111111", "999999999999")
    assert not allowed(policy, "s3:PutObject", f"{BUCKET}/exports/x", aws__SourceArn=other, **by_service)
    assert denied(policy, "s3:GetObject", f"{BUCKET}/exports/x", aws__PrincipalAccount="999999999999")


def test_a_query_cannot_read_more_than_its_limit_or_write_elsewhere(config: Template) -> None:
    settings = config.one("aws_athena_workgroup")["configuration"]
    assert settings["bytes_scanned_cutoff_per_query"] == 2 * 1024**3
    assert settings["enforce_workgroup_configuration"] is True
    assert settings["result_configuration"]["output_location"] == f"s3://{BUCKET.rpartition(':')[2]}/results/"
