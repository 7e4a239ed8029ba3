"""Estimates in the columns of FOCUS 1.4, to compare them with the bill.

FOCUS is the FinOps Open Cost and Usage Specification (https://focus.finops.org/focus-specification/v1-4/, ratified on
2026-06-04). AWS Data Exports offer version 1.2, whose columns 1.4 contains, except ProviderName and PublisherName, that
ServiceProviderName and HostProviderName replace (AWS Data Exports user guide, "FOCUS 1.2 with AWS columns", read
2026-11-29). Columns that begin with `x_` are mlinfra's own, as the specification allows.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Final

from mlinfra.operations.cost.estimate import HOURS_A_MONTH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mlinfra.operations.cost.estimate import Estimate, Line

FOCUS_VERSION: Final = "1.4"
FOCUS_COLUMNS: Final = (
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "CommitmentProgramEligibilityDetails",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractApplied",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceDetailId",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
)
"""The columns of the dataset Cost and Usage, in alphabetical order."""
OWN_COLUMNS: Final = (
    "x_Address",
    "x_AsOf",
    "x_Assumption",
    "x_EffectiveCostLow",
    "x_Formula",
    "x_ServiceCode",
    "x_Source",
    "x_Stack",
)
"""`x_ServiceCode` is a column of AWS's export too; `x_EffectiveCostLow` is the low end of the estimate."""
_AWS: Final = "AWS"
SERVICES: Final[Mapping[str, tuple[str, str, str]]] = {
    "AWSELB": ("Elastic Load Balancing", "Networking", "Application Networking"),
    "AWSLambda": ("AWS Lambda", "Compute", "Serverless Compute"),
    "AWSSecretsManager": ("AWS Secrets Manager", "Security", "Secret Management"),
    "AWSSystemsManager": ("AWS Systems Manager", "Management and Governance", "Other (Management and Governance)"),
    "AmazonCloudWatch": ("AmazonCloudWatch", "Management and Governance", "Observability"),
    "AmazonDynamoDB": ("Amazon DynamoDB", "Databases", "NoSQL Databases"),
    "AmazonEC2": ("Amazon Elastic Compute Cloud", "Compute", "Virtual Machines"),
    "AmazonECR": ("Amazon EC2 Container Registry (ECR)", "Compute", "Containers"),
    "AmazonEFS": ("Amazon Elastic File System", "Storage", "File Storage"),
    "AmazonEKS": ("Amazon Elastic Container Service for Kubernetes", "Compute", "Containers"),
    "AmazonFSx": ("Amazon FSx", "Storage", "File Storage"),
    "AmazonS3": ("Amazon Simple Storage Service", "Storage", "Object Storage"),
    "AmazonSageMaker": ("Amazon SageMaker", "AI and Machine Learning", "AI Platforms"),
    "AmazonVPC": ("Amazon Virtual Private Cloud", "Networking", "Network Infrastructure"),
    "awskms": ("AWS Key Management Service", "Security", "Other (Security)"),
}
"""Name, category and subcategory of each service. Source of the categories: FOCUS 1.4, ServiceCategory and
ServiceSubcategory; of the names: AWS Price List."""
_DYNAMIC: Final = "spot"


def to_focus_csv(estimate: Estimate, today: date) -> str:
    """The estimate as CSV with the columns of FOCUS. Costs are those of the high end.

    Args:
        estimate: the estimate.
        today: the first day of the estimated month.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, [*FOCUS_COLUMNS, *OWN_COLUMNS], restval="", lineterminator="\n")
    writer.writeheader()
    period = _period(today)
    for line in estimate.lines:
        writer.writerow(period | _row(line))
    return out.getvalue()


def _period(today: date) -> dict[str, str]:
    """The charge period of 730 hours, and the calendar month in which it begins."""
    start = datetime.combine(today, time(), tzinfo=timezone.utc)
    month = start.replace(day=1)
    following = (month + timedelta(days=31)).replace(day=1)
    moments = {
        "BillingPeriodStart": month,
        "BillingPeriodEnd": following,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + timedelta(hours=HOURS_A_MONTH),
    }
    return {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in moments.items()}


def _row(line: Line) -> dict[str, str]:
    name, category, subcategory = SERVICES[line.service]
    cost = _decimal(line.usd_per_month_high)
    tags = {
        "CostCenter": line.cost_center,
        "Environment": line.environment,
        "Experiment": line.experiment,
        "Owner": line.owner,
        "Team": line.team,
    }
    list_price = "" if line.usd_per_unit is None else _decimal(line.usd_per_unit)
    list_cost = line.usd_per_month_list
    unit_price = _decimal(line.usd_per_month_high / line.quantity) if line.quantity else ""
    return {
        "BilledCost": cost,
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{line.item}: {line.formula}",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": _decimal(line.quantity),
        "ConsumedUnit": line.unit,
        "ContractedCost": cost,
        "ContractedUnitPrice": unit_price,
        "EffectiveCost": cost,
        "HostProviderName": _AWS,
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "ListCost": "" if list_cost is None else _decimal(list_cost),
        "ListUnitPrice": list_price,
        "PricingCategory": "Dynamic" if line.commitment == _DYNAMIC else "Standard",
        "PricingCurrency": "USD",
        "PricingCurrencyContractedUnitPrice": unit_price,
        "PricingCurrencyEffectiveCost": cost,
        "PricingCurrencyListUnitPrice": list_price,
        "PricingQuantity": _decimal(line.quantity),
        "PricingUnit": line.unit,
        "RegionId": line.region,
        "ResourceType": line.type,
        "ServiceCategory": category,
        "ServiceName": name,
        "ServiceProviderName": _AWS,
        "ServiceSubcategory": subcategory,
        "SubAccountId": line.account_id,
        "Tags": json.dumps({key: value for key, value in tags.items() if value}, ensure_ascii=False),
        "x_Address": line.address,
        "x_AsOf": line.as_of,
        "x_Assumption": line.assumption,
        "x_EffectiveCostLow": _decimal(line.usd_per_month_low),
        "x_Formula": line.formula,
        "x_ServiceCode": line.service,
        "x_Source": line.source,
        "x_Stack": line.stack,
    }


def _decimal(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".")
