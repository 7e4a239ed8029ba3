"""Resources of requests: the ARNs on which the caller needs the permission.

Source: service authorization reference, "Actions, resources, and condition keys" of each service, read 2026-11-29, and
of the services that runs use 2026-11-30.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from mlinfra.local_aws.permissions.compute_resources import of_autoscaling, of_batch, of_ec2, of_ssm
from mlinfra.local_aws.permissions.parameters import own_arn, parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.core.responses import BaseResponse


def resources_of(response: BaseResponse, prefix: str, action: str) -> list[str]:
    """The resources of a request, each of which the caller must be allowed to use; empty: not known, or none.

    Args:
        response: moto's response object, which has read the request.
        prefix: the prefix of the action, such as `iam`.
        action: the action, such as `iam:GetRole`.
    """
    read = _RESOURCES.get(prefix)
    return read(response, action) if read else []


def _of_iam(response: BaseResponse, action: str) -> list[str]:
    own = f"arn:aws:iam::{response.current_account}"
    if profile := parameter(response, "InstanceProfileName"):
        return [f"{own}:instance-profile{parameter(response, 'Path') or '/'}{profile}"]
    if name := parameter(response, "RoleName"):
        known = next(
            (each.arn for each in iam_backends[response.current_account]["aws"].roles.values() if each.name == name),
            None,
        )
        return [known or f"{own}:role{parameter(response, 'Path') or '/'}{name}"]
    if user := parameter(response, "UserName"):
        return [f"{own}:user/{user}"]
    if action == "iam:CreatePolicy":
        return [f"{own}:policy{parameter(response, 'Path') or '/'}{parameter(response, 'PolicyName')}"]
    given = parameter(response, "PolicyArn") or parameter(response, "OpenIDConnectProviderArn")
    return [str(given)] if given else []


def _of_kms(response: BaseResponse, action: str) -> list[str]:
    resources = []
    if action in {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"}:
        resources.append(own_arn(response, "kms", str(parameter(response, "AliasName"))))
    identifier = parameter(response, "TargetKeyId") or parameter(response, "KeyId")
    if action == "kms:DeleteAlias":
        identifier = parameter(response, "AliasName")
    key = kms_key(response, str(identifier)) if identifier else None
    return [*resources, str(key.arn)] if key else resources


def kms_key(response: BaseResponse, identifier: str) -> Any:  # noqa: ANN401  moto's key
    """The key with an id, ARN or alias. None: there is none."""
    name = identifier.rpartition("/")[2] if ":key/" in identifier else identifier
    alias = "alias/" + identifier.partition("alias/")[2]
    keys = kms_backends[response.current_account][response.region].keys.values()
    return next((each for each in keys if each.id == name or alias in each.aliases), None)


def _of_dynamodb(response: BaseResponse, action: str) -> list[str]:
    if action == "dynamodb:BatchGetItem":
        return [own_arn(response, "dynamodb", f"table/{each}") for each in parameter(response, "RequestItems") or {}]
    name = parameter(response, "TableName")
    if not name:
        arn = parameter(response, "ResourceArn")
        return [str(arn)] if arn else []
    return [name if str(name).startswith("arn:") else own_arn(response, "dynamodb", f"table/{name}")]


def _of_lambda(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    name = parameter(response, "FunctionName")
    return [own_arn(response, "lambda", f"function:{str(name).rpartition(':function:')[2]}")] if name else []


def _of_data_exports(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    arn = parameter(response, "ExportArn") or parameter(response, "ResourceArn")
    return [str(arn)] if arn else []


def _of_glue(response: BaseResponse, action: str) -> list[str]:
    if action != "glue:GetPartitionIndexes":
        return []
    database, table = parameter(response, "DatabaseName"), parameter(response, "TableName")
    names = ("catalog", f"database/{database}", f"table/{database}/{table}")
    return [own_arn(response, "glue", each) for each in names]


def _of_sts(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    arn = parameter(response, "RoleArn")
    return [str(arn)] if arn else []


def _of_events(response: BaseResponse, action: str) -> list[str]:
    if action != "events:PutEvents":
        return []
    buses = {each.get("EventBusName") or "default" for each in parameter(response, "Entries") or []}
    return [each if each.startswith("arn:") else own_arn(response, "events", f"event-bus/{each}") for each in buses]


_OF_STREAMS = frozenset({"logs:CreateLogStream", "logs:GetLogEvents", "logs:PutLogEvents"})


def _of_logs(response: BaseResponse, action: str) -> list[str]:
    """The stream; for actions on a group, its ARN with an empty stream.

    AWS names it so in its refusals: hashicorp/terraform-provider-aws issue 8804, vectordotdev/vector issue 714, read
    2026-11-30.
    """
    group = parameter(response, "logGroupName")
    if not group or "Tag" in action:
        return []
    stream = parameter(response, "logStreamName") if action in _OF_STREAMS else ""
    return [own_arn(response, "logs", f"log-group:{group}:log-stream:{stream or ''}")]


def _of_sagemaker(response: BaseResponse, action: str) -> list[str]:
    group = parameter(response, "ModelPackageGroupName")
    # The reference names the versions, without the form of their ARNs.
    if action == "sagemaker:ListModelPackages":
        return [own_arn(response, "sagemaker", f"model-package/{group}/*")] if group else []
    if action in {"sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage", "sagemaker:DeleteModelPackage"}:
        version = parameter(response, "ModelPackageName") or parameter(response, "ModelPackageArn")
        known = str(version).startswith("arn:")
        return [str(version) if known else own_arn(response, "sagemaker", f"model-package/{version}")]
    return [own_arn(response, "sagemaker", f"model-package-group/{group}")] if group else []


def _of_quotas(response: BaseResponse, action: str) -> list[str]:  # noqa: ARG001  as the others
    service, quota = parameter(response, "ServiceCode"), parameter(response, "QuotaCode")
    return [own_arn(response, "servicequotas", f"{service}/{quota}")] if service and quota else []


_RESOURCES: Mapping[str, Callable[[BaseResponse, str], list[str]]] = MappingProxyType(
    {
        "autoscaling": of_autoscaling,
        "batch": of_batch,
        "bcm-data-exports": _of_data_exports,
        "dynamodb": _of_dynamodb,
        "ec2": of_ec2,
        "ec2-instance-connect": of_ec2,
        "events": _of_events,
        "glue": _of_glue,
        "iam": _of_iam,
        "kms": _of_kms,
        "lambda": _of_lambda,
        "logs": _of_logs,
        "sagemaker": _of_sagemaker,
        "servicequotas": _of_quotas,
        "ssm": of_ssm,
        "sts": _of_sts,
    }
)
