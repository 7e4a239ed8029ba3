"""Service quotas of instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.catalog import instance_types, quota_of, quotas_of, service_quotas

if TYPE_CHECKING:
    from mlinfra.catalog import QuotaKind


@pytest.mark.parametrize(
    ("instance_type", "purchase", "code"),
    [
        ("p5.48xlarge", "on_demand", "L-417A185B"),
        ("p6-b200.48xlarge", "on_demand", "L-417A185B"),
        ("p5.48xlarge", "spot", "L-7212CCBC"),
        ("g6e.12xlarge", "on_demand", "L-DB2E81BA"),
        ("gr6.4xlarge", "spot", "L-3819A6DF"),
        ("inf2.xlarge", "on_demand", "L-1945791B"),
        ("trn1.32xlarge", "on_demand", "L-2C3B7624"),
        ("im4gn.large", "on_demand", "L-1216C47A"),
        ("m5.large", "on_demand", "L-1216C47A"),
        ("t3.micro", "spot", "L-34B43A08"),
        ("dl1.24xlarge", "on_demand", "L-6E869C2A"),
        ("hpc7g.16xlarge", "on_demand", "L-F7808C92"),
        ("u-6tb1.56xlarge", "on_demand", "L-43DA4232"),
    ],
)
def test_the_quota_of_a_type(instance_type: str, purchase: QuotaKind, code: str) -> None:
    quota = quota_of(instance_type, purchase)
    assert quota
    assert (quota.code, quota.unit, quota.kind) == (code, "vCPU", purchase)


@pytest.mark.parametrize("instance_type", ["mac2.metal", "zz9.large", "", "9"])
def test_the_quota_of_another_type_is_unknown(instance_type: str) -> None:
    assert quota_of(instance_type) is None


def test_every_accelerator_type_has_a_quota() -> None:
    assert all(quota_of(name) for name in instance_types())


def test_an_unknown_default_is_none_and_not_zero() -> None:
    by_code = {each.code: each.default for each in service_quotas()}
    assert by_code["L-1216C47A"] == 5
    assert by_code["L-82E1C851"] is None


def test_p5_spot_instances_may_have_a_quota_of_their_own() -> None:
    assert [each.code for each in quotas_of("p5en.48xlarge", "spot")] == ["L-C4BD4855", "L-7212CCBC"]
    assert [each.code for each in quotas_of("p4d.24xlarge", "spot")] == ["L-7212CCBC"]
