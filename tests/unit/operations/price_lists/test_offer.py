"""Offer files of AWS."""

from __future__ import annotations

import pytest

from mlinfra.operations.price_lists.offer import OfferError, read_offer
from tests.unit.operations.price_lists.conftest import OFFERS

EC2, SAGEMAKER = ((OFFERS / f"{name}.csv").read_text() for name in ("AmazonEC2", "AmazonSageMaker"))


def test_instances_are_those_of_linux_with_shared_tenancy_in_the_region() -> None:
    offer = read_offer(EC2.splitlines(keepends=True), code="AmazonEC2", region="eu-central-1")
    assert offer.prices["ec2"] == {
        "m5.large": (0.116, "hour"),
        "g5.xlarge": (1.258, "hour"),
        "p5.48xlarge": (63.296, "hour"),
        "m5.metal": (5.52, "hour"),
    }
    assert (offer.version, offer.published) == ("20261120004501", "2026-11-20T00:45:01Z")


def test_volumes_and_nat_gateways_have_the_units_of_the_price_book() -> None:
    offer = read_offer(EC2.splitlines(keepends=True), code="AmazonEC2", region="eu-central-1")
    assert offer.prices["services"] == {
        "ebs/gp3_storage": (0.0952, "GB-month"),
        "ebs/gp3_iops_over_3000": (0.006, "IOPS-month"),
        "ebs/gp3_throughput_over_125": (pytest.approx(0.0476), "MBps-month"),
        "ebs/snapshot_standard": (0.054, "GB-month"),
        "nat/gateway": (0.052, "hour"),
        "nat/data_processed": (0.052, "GB"),
    }


def test_sagemaker_instances_are_found_by_their_usage_type() -> None:
    offer = read_offer(SAGEMAKER.splitlines(keepends=True), code="AmazonSageMaker", region="eu-central-1")
    assert offer.prices == {
        "sagemaker": {
            "hosting/ml.g5.xlarge": (1.761, "hour"),
            "training/ml.g5.xlarge": (1.761, "hour"),
            "processing/ml.m5.large": (0.138, "hour"),
            "notebook/ml.t3.medium": (0.06, "hour"),
            "studio/ml.t3.medium": (0.06, "hour"),
        }
    }


@pytest.mark.parametrize(
    ("text", "region", "problem"),
    [
        ("", "eu-central-1", "its OfferCode is none, not AmazonEC2"),
        (SAGEMAKER, "eu-central-1", "its OfferCode is AmazonSageMaker, not AmazonEC2"),
        ("<html>\n", "eu-central-1", "its OfferCode is none, not AmazonEC2"),
        (EC2.replace('"usageType"', '"usage"'), "eu-central-1", "it has no column usageType"),
        (EC2, "eu-west-1", "it has no known price of eu-west-1"),
    ],
)
def test_another_file_is_refused(text: str, region: str, problem: str) -> None:
    with pytest.raises(OfferError) as caught:
        read_offer(text.splitlines(keepends=True), code="AmazonEC2", region=region)
    assert str(caught.value) == problem


def test_the_items_are_those_of_the_price_book() -> None:
    from mlinfra.functions.price_table import entries
    from mlinfra.operations.price_lists.offer import _EC2_ITEMS

    known = entries("services", "us-east-1")
    assert {item: unit for item, unit, _ in _EC2_ITEMS.values()} == {
        item: known[item].unit for item, _, _ in _EC2_ITEMS.values()
    }
