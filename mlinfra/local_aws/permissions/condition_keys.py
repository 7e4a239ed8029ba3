"""Condition keys of requests.

Source: service authorization reference, "Condition keys" of each service, read 2026-11-29, and of the services that
runs use 2026-11-30; DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control", read
2026-11-30.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from mlinfra.local_aws.permissions.parameters import parameter, request_tags
from mlinfra.local_aws.permissions.principals import role_by_arn
from mlinfra.local_aws.permissions.resources import kms_key
from mlinfra.local_aws.permissions.tags import tag_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from moto.core.responses import BaseResponse

_EQUALITY = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")
"""A comparison in the key condition of a query."""


def keys_of_any_request(response: BaseResponse) -> dict[str, Sequence[str]]:
    """The keys of every request."""
    # The local AWS uses HTTP on loopback instead of TLS, so every request counts as sent over TLS.
    return {"aws:SecureTransport": ["true"], "aws:RequestedRegion": [response.region]}


def condition_keys(response: BaseResponse, action: str, resource: str) -> dict[str, Sequence[str]]:
    """The keys of an action on a resource.

    Args:
        response: moto's response object, which has read the request.
        action: the action.
        resource: the ARN of the resource.
    """
    keys = keys_of_any_request(response) | tag_keys(action, resource)
    if tags := request_tags(response):
        keys |= {f"aws:RequestTag/{name}": [value] for name, value in tags.items()}
        keys["aws:TagKeys"] = list(tags)
    prefix = action.partition(":")[0]
    if prefix == "iam":
        keys |= _of_iam(response, resource)
    elif prefix == "kms" and (key := kms_key(response, resource)):
        keys["kms:ResourceAliases"] = list(key.aliases)
    elif prefix == "dynamodb":
        keys |= _of_dynamodb(response, action, resource)
    elif action == "cloudwatch:PutMetricData" and (namespace := parameter(response, "Namespace")):
        keys["cloudwatch:namespace"] = [str(namespace)]
    elif action == "events:PutEvents":
        entries = parameter(response, "Entries") or []
        keys["events:source"] = sorted({str(each.get("Source")) for each in entries})
        keys["events:detail-type"] = sorted({str(each.get("DetailType")) for each in entries})
    elif action == "sagemaker:CreateModelPackage" and (status := parameter(response, "ModelApprovalStatus")):
        keys["sagemaker:ModelApprovalStatus"] = [str(status)]
    elif action == "ec2-instance-connect:SendSSHPublicKey":
        keys["ec2:osuser"] = [str(parameter(response, "InstanceOSUser"))]
    return keys


def keys_of_s3(response: BaseResponse) -> dict[str, Sequence[str]]:
    """The keys of a request to S3."""
    request = response.normalized_request
    keys = keys_of_any_request(response)
    if "If-None-Match" in request.headers:
        keys["s3:if-none-match"] = [request.headers["If-None-Match"]]
    for name in ("prefix", "delimiter", "max-keys"):
        if name in request.args:
            keys[f"s3:{name}"] = [request.args[name]]
    return keys


def _of_iam(response: BaseResponse, resource: str) -> dict[str, Sequence[str]]:
    keys: dict[str, Sequence[str]] = {}
    boundary = parameter(response, "PermissionsBoundary")
    if not boundary and (role := role_by_arn(resource) if ":role/" in resource else None):
        boundary = role.permissions_boundary_arn
    if boundary:
        keys["iam:PermissionsBoundary"] = [boundary]
    if policy := parameter(response, "PolicyArn"):
        keys["iam:PolicyARN"] = [policy]
    return keys


def _of_dynamodb(response: BaseResponse, action: str, resource: str) -> dict[str, Sequence[str]]:
    name = resource.rpartition("table/")[2].partition("/")[0]
    table = dynamodb_backends[response.current_account][response.region].tables.get(name)
    if table is None:
        return {}
    leading = sorted(set(_leading(response, action, name, table.hash_key_attr)))
    return {"dynamodb:LeadingKeys": leading} if leading else {}


def _leading(response: BaseResponse, action: str, table: str, key: str) -> Iterator[str]:
    """The values of the partition key that a request names."""
    if action == "dynamodb:Query":
        yield from _of_query(response, key)
        return
    items: list[Mapping[str, Any]] = [parameter(response, "Key") or parameter(response, "Item") or {}]
    items += (parameter(response, "RequestItems") or {}).get(table, {}).get("Keys", [])
    for part in parameter(response, "TransactItems") or []:
        items += (each.get("Key") or each.get("Item") or {} for each in part.values() if each["TableName"] == table)
    for each in items:
        if key in each:
            yield _text(each[key])


def _of_query(response: BaseResponse, key: str) -> Iterator[str]:
    names = parameter(response, "ExpressionAttributeNames") or {}
    values = parameter(response, "ExpressionAttributeValues") or {}
    for name, value in _EQUALITY.findall(parameter(response, "KeyConditionExpression") or ""):
        if names.get(name, name) == key and value in values:
            yield _text(values[value])


def _text(value: Mapping[str, Any]) -> str:
    """The value of an attribute such as `{"S": "text"}`."""
    return str(next(iter(value.values())))
