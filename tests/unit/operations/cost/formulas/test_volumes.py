"""Costs of EBS volumes, computed by hand with the prices of us-east-1."""

from __future__ import annotations

import pytest

from tests.unit.operations.cost.stacks import months, reasons, resource


@pytest.mark.parametrize(
    ("kind", "usd"),
    # EBS pricing page, us-east-1, USD per GB-month, as in Infracost's golden file ebs_volume_test: 100 GiB each.
    [("gp2", 10.0), ("gp3", 8.0), ("io1", 12.5), ("st1", 4.5), ("sc1", 1.5)],
)
def test_storage_is_billed_by_gb_and_month(kind: str, usd: float) -> None:
    assert months(resource("aws_ebs_volume", size=100, type=kind)) == {f"volume: {kind} storage": (usd, usd)}


def test_gp3_is_billed_for_what_exceeds_its_baseline() -> None:
    # 200 x 0.08 = 16; (4,000 - 3,000) x 0.005 = 5; (325 - 125) x 0.04 = 8.
    volume = resource("aws_ebs_volume", size=200, volume_type="gp3", iops=4_000, throughput=325)
    assert months(volume) == {
        "volume: gp3 storage": (16.0, 16.0),
        "volume: IOPS over 3,000": (5.0, 5.0),
        "volume: throughput over 125 MiB/s": (8.0, 8.0),
    }


def test_provisioned_iops_are_billed() -> None:
    # 100 x 0.125 = 12.50; 1,000 x 0.065 = 65.
    volume = resource("aws_ebs_volume", size=100, volume_type="io1", iops=1_000)
    assert months(volume) == {"volume: io1 storage": (12.5, 12.5), "volume: IOPS": (65.0, 65.0)}


def test_the_price_of_io2_above_32000_iops_is_unknown() -> None:
    volume = resource("aws_ebs_volume", size=100, volume_type="io2", iops=40_000)
    assert reasons(volume) == ["no price of the IOPS above 32,000 of the volume"]


def test_a_volume_of_unknown_size_has_no_cost_of_zero() -> None:
    assert reasons(resource("aws_ebs_volume", volume_type="gp3")) == [
        "the size of the volume is that of the image or snapshot"
    ]
    volume = resource("aws_ebs_volume", volume_type="gp3", size="${data.x.size}")
    assert reasons(volume) == ["the size of the volume is known after apply"]


def test_a_snapshot_is_counted_at_the_size_of_its_volume() -> None:
    # 100 x 0.05.
    assert months(resource("aws_ebs_snapshot", volume_size=100)) == {"snapshot": (5.0, 5.0)}
    assert reasons(resource("aws_ebs_snapshot")) == ["the size of the snapshot is known after apply"]
