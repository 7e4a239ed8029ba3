"""Gap: data exports, a service that moto does not have.

An export delivers a query of the bill to a bucket. In AWS, the service is in us-east-1 only; it refuses `SELECT *`, a
bucket that does not exist, and one whose policy does not allow it to write. The local AWS bills and delivers nothing.
Source: Data Exports API reference, CreateExport, GetExport, UpdateExport, DeleteExport, ListExports, TagResource,
UntagResource and ListTagsForResource, and Data Exports user guide, "Setting up an Amazon S3 bucket for data exports"
and "Data query", read 2026-11-29.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import utcnow
from moto.s3.models import s3_backends

from mlinfra.local_aws.mechanisms.additional_service import add_service, backend_of, has_service
from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import kept
from mlinfra.local_aws.mechanisms.pages import requested_page

_SERVICE = "bcm-data-exports"
_REGION = "us-east-1"
_INVALID = "ValidationException"
_PAGE = 100

Export = dict[str, Any]


def is_open() -> bool:
    """True if moto does not have the service."""
    return not has_service("bcmdataexports")


def close() -> None:
    """Close the gap: add the service."""
    add_service(_SERVICE, paths={"{0}/$": DataExportsResponse.dispatch})


class DataExportsResponse(BaseResponse):
    """The operations on exports."""

    def __init__(self) -> None:
        """Answer requests for the service."""
        super().__init__(service_name=_SERVICE)

    def create_export(self) -> ActionResult:
        """Create an export."""
        request = checked_request(self, "CreateExport")
        export = request["Export"]
        _require_valid(self, export)
        if any(each["export"]["Name"] == export["Name"] for each in _exports(self).values()):
            raise ApiError(code=_INVALID, message=f"Export with name {export['Name']} already exists.")
        arn = f"arn:{self.partition}:{_SERVICE}:{_REGION}:{self.current_account}:export/{export['Name']}-{uuid.uuid4()}"
        _exports(self)[arn] = {
            "export": {**export, "ExportArn": arn},
            "created": utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tags": {each["Key"]: each["Value"] for each in request.get("ResourceTags", [])},
        }
        return ActionResult({"ExportArn": arn})

    def get_export(self) -> ActionResult:
        """Describe an export."""
        found = _existing(self, checked_request(self, "GetExport")["ExportArn"])
        return ActionResult({"Export": found["export"], "ExportStatus": _status(found)})

    def update_export(self) -> ActionResult:
        """Replace an export."""
        request = checked_request(self, "UpdateExport")
        found = _existing(self, request["ExportArn"])
        _require_valid(self, request["Export"])
        found["export"] = {**request["Export"], "ExportArn": request["ExportArn"]}
        return ActionResult({"ExportArn": request["ExportArn"]})

    def delete_export(self) -> ActionResult:
        """Delete an export. Delivered objects are kept."""
        arn = checked_request(self, "DeleteExport")["ExportArn"]
        _existing(self, arn)
        del _exports(self)[arn]
        return ActionResult({"ExportArn": arn})

    def list_exports(self) -> ActionResult:
        """List exports, in pages."""
        request = checked_request(self, "ListExports")
        found = [
            {"ExportArn": arn, "ExportName": each["export"]["Name"], "ExportStatus": _status(each)}
            for arn, each in _exports(self).items()
        ]
        some, token = requested_page(request, found, default_size=_PAGE)
        return ActionResult({"Exports": some, "NextToken": token})

    def list_tags_for_resource(self) -> ActionResult:
        """List the tags of an export."""
        tags = _existing(self, checked_request(self, "ListTagsForResource")["ResourceArn"])["tags"]
        return ActionResult({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def tag_resource(self) -> ActionResult:
        """Add tags to an export."""
        request = checked_request(self, "TagResource")
        added = {each["Key"]: each["Value"] for each in request["ResourceTags"]}
        _existing(self, request["ResourceArn"])["tags"].update(added)
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        """Remove tags from an export."""
        request = checked_request(self, "UntagResource")
        tags = _existing(self, request["ResourceArn"])["tags"]
        for key in request["ResourceTagKeys"]:
            tags.pop(key, None)
        return ActionResult({})


def _status(found: dict[str, Any]) -> dict[str, Any]:
    times = dict.fromkeys(("CreatedAt", "LastUpdatedAt"), found["created"])
    return {"StatusCode": "HEALTHY", **times}


def _require_valid(response: DataExportsResponse, export: Export) -> None:
    if re.match(r"\s*SELECT\s+\*", export["DataQuery"]["QueryStatement"], re.IGNORECASE):
        raise ApiError(code=_INVALID, message="Invalid query statement: SELECT * is not supported.")
    name = export["DestinationConfigurations"]["S3Destination"]["S3Bucket"]
    buckets = s3_backends[response.current_account][response.partition].buckets
    if name not in buckets:
        raise ApiError(code=_INVALID, message=f"S3 bucket {name} does not exist.")
    if not _may_write(buckets[name].policy):
        raise ApiError(code=_INVALID, message=f"S3 bucket permission validation failed for bucket {name}.")


def _may_write(policy: bytes | None) -> bool:
    """True if a statement of the bucket's policy allows the service to write."""
    for each in json.loads(policy or b'{"Statement": []}')["Statement"]:
        principal = each.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        actions = each.get("Action", [])
        if (
            each["Effect"] == "Allow"
            and f"{_SERVICE}.amazonaws.com" in ([services] if isinstance(services, str) else services)
            and "s3:PutObject" in ([actions] if isinstance(actions, str) else actions)
        ):
            return True
    return False


def _existing(response: DataExportsResponse, arn: str) -> dict[str, Any]:
    found = _exports(response).get(arn)
    if found is None:
        raise ApiError(code="ResourceNotFoundException", message=f"Export {arn} not found.")
    return found


def _exports(response: DataExportsResponse) -> dict[str, dict[str, Any]]:
    return kept(backend_of(_SERVICE, response.current_account, _REGION), "exports", dict)
