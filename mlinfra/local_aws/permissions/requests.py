"""Actions, resources and condition keys of a request to the local AWS.

Known for the policies of mlinfra: resources of S3, IAM, KMS, DynamoDB, Systems Manager parameters, Lambda functions,
model package groups, data exports and partition indexes of Glue; the condition keys of IAM and KMS; and the roles that
a request passes to a service. Not evaluated: tags of resources and requests, the actions that a service calls on behalf
of the caller, such as kms:Decrypt for an object of S3, and the roles of launched instances.

Source: service authorization reference of each service, read 2026-11-29.
"""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from mlinfra.local_aws.permissions.policies import Request
from mlinfra.local_aws.permissions.principals import role_by_arn
from mlinfra.local_aws.permissions.s3_actions import s3_action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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

_PASSED_TO = MappingProxyType(
    {
        "batch": "ecs-tasks.amazonaws.com",
        "budgets": "budgets.amazonaws.com",
        "chatbot": "chatbot.amazonaws.com",
        "ec2": "vpc-flow-logs.amazonaws.com",
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
        resources = _RESOURCES.get(prefix, _unknown)(response, action)
        found = [Request(action, each, _context(response, action, each)) for each in resources or ["*"]]
        if action == "dynamodb:TransactWriteItems":
            found = list(_of_transaction(response))
    return [*found, *_passed_roles(response, prefix)]


def _signed_service(response: BaseResponse) -> str:
    authorization = str(response.headers.get("Authorization", ""))
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) > 3 else str(response.service_name)  # noqa: PLR2004  key, day, region, service


def _parameter(response: BaseResponse, name: str) -> Any:  # noqa: ANN401  any JSON value
    return response._get_param(name)  # noqa: SLF001  moto's own method of reading parameters of all protocols


def _own(response: BaseResponse, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{response.region}:{response.current_account}:{resource}"


def _unknown(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    return []


def _of_s3(response: BaseResponse) -> Request:
    request = response.normalized_request
    bucket, _, key = _path_of_s3(response).partition("/")
    resource = f"{bucket}/{key}" if key else bucket
    action = s3_action(request.method, bucket=bucket or None, key=key or None, query=list(request.args))
    context = _of_any_request(response)
    if "If-None-Match" in request.headers:
        context["s3:if-none-match"] = [request.headers["If-None-Match"]]
    return Request(action, f"arn:aws:s3:::{resource}" if resource else "*", context)


def _path_of_s3(response: BaseResponse) -> str:
    request = response.normalized_request
    path = request.path.lstrip("/")
    # Clients address buckets by path, or as the first part of the host name.
    host = request.host.partition(":")[0]
    bucket = host.partition(".s3.")[0] if ".s3." in host else ""
    return f"{bucket}/{path}" if bucket else path


def _of_iam(response: BaseResponse, action: str) -> list[str]:
    own = f"arn:aws:iam::{response.current_account}"
    if profile := _parameter(response, "InstanceProfileName"):
        return [f"{own}:instance-profile{_parameter(response, 'Path') or '/'}{profile}"]
    if name := _parameter(response, "RoleName"):
        known = next(
            (each.arn for each in iam_backends[response.current_account]["aws"].roles.values() if each.name == name),
            None,
        )
        return [known or f"{own}:role{_parameter(response, 'Path') or '/'}{name}"]
    if user := _parameter(response, "UserName"):
        return [f"{own}:user/{user}"]
    if action == "iam:CreatePolicy":
        return [f"{own}:policy{_parameter(response, 'Path') or '/'}{_parameter(response, 'PolicyName')}"]
    given = _parameter(response, "PolicyArn") or _parameter(response, "OpenIDConnectProviderArn")
    return [str(given)] if given else []


def _of_kms(response: BaseResponse, action: str) -> list[str]:
    resources = []
    if action in {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"}:
        resources.append(_own(response, "kms", str(_parameter(response, "AliasName"))))
    identifier = _parameter(response, "TargetKeyId") or _parameter(response, "KeyId")
    if action == "kms:DeleteAlias":
        identifier = _parameter(response, "AliasName")
    key = _key(response, str(identifier)) if identifier else None
    return [*resources, str(key.arn)] if key else resources


def _key(response: BaseResponse, identifier: str) -> Any:  # noqa: ANN401  moto's key
    name = identifier.rpartition("/")[2] if ":key/" in identifier else identifier
    alias = "alias/" + identifier.partition("alias/")[2]
    keys = kms_backends[response.current_account][response.region].keys.values()
    return next((each for each in keys if each.id == name or alias in each.aliases), None)


def _of_transaction(response: BaseResponse) -> Iterator[Request]:
    """The actions of a transaction, which has no permission of its own."""
    for item in _parameter(response, "TransactItems") or []:
        for kind, each in item.items():
            action = f"dynamodb:{_OF_TRANSACTIONS[kind]}"
            table = _own(response, "dynamodb", f"table/{each['TableName']}")
            yield Request(action, table, _context(response, action, table))


def _of_dynamodb(response: BaseResponse, action: str) -> list[str]:
    if action == "dynamodb:BatchGetItem":
        return [_own(response, "dynamodb", f"table/{each}") for each in _parameter(response, "RequestItems") or {}]
    name = _parameter(response, "TableName")
    if not name:
        arn = _parameter(response, "ResourceArn")
        return [str(arn)] if arn else []
    return [name if str(name).startswith("arn:") else _own(response, "dynamodb", f"table/{name}")]


def _of_ssm(response: BaseResponse, action: str) -> list[str]:
    if "Parameter" not in action or action == "ssm:DescribeParameters":
        return []
    name = _parameter(response, "Name") or _parameter(response, "Path")
    names = [name] if name else _parameter(response, "Names") or []
    return [_parameter_arn(response, str(each)) for each in names]


def _parameter_arn(response: BaseResponse, name: str) -> str:
    resource = f"parameter/{name.lstrip('/')}"
    # What AWS publishes belongs to no account.
    if name.startswith("/aws/service/"):
        return f"arn:aws:ssm:{response.region}::{resource}"
    return _own(response, "ssm", resource)


def _of_lambda(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    name = _parameter(response, "FunctionName")
    return [_own(response, "lambda", f"function:{str(name).rpartition(':function:')[2]}")] if name else []


def _of_sagemaker(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    name = _parameter(response, "ModelPackageGroupName")
    return [_own(response, "sagemaker", f"model-package-group/{name}")] if name else []


def _of_data_exports(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    arn = _parameter(response, "ExportArn") or _parameter(response, "ResourceArn")
    return [str(arn)] if arn else []


def _of_glue(response: BaseResponse, action: str) -> list[str]:
    if action != "glue:GetPartitionIndexes":
        return []
    database, table = _parameter(response, "DatabaseName"), _parameter(response, "TableName")
    names = ("catalog", f"database/{database}", f"table/{database}/{table}")
    return [_own(response, "glue", each) for each in names]


def _of_sts(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    arn = _parameter(response, "RoleArn")
    return [str(arn)] if arn else []


_RESOURCES: Mapping[str, Callable[[BaseResponse, str], list[str]]] = MappingProxyType(
    {
        "bcm-data-exports": _of_data_exports,
        "dynamodb": _of_dynamodb,
        "glue": _of_glue,
        "iam": _of_iam,
        "kms": _of_kms,
        "lambda": _of_lambda,
        "sagemaker": _of_sagemaker,
        "ssm": _of_ssm,
        "sts": _of_sts,
    }
)


def _of_any_request(response: BaseResponse) -> dict[str, Sequence[str]]:
    # The local AWS uses HTTP on loopback instead of TLS, so every request counts as sent over TLS.
    return {"aws:SecureTransport": ["true"], "aws:RequestedRegion": [response.region]}


def _context(response: BaseResponse, action: str, resource: str) -> dict[str, Sequence[str]]:
    context = _of_any_request(response)
    if action.startswith("iam:"):
        boundary = _parameter(response, "PermissionsBoundary")
        if not boundary and (role := role_by_arn(resource) if ":role/" in resource else None):
            boundary = role.permissions_boundary_arn
        if boundary:
            context["iam:PermissionsBoundary"] = [boundary]
        if policy := _parameter(response, "PolicyArn"):
            context["iam:PolicyARN"] = [policy]
    if action.startswith("kms:") and (key := _key(response, resource)):
        context["kms:ResourceAliases"] = list(key.aliases)
    return context


def _passed_roles(response: BaseResponse, prefix: str) -> Iterator[Request]:
    """The permission to pass each role in a request to the service, which assumes it later."""
    if prefix == "iam" and response._get_action() == "AddRoleToInstanceProfile":  # noqa: SLF001
        role = f"arn:aws:iam::{response.current_account}:role/{_parameter(response, 'RoleName')}"
        yield Request("iam:PassRole", role, _of_any_request(response))
    if prefix not in _PASSED_TO:
        return
    for arn in sorted(set(_roles_in(response))):
        context = _of_any_request(response) | {"iam:PassedToService": [_PASSED_TO[prefix]]}
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
