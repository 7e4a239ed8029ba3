"""Costs of storage, computed by hand with the prices of us-east-1."""

from __future__ import annotations

import pytest

from mlinfra.operations.cost.estimating import estimate_stack
from tests.unit.operations.cost.stacks import TODAY, environment, line, months, reasons, resource, stack

RAW = "recsys-dev-raw-111111111111-us-east-1"


def test_a_data_zone_costs_its_assumed_data_and_requests() -> None:
    # Amazon S3 pricing page: 0.023 USD per GB-month, 0.0004 USD per 1,000 reads and 0.005 USD per 1,000 writes.
    found = months(resource("aws_s3_bucket", bucket=RAW), stored_gib={"raw": 2_000})
    assert found == {"storage": (46.0, 46.0), "reads": (0.4, 0.4), "writes": (0.5, 0.5)}


def test_storage_has_lower_prices_from_50_tb_on() -> None:
    # 51,200 x 0.023 + 48,800 x 0.022.
    found = months(resource("aws_s3_bucket", bucket=RAW), stored_gib={"raw": 100_000})
    assert found["storage"] == (2_251.2, 2_251.2)
    # 51,200 x 0.023 + 460,800 x 0.022 + 88,000 x 0.021.
    found = months(resource("aws_s3_bucket", bucket=RAW), stored_gib={"raw": 600_000})
    assert found["storage"] == (13_163.2, 13_163.2)


def test_a_bucket_with_a_declared_name_is_recognized() -> None:
    declared = environment(bucket_names={"raw": "acme-landing"})
    found = estimate_stack(stack(resource("aws_s3_bucket", bucket="acme-landing")), declared, today=TODAY)
    assert found.lines[0].assumption == "1,000 GiB in the bucket raw of the data lake"


def test_another_bucket_has_a_small_assumption() -> None:
    assert months(resource("aws_s3_bucket", bucket="x")) == {"storage": (0.23, 0.23)}


def test_the_low_end_is_the_storage_class_that_lifecycle_rules_lead_to() -> None:
    # 1,000 x 0.0125 in STANDARD_IA to 1,000 x 0.023 in STANDARD.
    rules = resource(
        "aws_s3_bucket_lifecycle_configuration",
        bucket="${aws_s3_bucket.x.id}",
        rule=[
            {"status": "Enabled", "transition": [{"days": 30, "storage_class": "STANDARD_IA"}]},
            {"status": "Disabled", "transition": [{"days": 90, "storage_class": "DEEP_ARCHIVE"}]},
        ],
    )
    assert months(resource("aws_s3_bucket", bucket=RAW), rules)["storage"] == (12.5, 23.0)


@pytest.mark.parametrize(
    ("values", "usd"),
    # FSx for Lustre pricing page, us-east-1, USD per GB-month; 1,200 GiB each.
    [
        ({"deployment_type": "SCRATCH_2"}, 168.0),
        ({"deployment_type": "PERSISTENT_2", "per_unit_storage_throughput": 125}, 174.0),
        ({"deployment_type": "PERSISTENT_1", "per_unit_storage_throughput": 50}, 168.0),
        (
            {
                "deployment_type": "PERSISTENT_1",
                "storage_type": "HDD",
                "per_unit_storage_throughput": 12,
                "drive_cache_type": "READ",
            },
            49.2,
        ),
    ],
)
def test_a_file_system_costs_its_capacity(values: dict[str, object], usd: float) -> None:
    assert months(resource("aws_fsx_lustre_file_system", storage_capacity=1200, **values)) == {"storage": (usd, usd)}


def test_a_file_system_is_kept_longer_than_its_cluster() -> None:
    # 10 days and 72 hours: 312 of 730 hours x 168.
    tags = {"Expires": "2026-12-08", "KeepHours": "72"}
    found = line(resource("aws_fsx_lustre_file_system", storage_capacity=1200, deployment_type="SCRATCH_2", tags=tags))
    assert found.usd_per_month_high == pytest.approx(168 * 312 / 730)
    assert "kept 72 hours longer than the cluster" in found.assumption


def test_a_file_system_without_a_price_is_named() -> None:
    found = reasons(resource("aws_fsx_lustre_file_system", storage_capacity=1200, deployment_type="SCRATCH_1"))
    assert found == ["no price of fsx lustre scratch 1 in us-east-1"]
    assert reasons(resource("aws_fsx_lustre_file_system")) == ["the capacity of the file system is known after apply"]


def test_images_cost_their_assumed_size() -> None:
    # 20 x 0.10.
    assert months(resource("aws_ecr_repository")) == {"images": (2.0, 2.0)}


def test_efs_has_no_assumption() -> None:
    assert reasons(resource("aws_efs_file_system")) == [
        "EFS is billed by its contents, for which there is no assumption"
    ]
