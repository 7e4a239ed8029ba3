"""Gap: managed nodes of Systems Manager.

moto has no DescribeInstanceInformation. In AWS, it returns the nodes whose agent has registered, with the status of
their connection, at most 50 a page (10 by default); stopped and terminated nodes are left out. Filters by tag and by
InstanceIds are supported here. Source: Systems Manager API reference, DescribeInstanceInformation, read 2026-11-30.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from mlinfra.local_aws.mechanisms import managed_nodes, pages
from mlinfra.local_aws.mechanisms.api_model import checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_PAGE: Final = 10
_AGENT: Final = "3.3.3050.0"


def is_open() -> bool:
    """True if moto has no managed nodes."""
    return not hasattr(SimpleSystemManagerResponse, "describe_instance_information")


def close() -> None:
    """Close the gap: describe running instances."""
    add_operations(SimpleSystemManagerResponse, describe_instance_information)


def describe_instance_information(response: SimpleSystemManagerResponse) -> ActionResult:
    """DescribeInstanceInformation."""
    request = checked_request(response, "DescribeInstanceInformation")
    found = managed_nodes.connected(response.current_account, response.region)
    filters = {each["Key"]: each["Values"] for each in request.get("Filters", ())}
    for each in request.get("InstanceInformationFilterList", ()):
        filters[each["key"]] = each["valueSet"]
    chosen = [each for each in found.values() if _matches(each, filters)]
    try:
        some, token = pages.page(
            sorted(chosen, key=lambda each: str(each.id)),
            token=request.get("NextToken"),
            size=int(request.get("MaxResults") or _PAGE),
        )
    except ValueError:
        error = "InvalidNextToken"
        raise JsonRESTError(error, "The specified token isn't valid.") from None
    now = datetime.now(timezone.utc)
    return ActionResult({"InstanceInformationList": [_described(each, now) for each in some], "NextToken": token})


def _matches(instance: Any, filters: Mapping[str, Collection[str]]) -> bool:  # noqa: ANN401  moto's
    tags = {each["key"]: each["value"] for each in instance.get_tags()}
    for key, values in filters.items():
        if key == "InstanceIds":
            matches = instance.id in values
        elif key.startswith("tag:"):
            matches = tags.get(key.removeprefix("tag:")) in values
        elif key == "tag-key":
            matches = bool(tags.keys() & set(values))
        elif key in {"PingStatus", "ResourceType", "PlatformTypes"}:
            matches = bool({"Online", "EC2Instance", "Linux"} & set(values))
        else:
            error = "InvalidFilterKey"
            raise JsonRESTError(error, f"The specified key isn't valid: {key}")
        if not matches:
            return False
    return True


def _described(instance: Any, now: datetime) -> dict[str, object]:  # noqa: ANN401
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online",
        "LastPingDateTime": now,
        "AgentVersion": _AGENT,
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Ubuntu",
        "PlatformVersion": "22.04",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": instance.private_dns_name,
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
    }
