"""Assumptions about use, and the prices that an organization has agreed on, for estimates of costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, field_validator

from mlinfra.declarations.base import Declaration, refuse, shown
from mlinfra.declarations.types import LAKE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterator

PRICED_SERVICES: Final = (
    "AWSLambda",
    "AmazonCloudWatch",
    "AmazonDynamoDB",
    "AmazonEC2",
    "AmazonECR",
    "AmazonEFS",
    "AmazonEKS",
    "AmazonFSx",
    "AmazonS3",
    "AmazonSageMaker",
    "AmazonVPC",
    "AWSELB",
    "AWSSecretsManager",
    "awskms",
    "AWSSystemsManager",
)
"""The services of an estimate, by their codes on the bill (AWS Price List, "service code", read 2026-11-29)."""

_Amount = Annotated[float, Field(ge=0, le=1e12)]
_DEFAULT_GIB: Final = {
    "raw": 1_000.0,
    "processed": 500.0,
    "features": 100.0,
    "models": 100.0,
    "access-logs": 10.0,
    "inventory": 1.0,
    "queries": 1.0,
}


class CostAssumptions(Declaration):
    """Use that declarations do not determine, such as the volume of data, and agreed prices.

    Every line of an estimate names the assumptions that it is based on.

    Raises:
        DeclarationError: with every problem at once.
    """

    cluster_hours_per_day: float = Field(
        default=12,
        gt=0,
        le=24,
        description="The hours that a cluster runs on a day with quiet hours, at the low end of an estimate, above 0 "
        "and up to 24. The high end is every hour. Default: 12.",
    )
    queue_hours_per_month: float = Field(
        default=100,
        ge=0,
        le=730,
        description="The hours a month that a queue runs at its full size, at the high end of an estimate, 0 to 730. "
        "The low end is its minimum size. Default: 100.",
    )
    notebook_hours_per_month: float = Field(
        default=160,
        ge=0,
        le=730,
        description="The hours a month that the application of a Studio space runs, 0 to 730. Default: 160.",
    )
    stored_gib: dict[str, _Amount] = Field(
        default_factory=dict,
        description=f"The data in each bucket of the data lake, in GiB: by {', '.join(LAKE_BUCKETS[:-1])} or "
        f"{LAKE_BUCKETS[-1]}. Default: {', '.join(f'{name} {gib:,.0f}' for name, gib in _DEFAULT_GIB.items())}.",
    )
    other_bucket_gib: _Amount = Field(
        default=10, description="The data in every other bucket, in GiB, 0 or more. Default: 10."
    )
    bucket_reads: _Amount = Field(
        default=1_000_000, description="Read requests to each data zone a month, 0 or more. Default: 1,000,000."
    )
    bucket_writes: _Amount = Field(
        default=100_000, description="Write requests to each data zone a month, 0 or more. Default: 100,000."
    )
    nat_gateway_gb: _Amount = Field(
        default=100, description="Traffic through each NAT gateway a month, in GB, 0 or more. Default: 100."
    )
    interface_endpoint_gb: _Amount = Field(
        default=10, description="Traffic through each interface endpoint a month, in GB, 0 or more. Default: 10."
    )
    log_gb: _Amount = Field(
        default=1, description="Data written to each log group a month, in GB, 0 or more. Default: 1."
    )
    flow_log_gb: _Amount = Field(
        default=10, description="Flow logs of a network a month, in GB, 0 or more. Default: 10."
    )
    function_invocations: _Amount = Field(
        default=10_000, description="Runs of each Lambda function a month, 0 or more. Default: 10,000."
    )
    function_seconds: _Amount = Field(
        default=2, description="The duration of a run of a Lambda function, in seconds, 0 or more. Default: 2."
    )
    table_gb: _Amount = Field(default=1, description="Data in each DynamoDB table, in GB, 0 or more. Default: 1.")
    table_reads: _Amount = Field(
        default=1_000_000, description="Read units of each on-demand table a month, 0 or more. Default: 1,000,000."
    )
    table_writes: _Amount = Field(
        default=1_000_000, description="Write units of each on-demand table a month, 0 or more. Default: 1,000,000."
    )
    repository_gb: _Amount = Field(
        default=20, description="Images in each container repository, in GB, 0 or more. Default: 20."
    )
    studio_home_gb: _Amount = Field(
        default=10, description="Files in the home file system of a Studio domain, in GB, 0 or more. Default: 10."
    )
    endpoint_requests: _Amount = Field(
        default=1_000_000, description="Requests to each serverless endpoint a month, 0 or more. Default: 1,000,000."
    )
    endpoint_request_seconds: _Amount = Field(
        default=0.2,
        description="The duration of a request to a serverless endpoint, in seconds, 0 or more. Default: 0.2.",
    )
    online_feature_gb: _Amount = Field(
        default=10, description="Data in the online store of each feature group, in GB, 0 or more. Default: 10."
    )
    online_feature_reads: _Amount = Field(
        default=1_000_000,
        description="Read units of each online store a month, 0 or more. Default: 1,000,000.",
    )
    online_feature_writes: _Amount = Field(
        default=1_000_000,
        description="Write units of each online store a month, 0 or more. Default: 1,000,000.",
    )
    custom_metrics_per_node: _Amount = Field(
        default=20,
        description="CloudWatch metrics that a node of a cluster publishes, in addition to EC2's own, 0 or more. "
        "Default: 20.",
    )
    price_factors: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(
        default_factory=dict,
        description="Agreed prices as a factor of list prices, by the service's code on the bill, such as "
        '{"AmazonEC2": 0.9} for a discount of 10%: above 0 and up to 1. Default: none, list prices.',
    )
    instance_usd_per_hour: dict[str, Annotated[float, Field(ge=0, le=10_000)]] = Field(
        default_factory=dict,
        description="Agreed on-demand prices of instance types in USD per hour, such as those of a savings plan, by "
        "type: p5.48xlarge, or ml.g5.xlarge for SageMaker. They replace the list price and the factor. Default: none.",
    )
    savings_plan: (
        Literal[
            "1yr_standard_no_upfront",
            "1yr_convertible_no_upfront",
            "3yr_standard_no_upfront",
            "3yr_convertible_no_upfront",
        ]
        | None
    ) = Field(
        default=None,
        description="The kind of Savings Plan or of Reserved Instances that the account has: standard (also for EC2 "
        "Instance Savings Plans) or convertible (also for Compute Savings Plans), for 1 or 3 years. At the low end of "
        "an estimate it covers on-demand instances, at the high end it is used up. Default: none.",
    )
    price_max_age_days: int = Field(
        default=365,
        ge=1,
        le=3_650,
        description="The age above which an estimate lists a price as old, in days, 1 to 3650. Default: 365.",
    )

    @field_validator("stored_gib")
    @classmethod
    def _buckets_are_of_the_lake(cls, stored: dict[str, float]) -> dict[str, float]:
        expected = f"Expected: {', '.join(LAKE_BUCKETS)}."
        refuse(
            f"stored_gib: {shown(use)} is not a bucket of the data lake. {expected}"
            for use in stored
            if use not in LAKE_BUCKETS
        )
        return stored

    @field_validator("price_factors")
    @classmethod
    def _factors_are_of_services(cls, factors: dict[str, float]) -> dict[str, float]:
        expected = f"Expected: {', '.join(sorted(PRICED_SERVICES))}."
        refuse(
            f"price_factors: {shown(name)} is not a service of the estimate. {expected}"
            for name in factors
            if name not in PRICED_SERVICES
        )
        return factors

    def _problems(self) -> Iterator[str]:
        for name in self.instance_usd_per_hour:
            if "." not in name:
                yield (
                    f"instance_usd_per_hour: {shown(name)} is not an instance type. Expected: such as p5.48xlarge or "
                    f"ml.g5.xlarge."
                )

    def gib_of(self, use: str) -> float:
        """The data in the bucket of the data lake with this use, in GiB."""
        return self.stored_gib.get(use, _DEFAULT_GIB.get(use, self.other_bucket_gib))
