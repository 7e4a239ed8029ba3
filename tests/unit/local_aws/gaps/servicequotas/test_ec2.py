"""Service quotas of EC2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.local_aws.seed import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_quota_has_a_default_and_an_applied_value(client: Callable[..., Any]) -> None:
    quotas = client("service-quotas")
    asked = {"ServiceCode": "ec2", "QuotaCode": "L-417A185B"}
    applied = quotas.get_service_quota(**asked)["Quota"]
    assert (applied["QuotaName"], applied["Value"] > 0) == ("Running On-Demand P instances", True)
    assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 0


def test_quotas_are_listed_in_pages(client: Callable[..., Any]) -> None:
    pages = (
        client("service-quotas")
        .get_paginator("list_service_quotas")
        .paginate(ServiceCode="ec2", PaginationConfig={"PageSize": 5})
    )
    codes = [[each["QuotaCode"] for each in page["Quotas"]] for page in pages]
    assert [code for page in codes for code in page] == [each.code for each in QUOTAS]
    assert len(codes) == 3


@pytest.mark.parametrize(
    "asked",
    [{"ServiceCode": "ec2", "QuotaCode": "L-00000000"}, {"ServiceCode": "no-such", "QuotaCode": "L-417A185B"}],
)
def test_an_unknown_quota_is_refused(client: Callable[..., Any], asked: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client("service-quotas").get_service_quota(**asked)


TRN = {"ServiceCode": "ec2", "QuotaCode": "L-2C3B7624"}


def test_a_requested_increase_stays_open_and_is_listed(client: Callable[..., Any]) -> None:
    quotas = client("service-quotas")
    made = quotas.request_service_quota_increase(**TRN, DesiredValue=9000)["RequestedQuota"]
    assert (made["QuotaName"], made["Status"]) == ("Running On-Demand Trn instances", "PENDING")
    listed = quotas.list_requested_service_quota_change_history_by_quota(**TRN)["RequestedQuotas"]
    assert [(each["Id"], each["DesiredValue"]) for each in listed] == [(made["Id"], 9000)]
    denied = quotas.list_requested_service_quota_change_history_by_quota(**TRN, Status="DENIED")["RequestedQuotas"]
    assert denied == []
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        quotas.request_service_quota_increase(**TRN, DesiredValue=9001)


def test_an_increase_to_less_than_the_quota_is_refused(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="IllegalArgumentException"):
        client("service-quotas").request_service_quota_increase(**TRN | {"QuotaCode": "L-6E869C2A"}, DesiredValue=1)
