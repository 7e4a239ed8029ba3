"""Prices of one region as an environment pays them: list prices of the catalog, and agreed ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mlinfra.catalog import block_rate, ec2_rate, is_old, reserved_rate, sagemaker_rate, service_rate, spot_range

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mlinfra.catalog import Rate, SageMakerComponent, SpotRange
    from mlinfra.declarations.cost_assumptions import CostAssumptions

EC2_CODE: Final = "AmazonEC2"
SAGEMAKER: Final = "AmazonSageMaker"
SERVICE_CODES: Final[Mapping[str, str]] = {
    "cloudwatch": "AmazonCloudWatch",
    "dynamodb": "AmazonDynamoDB",
    "ebs": EC2_CODE,
    "ecr": "AmazonECR",
    "efs": "AmazonEFS",
    "eks": "AmazonEKS",
    "elb": "AWSELB",
    "fsx": "AmazonFSx",
    "kms": "awskms",
    "lambda": "AWSLambda",
    "nat": EC2_CODE,
    "s3": "AmazonS3",
    "sagemaker": SAGEMAKER,
    "secretsmanager": "AWSSecretsManager",
    "ssm": "AWSSystemsManager",
    "vpc": "AmazonVPC",
}
"""The code on the bill of each service of the catalog. Source: AWS Price List, "service code"; a NAT gateway is billed
by EC2 (AWS, "Understanding your AWS Cost and Usage Report", read 2026-11-29)."""
_LIST_PRICE: Final = frozenset({"published", "published_one_price_for_all_components", "published_in_a_bill"})


@dataclass(frozen=True)
class Price:
    """The price of a unit."""

    usd: float
    """In USD, with the agreed factor."""
    service: str
    """The service's code on the bill."""
    source: str
    as_of: str
    """The date of the source, such as 2026-07-20. Empty: unknown."""
    list_usd: float | None = None
    """The list price in USD. None: an agreed price replaces it."""
    note: str = ""
    """A remark, such as an agreed factor. Empty: none."""
    old: str = ""
    """A note that the price is old. Empty: it is not."""


@dataclass(frozen=True)
class Missing:
    """A price, or another figure, that is unknown."""

    reason: str


@dataclass(frozen=True)
class SpotPrices:
    """The lowest and the highest price of a spot instance that the catalog knows."""

    low: Price
    high: Price


class Prices:
    """The prices in one region. A price that is unknown there is `Missing`: no other region's price replaces it."""

    def __init__(self, region: str, assumptions: CostAssumptions, today: date) -> None:
        """Prices as an environment pays them.

        Args:
            region: the region.
            assumptions: the agreed prices, and the age of old ones.
            today: the present day.
        """
        self.region = region
        self._assumptions = assumptions
        self._today = today
        self._services: dict[tuple[str, str], Price | Missing] = {}
        self._on_demand: dict[str, Price | Missing] = {}

    def on_demand(self, instance_type: str) -> Price | Missing:
        """USD per hour of an EC2 instance on demand."""
        if instance_type not in self._on_demand:
            rate = ec2_rate(instance_type, self.region)
            self._on_demand[instance_type] = self._instance(instance_type, rate, EC2_CODE, f"{instance_type} on demand")
        return self._on_demand[instance_type]

    def covered(self, instance_type: str) -> Price | Missing:
        """USD per hour of an EC2 instance that the environment's Savings Plan covers; without one, on demand.

        A Compute Savings Plan has about the rate of convertible Reserved Instances, an EC2 Instance Savings Plan about
        that of standard ones (ci/prices/README.md, "ec2_reserved.csv").
        """
        on_demand, plan = self.on_demand(instance_type), self._assumptions.savings_plan
        if plan is None or isinstance(on_demand, Missing) or on_demand.list_usd is None:
            return on_demand
        rate = reserved_rate(instance_type, self.region, term=plan)
        if rate is None:
            return on_demand
        price = self._price(rate, rate.usd, EC2_CODE, f"{instance_type} in a Savings Plan")
        note = "low: covered by the Savings Plan, high: on demand"
        return (
            replace(price, note=", ".join(filter(None, (price.note, note)))) if price.usd < on_demand.usd else on_demand
        )

    def spot(self, instance_type: str) -> SpotPrices | Missing:
        """USD per hour of a spot instance."""
        found = spot_range(instance_type, self.region)
        if found is None:
            return Missing(f"no spot price of {instance_type} in {self.region}")
        name = f"spot price of {instance_type}"
        low, high = (self._price(found, usd, EC2_CODE, name) for usd in (found.low, found.high))
        return SpotPrices(low, high)

    def block(self, instance_type: str) -> Price | Missing:
        """USD per hour of an instance in a Capacity Block, by AWS's published rate."""
        rate = block_rate(instance_type, self.region)
        if rate is None:
            return Missing(f"no rate of Capacity Blocks of {instance_type} in {self.region}")
        return self._price(rate, rate.usd, EC2_CODE, f"Capacity Block of {instance_type}")

    def sagemaker(self, component: SageMakerComponent, instance_type: str) -> Price | Missing:
        """USD per hour of a SageMaker instance."""
        rate = sagemaker_rate(component, instance_type, self.region)
        return self._instance(instance_type, rate, SAGEMAKER, f"{instance_type} {component}")

    def service(self, service: str, item: str) -> Price | Missing:
        """The price of an item of another service, in USD for its unit."""
        key = (service, item)
        if key not in self._services:
            rate, name = service_rate(service, item, self.region), f"{service} {item.replace('_', ' ')}"
            self._services[key] = (
                Missing(f"no price of {name} in {self.region}")
                if rate is None
                else self._price(rate, rate.usd, SERVICE_CODES[service], name)
            )
        return self._services[key]

    def _instance(self, instance_type: str, rate: Rate | None, service: str, name: str) -> Price | Missing:
        agreed = self._assumptions.instance_usd_per_hour.get(instance_type)
        if agreed is not None:
            note = f"agreed price of {instance_type}"
            return Price(agreed, service, "the environment's cost.instance_usd_per_hour", "", note=note)
        return (
            Missing(f"no price of {name} in {self.region}")
            if rate is None
            else self._price(rate, rate.usd, service, name)
        )

    def _price(self, rate: Rate | SpotRange, usd: float, service: str, name: str) -> Price:
        factor = self._assumptions.price_factors.get(service, 1.0)
        notes = [f"agreed factor {factor:g} for {service}"] if factor != 1 else []
        basis = getattr(rate, "basis", "published")
        if basis not in _LIST_PRICE:
            notes.append(f"the price is not published: {basis.replace('_', ' ')}")
        if rate.as_of is None:
            notes.append("the date of the price is unknown")
        days = self._assumptions.price_max_age_days
        as_of = rate.as_of.isoformat() if rate.as_of else ""
        if is_old(rate, self._today, days):
            age = f"of {as_of}" if as_of else "without a date"
            old = f"{name} in {self.region}: the price is {age}, more than {days} days old"
        else:
            old = ""
        return Price(usd * factor, service, rate.source, as_of, usd, ", ".join(notes), old)
