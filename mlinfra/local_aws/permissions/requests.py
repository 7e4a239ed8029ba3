"""Actions of a request to the local AWS, each on one resource.

Known for the policies of mlinfra are resources and condition keys of the requests in `resources.py` and
`condition_keys.py`, the roles that a request passes to a service, and the use of KMS keys by S3 and DynamoDB on behalf
of the caller. Not evaluated: other actions that a service calls on behalf of the caller, and the roles of launched
instances.

Source: service authorization reference of each service, read 2026-11-29.
"""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from mlinfra.local_aws.permissions.condition_keys import condition_keys, keys_of_any_request, keys_of_s3
from mlinfra.local_aws.permissions.encryption import key_uses
from mlinfra.local_aws.permissions.parameters import own_arn, parameter, request_tags
from mlinfra.local_aws.permissions.policies import Request
from mlinfra.local_aws.permissions.resources import resources_of
from mlinfra.local_aws.permissions.s3_actions import s3_action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moto.core.responses import BaseResponse

_PREFIXES = MappingProxyType({"monitoring": "cloudwatch", "tagging": "tag"})
"""Prefixes of actions that differ from the name with which requests of the service are signed."""

_ACTIONS = MappingProxyType({"lambda:Invoke": "lambda:InvokeFunction"})
"""Actions that differ from the name of the API operation."""

_OF_TRANSACTIONS = MappingProxyType(
    {"ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Put": "PutItem", "Update": "UpdateItem"}
)
"""The permission for each part of a transaction of DynamoDB. Source: DynamoDB developer guide, "Using IAM with DynamoDB
transactions", read 2026-11-30."""

_PASSED_TO: Mapping[str, str] = MappingProxyType(
    {
        "batch": "ecs-tasks.amazonaws.com",
        "budgets": "budgets.amazonaws.com",
        "chatbot": "chatbot.amazonaws.com",
        "ec2": "vpc-flow-logs.amazonaws.com",
        "events": "events.amazonaws.com",
        "lambda": "lambda.amazonaws.com",
        "s3": "s3.amazonaws.com",
        "sagemaker": "sagemaker.amazonaws.com",
    }
)
"""The service that a role in a request is passed to, by the prefix of the action."""

_ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)
_ROLE_OF_REPLICATION = re.compile(rf"<Role>({_ROLE.pattern})</Role>")


def requests_of(response: BaseResponse) -> list[Request]:
    """The actions of a request, each on one resource. All of them must be allowed.

    Args:
        response: moto's response object, which has read the request.
    """
    service = _signed_service(response)
    prefix = _PREFIXES.get(service, service)
    if prefix == "s3" and response.service_name == "s3":
        found = [_of_s3(response)]
    else:
        name = f"{prefix}:{response._get_action()}"  # noqa: SLF001  moto's own method of finding the operation
        action = _ACTIONS.get(name, name)
        resources = resources_of(response, prefix, action)
        found = [Request(action, each, condition_keys(response, action, each)) for each in resources or ["*"]]
        if action == "dynamodb:TransactWriteItems":
            found = list(_of_transaction(response))
    return [
        *found,
        *_tagged_jobs(response, prefix, found[0]),
        *key_uses(response, found),
        *_passed_roles(response, prefix),
    ]


def _signed_service(response: BaseResponse) -> str:
    authorization = str(response.headers.get("Authorization", ""))
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) > 3 else str(response.service_name)  # noqa: PLR2004  key, day, region, service


def _of_s3(response: BaseResponse) -> Request:
    request = response.normalized_request
    bucket, _, key = _path_of_s3(response).partition("/")
    resource = f"{bucket}/{key}" if key else bucket
    action = s3_action(request.method, bucket=bucket or None, key=key or None, query=list(request.args))
    return Request(action, f"arn:aws:s3:::{resource}" if resource else "*", keys_of_s3(response))


def _path_of_s3(response: BaseResponse) -> str:
    request = response.normalized_request
    path = request.path.lstrip("/")
    # Clients address buckets by path, or as the first part of the host name.
    host = request.host.partition(":")[0]
    bucket = host.partition(".s3.")[0] if ".s3." in host else ""
    return f"{bucket}/{path}" if bucket else path


def _of_transaction(response: BaseResponse) -> Iterator[Request]:
    """The actions of a transaction, which has no permission of its own."""
    for item in parameter(response, "TransactItems") or []:
        for kind, each in item.items():
            action = f"dynamodb:{_OF_TRANSACTIONS[kind]}"
            table = own_arn(response, "dynamodb", f"table/{each['TableName']}")
            yield Request(action, table, condition_keys(response, action, table))


def _tagged_jobs(response: BaseResponse, prefix: str, request: Request) -> Iterator[Request]:
    """The permission to tag a job, or its definition, that is created with tags.

    Source: Batch user guide, "Tag your resources", and service authorization reference, TagResource, read 2026-11-30.
    """
    creates = {"batch:submitjob": "job", "batch:registerjobdefinition": "job-definition"}
    kind = creates.get(request.action.lower()) if prefix == "batch" else None
    if kind is not None and request_tags(response):
        name = "*" if kind == "job" else parameter(response, "jobDefinitionName")
        yield Request("batch:TagResource", own_arn(response, "batch", f"{kind}/{name}"), request.context)


def _passed_roles(response: BaseResponse, prefix: str) -> Iterator[Request]:
    """The permission to pass each role in a request to the service, which assumes it later."""
    if prefix == "iam" and response._get_action() == "AddRoleToInstanceProfile":  # noqa: SLF001
        role = f"arn:aws:iam::{response.current_account}:role/{parameter(response, 'RoleName')}"
        yield Request("iam:PassRole", role, keys_of_any_request(response))
    if prefix not in _PASSED_TO:
        return
    for arn in sorted(set(_roles_in(response))):
        context = keys_of_any_request(response) | {"iam:PassedToService": [_PASSED_TO[prefix]]}
        yield Request("iam:PassRole", arn, context)


def _roles_in(response: BaseResponse) -> Iterator[str]:
    if response.service_name == "s3":
        if "replication" in response.normalized_request.args:
            yield from _ROLE_OF_REPLICATION.findall(str(response.body))
        return
    try:
        parameters = json.loads(response.body)
    except (TypeError, ValueError):
        parameters = list(response.querystring.values())
    yield from _texts(parameters)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str) and _ROLE.fullmatch(value):
        yield value
