"""Gap: cost allocation tags.

moto has none. In AWS, a tag key is listed once it was used on a billed resource, and can then be activated
and deactivated. The local AWS bills nothing and therefore accepts every key. Source: Cost Explorer API
reference, UpdateCostAllocationTagsStatus and ListCostAllocationTags, read 2026-11-24.
"""

from __future__ import annotations

from typing import Any

from moto.ce.responses import CostExplorerResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from mlinfra.local_aws.mechanisms.api_model import checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, kept
from mlinfra.local_aws.mechanisms.pages import requested_page

_PAGE = 100
_GENERATED = "aws:"


def is_open() -> bool:
    """True if moto has no cost allocation tags."""
    return not hasattr(CostExplorerResponse, "update_cost_allocation_tags_status")


def close() -> None:
    """Close the gap: add the operations on cost allocation tags."""
    add_operations(CostExplorerResponse, update_cost_allocation_tags_status, list_cost_allocation_tags)


def update_cost_allocation_tags_status(self: CostExplorerResponse) -> ActionResult:
    """Activate and deactivate tag keys."""
    request = checked_request(self, "UpdateCostAllocationTagsStatus")
    now = utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")
    for each in request["CostAllocationTagsStatus"]:
        key = each["TagKey"]
        kind = "AWSGenerated" if key.startswith(_GENERATED) else "UserDefined"
        _tags(self)[key] = {**each, "Type": kind, "LastUpdatedDate": now, "LastUsedDate": now}
    return ActionResult({"Errors": []})


def list_cost_allocation_tags(self: CostExplorerResponse) -> ActionResult:
    """List tag keys with their status, in pages."""
    request = checked_request(self, "ListCostAllocationTags")
    found = [
        tag
        for key, tag in sorted(_tags(self).items())
        if key in request.get("TagKeys", [key])
        and tag["Status"] == request.get("Status", tag["Status"])
        and tag["Type"] == request.get("Type", tag["Type"])
    ]
    some, token = requested_page(request, found, default_size=_PAGE)
    return ActionResult({"CostAllocationTags": some, "NextToken": token})


def _tags(response: CostExplorerResponse) -> dict[str, dict[str, Any]]:
    return kept(response.ce_backend, "cost allocation tags", dict)
