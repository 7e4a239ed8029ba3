"""Access of private subnets to AWS services: the endpoints, their price, and the rule for nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NODE_SERVICES: Final = (
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "events",
    "kms",
    "logs",
    "monitoring",
    "ssm",
    "ssmmessages",
    "sts",
)
"""The services that nodes, their guard and Session Manager call. S3 and DynamoDB have gateway endpoints.

Names as in AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink", read 2026-11-29.
"""

QUEUE_SERVICES: Final = ("ecs", "ecs-agent", "ecs-telemetry")
"""The services that the agent of AWS Batch nodes calls as well.

Source: Amazon ECS developer guide, "Amazon ECS interface VPC endpoints", read 2026-11-29.
"""

NODE_ENDPOINTS, QUEUE_ENDPOINTS = len(NODE_SERVICES), len(QUEUE_SERVICES)

_HOURS_PER_MONTH = 730
ENDPOINT_USD_PER_MONTH: Final = 0.01 * _HOURS_PER_MONTH
"""The price of an interface endpoint in one zone of us-east-1, in USD a month; up to twice as much in other regions.

Source: AWS price list of Amazon VPC, 2025-06-13.
"""


def route_problems(kind: str, names: Sequence[str], environment: Mapping[str, object]) -> Iterator[str]:
    """The problem of an environment with nodes and without a route from them to AWS services.

    Args:
        kind: the field that declares nodes: experiments or queues.
        names: the names of what is declared in it.
        environment: the valid fields of the environment.
    """
    if not names or environment.get("nat_gateways") != "none" or environment.get("interface_endpoints", True):
        return
    zones = environment.get("availability_zones")
    count = NODE_ENDPOINTS + (QUEUE_ENDPOINTS if kind == "queues" else 0)
    price = f"about {count * zones * ENDPOINT_USD_PER_MONTH:.0f} USD a month" if isinstance(zones, int) else "see docs"
    yield (
        f"nat_gateways: 'none' leaves the nodes of {kind} {', '.join(names)} without a route to AWS services: they "
        f"could not be reached, report their state, pull images or be stopped when idle. Expected: "
        f"interface_endpoints=True ({price} in us-east-1 before traffic), or nat_gateways='single' (about 33 USD a "
        f"month before traffic)."
    )
