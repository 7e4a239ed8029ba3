"""Gap: service quotas of EC2 and SageMaker for accelerator instances.

moto has quotas of VPC only, and neither a list of applied quotas nor requests for increases. In AWS, EC2 has a quota of
vCPUs for each group of instance types, and SageMaker one of instances for each type and use, of which the catalog has
some. A request must ask for more than the quota, and is refused while another one for the quota is open. Here, requests
stay open. Source: Service Quotas API reference, GetServiceQuota, ListServiceQuotas, GetAWSDefaultServiceQuota,
ListAWSDefaultServiceQuotas, RequestServiceQuotaIncrease, ListRequestedServiceQuotaChangeHistoryByQuota,
read 2026-11-29.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS
from moto.servicequotas.responses import ServiceQuotasResponse

from mlinfra.catalog import service_quotas
from mlinfra.local_aws.mechanisms.api_model import request_of, violation
from mlinfra.local_aws.mechanisms.extending import kept
from mlinfra.local_aws.seed import APPLIED_INSTANCES, APPLIED_QUOTA, QUOTAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.catalog import Quota

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
        request_service_quota_increase,
        list_requested_service_quota_change_history_by_quota,
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


def request_service_quota_increase(response: ServiceQuotasResponse) -> str:
    """RequestServiceQuotaIncrease."""
    quota = _one(response, "RequestServiceQuotaIncrease", applied=True)
    desired = float(request_of(response, "RequestServiceQuotaIncrease")["DesiredValue"])
    requests = _requests(response)
    if desired <= quota["Value"]:
        error = "IllegalArgumentException"
        raise JsonRESTError(error, "You must provide a quota value greater than the current quota value.")
    if any(each["QuotaCode"] == quota["QuotaCode"] for each in requests):
        error = "ResourceAlreadyExistsException"
        raise JsonRESTError(error, "Only one open service quota increase request is allowed per quota.")
    names = ("ServiceCode", "ServiceName", "QuotaArn", "QuotaCode", "QuotaName", "Unit", "GlobalQuota")
    made = {name: quota[name] for name in names} | {
        "Id": mock_random.get_random_hex(32),
        "DesiredValue": desired,
        "Status": "PENDING",
        "Created": unix_time(),
    }
    requests.append(made)
    return json.dumps({"RequestedQuota": made})


def list_requested_service_quota_change_history_by_quota(response: ServiceQuotasResponse) -> str:
    """ListRequestedServiceQuotaChangeHistoryByQuota."""
    request = _checked(response, "ListRequestedServiceQuotaChangeHistoryByQuota")
    status = request.get("Status")
    found = [
        each
        for each in _requests(response)
        if each["QuotaCode"] == request["QuotaCode"] and status in {None, each["Status"]}
    ]
    return json.dumps({"RequestedQuotas": found})


def _requests(response: ServiceQuotasResponse) -> list[dict[str, Any]]:
    """The open requests for increases in the account and region."""
    return kept(response.backend, "requests for increases", list)


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
    if service == "sagemaker":
        return [_of_sagemaker(response, each, applied=applied) for each in service_quotas() if each.service == service]
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


def _of_sagemaker(response: ServiceQuotasResponse, quota: Quota, *, applied: bool) -> Mapping[str, Any]:
    backend = response.backend
    arn = f"arn:{backend.partition}:servicequotas:{backend.region_name}:{backend.account_id}:sagemaker"
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"{arn}/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": APPLIED_INSTANCES if applied else quota.default or 0.0,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
