"""Gap: service quotas of EC2 for accelerator instances.

moto has quotas of VPC only, and no list of applied quotas. In AWS, EC2 has a quota of vCPUs for each group of
instance types. Source: Service Quotas API reference, GetServiceQuota, ListServiceQuotas,
GetAWSDefaultServiceQuota, ListAWSDefaultServiceQuotas, read 2026-11-24.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS
from moto.servicequotas.responses import ServiceQuotasResponse

from mlinfra.local_aws.mechanisms.api_model import request_of, violation
from mlinfra.local_aws.seed import APPLIED_QUOTA, QUOTAS

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_PAGE = 100


def is_open() -> bool:
    """True if moto has no quotas of EC2."""
    return not hasattr(ServiceQuotasBackend, "list_service_quotas")


def close() -> None:
    """Close the gap: add the quotas of EC2, as defaults and as applied."""
    for operation in (
        get_service_quota,
        get_aws_default_service_quota,
        list_service_quotas,
        list_aws_default_service_quotas,
    ):
        setattr(ServiceQuotasResponse, operation.__name__, operation)


def get_service_quota(response: ServiceQuotasResponse) -> str:
    """GetServiceQuota."""
    return json.dumps({"Quota": _one(response, "GetServiceQuota", applied=True)})


def get_aws_default_service_quota(response: ServiceQuotasResponse) -> str:
    """GetAWSDefaultServiceQuota."""
    return json.dumps({"Quota": _one(response, "GetAWSDefaultServiceQuota", applied=False)})


def list_service_quotas(response: ServiceQuotasResponse) -> str:
    """ListServiceQuotas."""
    return _page(response, "ListServiceQuotas", applied=True)


def list_aws_default_service_quotas(response: ServiceQuotasResponse) -> str:
    """ListAWSDefaultServiceQuotas."""
    return _page(response, "ListAWSDefaultServiceQuotas", applied=False)


def _one(response: ServiceQuotasResponse, operation: str, *, applied: bool) -> Mapping[str, Any]:
    request = _checked(response, operation)
    for quota in _quotas(response, request["ServiceCode"], applied=applied):
        if quota["QuotaCode"] == request["QuotaCode"]:
            return quota
    error = "NoSuchResourceException"
    raise JsonRESTError(error, "The request failed because the specified resource does not exist.")


def _page(response: ServiceQuotasResponse, operation: str, *, applied: bool) -> str:
    request = _checked(response, operation)
    quotas = _quotas(response, request["ServiceCode"], applied=applied)
    token = request.get("NextToken") or "0"
    if not token.isdecimal() or int(token) > len(quotas):
        error = "InvalidPaginationTokenException"
        raise JsonRESTError(error, "Invalid input was provided.")
    start = int(token)
    end = start + int(request.get("MaxResults") or _DEFAULT_PAGE)
    answer: dict[str, Any] = {"Quotas": quotas[start:end]}
    if end < len(quotas):
        answer["NextToken"] = str(end)
    return json.dumps(answer)


def _checked(response: ServiceQuotasResponse, operation: str) -> Mapping[str, Any]:
    request = request_of(response, operation)
    problem = violation("service-quotas", operation, request)
    if problem:
        error = "IllegalArgumentException"
        raise JsonRESTError(error, f"1 validation error detected: {problem}")
    return request


def _quotas(response: ServiceQuotasResponse, service: str, *, applied: bool) -> list[Mapping[str, Any]]:
    if service == "vpc":
        return list(VPC_DEFAULT_QUOTAS)
    if service != "ec2":
        error = "NoSuchResourceException"
        message = "This service is not available in the current Region."
        raise JsonRESTError(error, f"{message} Choose a different Region or a different service.")
    backend = response.backend
    arn = f"arn:{backend.partition}:servicequotas:{backend.region_name}:{backend.account_id}:ec2"
    return [
        {
            "ServiceCode": "ec2",
            "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
            "QuotaArn": f"{arn}/{each.code}",
            "QuotaCode": each.code,
            "QuotaName": each.name,
            "Value": APPLIED_QUOTA if applied else each.default,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
        for each in QUOTAS
    ]
