"""Reasons of failed launches, and the quotas that limit them."""

from __future__ import annotations

import pytest

from mlinfra.catalog import instance_types
from mlinfra.functions.launch_errors import launch_error, limit_in, quota_code
from mlinfra.local_aws.mechanisms.launch_errors import MESSAGES
from mlinfra.local_aws.seed import QUOTAS


@pytest.mark.parametrize("code", MESSAGES)
def test_a_message_of_ec2_is_recognized_with_and_without_its_code(code: str) -> None:
    assert launch_error(MESSAGES[code]).code == code
    assert launch_error(f"Could not launch On-Demand Instances. {code} - {MESSAGES[code]}").code == code


def test_an_unknown_message_is_reported_as_such() -> None:
    assert (launch_error("Something new.").code, launch_error("").code) == ("Unknown", "Unknown")


def test_the_limit_is_read_from_the_message_of_an_exhausted_quota() -> None:
    assert limit_in("than your current vCPU limit of 96 allows for the instance bucket") == 96
    assert limit_in(MESSAGES["VcpuLimitExceeded"]) == 0
    assert limit_in(MESSAGES["MaxSpotInstanceCountExceeded"]) is None


@pytest.mark.parametrize(
    ("instance_type", "on_demand", "spot"),
    [
        ("p5.48xlarge", "L-417A185B", "L-7212CCBC"),
        ("g6e.12xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("gr6.4xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("trn2.48xlarge", "L-2C3B7624", "L-6B0D517C"),
        ("m5.large", "L-1216C47A", "L-34B43A08"),
        ("i4i.large", "L-1216C47A", "L-34B43A08"),
        ("mac2.metal", None, None),
        ("unknown", None, None),
    ],
)
def test_a_type_has_the_quota_of_its_class(instance_type: str, on_demand: str | None, spot: str | None) -> None:
    assert quota_code(instance_type, spot=False) == on_demand
    assert quota_code(instance_type, spot=True) == spot


def test_every_accelerator_type_has_a_quota_that_the_local_aws_has_too() -> None:
    known = {each.code for each in QUOTAS}
    for name in instance_types():
        assert {quota_code(name, spot=False), quota_code(name, spot=True)} <= known, name
