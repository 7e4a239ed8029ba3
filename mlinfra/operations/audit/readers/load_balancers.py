"""Load balancers of all generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.found import Charge, Found, Place, tags_of
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PAGE: Final = 400
_TAGS_A_CALL: Final = 20
"""The maximum numbers of load balancers of DescribeLoadBalancers and DescribeTags (Elastic Load Balancing API
references, read 2026-11-29)."""

_ITEMS: Final[Mapping[str, str]] = {"application": "alb", "network": "nlb", "gateway": "gwlb"}
_TRAFFIC: Final = "Capacity units and transferred data are not included."
_PUBLIC: Final = "The load balancer accepts connections from the internet."


def _current(elbv2: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401  boto3 makes its clients at run time
    used = {
        arn
        for page in elbv2.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": _PAGE})
        for group in page["TargetGroups"]
        for arn in group.get("LoadBalancerArns", ())
    }
    for page in elbv2.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": _PAGE}):
        for some in _parts(page["LoadBalancers"]):
            arns = [each["LoadBalancerArn"] for each in some]
            tags = {
                each["ResourceArn"]: tags_of(each.get("Tags"))
                for each in elbv2.describe_tags(ResourceArns=arns)["TagDescriptions"]
            }
            for each in some:
                arn = each["LoadBalancerArn"]
                yield Found(
                    place.region,
                    "elasticloadbalancing",
                    "load-balancer",
                    each["LoadBalancerName"],
                    each["LoadBalancerName"],
                    arn,
                    each.get("State", {}).get("Code", ""),
                    each.get("CreatedTime"),
                    tags.get(arn, {}),
                    (Charge("elb", _ITEMS.get(each.get("Type", ""), "alb"), note=_TRAFFIC),),
                    is_unattached=arn not in used,
                    problems=(_PUBLIC,) if each.get("Scheme") == "internet-facing" else (),
                )


def _classic(elb: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in elb.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": _PAGE}):
        for some in _parts(page["LoadBalancerDescriptions"]):
            names = [each["LoadBalancerName"] for each in some]
            tags = {
                each["LoadBalancerName"]: tags_of(each.get("Tags"))
                for each in elb.describe_tags(LoadBalancerNames=names)["TagDescriptions"]
            }
            for each in some:
                name = each["LoadBalancerName"]
                yield Found(
                    place.region,
                    "elasticloadbalancing",
                    "classic-load-balancer",
                    name,
                    name,
                    place.arn("elasticloadbalancing", f"loadbalancer/{name}"),
                    "",
                    each.get("CreatedTime"),
                    tags.get(name, {}),
                    (Charge("elb", "clb", note=_TRAFFIC),),
                    is_unattached=not each.get("Instances"),
                    problems=(_PUBLIC,) if each.get("Scheme") == "internet-facing" else (),
                )


def _parts(listed: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(listed), _TAGS_A_CALL):
        yield listed[start : start + _TAGS_A_CALL]


READERS: Final = (
    Reader(
        "elbv2",
        ("load-balancer",),
        (
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroups",
        ),
        _current,
    ),
    Reader(
        "elb",
        ("classic-load-balancer",),
        ("elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags"),
        _classic,
    ),
)
"""All readers of load balancers."""
