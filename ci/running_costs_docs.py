"""Write the tables of docs/running-costs.md: `python -m ci.running_costs_docs`.

Their figures are the estimate of the environments of this repository.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ci import JUDGED_ON
from ci.generated_table import with_table
from ci.synthesis import synthesize_all
from mlinfra.catalog import ec2_rate
from mlinfra.declarations import load_environments
from mlinfra.operations.cost import estimate_stacks, usd, usd_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlinfra.operations.cost import Estimate, Line

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "running-costs.md"
_ENVIRONMENTS: Final = ("dev", "staging", "prod")
_NODES: Final = ("g4dn.xlarge", "g5.12xlarge", "p4d.24xlarge", "p5.48xlarge")

_PLATFORM: Final = (
    ("NAT gateways and their addresses", ("aws_nat_gateway", "aws_eip")),
    ("Buckets: state, logs, and the assumed data of the lake", ("aws_s3_bucket",)),
    ("Log groups: flow logs, functions, jobs", ("aws_cloudwatch_log_group",)),
    ("KMS keys", ("aws_kms_key",)),
    ("Image repositories: the assumed images", ("aws_ecr_repository",)),
    ("Alarms and dashboard", ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_dashboard")),
    ("DynamoDB: lock table, records of clusters and runs", ("aws_dynamodb_table",)),
    ("Lambda functions", ("aws_lambda_function",)),
    ("Home folders of Studio", ("aws_sagemaker_domain",)),
    ("Online feature store", ("aws_sagemaker_feature_group",)),
)
_WORKLOADS: Final = (
    ("Training clusters", ("aws_autoscaling_group",)),
    ("Endpoints", ("aws_sagemaker_endpoint",)),
    ("Apps and volumes of Studio", ("aws_sagemaker_space",)),
)


def page(stacks: Path) -> str:
    """The content of the page: its present text, with the tables of the present estimate.

    Args:
        stacks: the folder with `stacks/NAME/cdk.tf.json`, as `synthesize_all` writes it for the day JUDGED_ON.
    """
    estimate = estimate_stacks(stacks, load_environments(ROOT, today=JUDGED_ON), today=JUDGED_ON)
    text = with_table(
        PAGE.read_text(encoding="utf-8"),
        "running costs",
        "ci.running_costs_docs",
        header=("USD a month", *(f"`{each}`" for each in _ENVIRONMENTS)),
        rows=list(_rows(estimate)),
    )
    return with_table(
        text,
        "idle hours",
        "ci.running_costs_docs",
        header=(
            "idle node",
            "USD an hour",
            "USD in a weekend (60 hours)",
            "hours that cost as much as the platform of `dev` in a month",
        ),
        rows=list(_idle(estimate)),
    )


def _rows(estimate: Estimate) -> Iterable[Sequence[str]]:
    known = {kind for _, kinds in (*_PLATFORM, *_WORKLOADS) for kind in kinds}
    if unknown := {each.type for each in _lines(estimate)} - known:
        message = f"{__file__}: _PLATFORM or _WORKLOADS must contain {', '.join(sorted(unknown))}."
        raise ValueError(message)
    for title, kinds in _PLATFORM:
        yield title, *_amounts(each for each in _lines(estimate) if each.type in kinds)
    platform = _amounts(each for each in _lines(estimate) if _is_platform(each))
    yield "**Platform, without any workload**", *(f"**{each}**" for each in platform)
    for title, kinds in _WORKLOADS:
        yield title, *_amounts(each for each in _lines(estimate) if each.type in kinds)


def _idle(estimate: Estimate) -> Iterable[Sequence[str]]:
    platform = sum(
        each.usd_per_month_low for each in _lines(estimate) if each.environment == "dev" and _is_platform(each)
    )
    for name in _NODES:
        rate = ec2_rate(name, "us-east-1")
        if rate is None:
            message = f"The catalog has no price of {name} in us-east-1."
            raise ValueError(message)
        yield f"`{name}`", usd(rate.usd), usd(60 * rate.usd), f"{platform / rate.usd:,.0f}"


def _is_platform(line: Line) -> bool:
    return any(line.type in kinds for _, kinds in _PLATFORM)


def _lines(estimate: Estimate) -> Iterable[Line]:
    return (each for each in estimate.lines if each.environment in _ENVIRONMENTS)


def _amounts(lines: Iterable[Line]) -> Iterable[str]:
    """The amount of each environment."""
    found = list(lines)
    for name in _ENVIRONMENTS:
        own = [each for each in found if each.environment == name]
        amount = usd_range(sum(each.usd_per_month_low for each in own), sum(each.usd_per_month_high for each in own))
        yield amount if own else "-"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(synthesize_all(Path(folder), output=sys.stderr).parent), encoding="utf-8")
