"""Resources of requests about nodes, clusters, commands and jobs.

Source: service authorization reference, "Actions, resources, and condition keys" of Amazon EC2, EC2 Auto Scaling, EC2
Instance Connect, Systems Manager and AWS Batch, read 2026-11-30.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends

from mlinfra.local_aws.permissions.parameters import own_arn, parameter, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.core.responses import BaseResponse

_KINDS: Mapping[str, str] = MappingProxyType({"i": "instance", "vol": "volume"})
"""Types of resources of EC2, by the prefix of their ids. Requests about others count as requests for `*`."""
_EC2_ACTIONS = frozenset(
    {
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DeleteVolume",
        "ec2:ModifyInstanceAttribute",
        "ec2:StartInstances",
        "ec2:StopInstances",
        "ec2:TerminateInstances",
        "ec2-instance-connect:SendSSHPublicKey",
    }
)
_DOCUMENTS = frozenset(
    {
        "ssm:DeleteDocument",
        "ssm:DescribeDocument",
        "ssm:DescribeDocumentPermission",
        "ssm:GetDocument",
        "ssm:ModifyDocumentPermission",
        "ssm:UpdateDocument",
        "ssm:UpdateDocumentDefaultVersion",
    }
)


def of_autoscaling(response: BaseResponse, action: str) -> list[str]:
    """The group of a request. Actions that describe groups have no resources."""
    if action.startswith("autoscaling:Describe"):
        return []
    groups = autoscaling_backends[response.current_account][response.region].autoscaling_groups
    name = parameter(response, "AutoScalingGroupName")
    if not name:
        instance = parameter(response, "InstanceId")
        members = (each for each in groups.values() for one in each.instance_states if one.instance.id == instance)
        group = next(members, None)
        return [str(group.arn)] if group else []
    known = groups.get(str(name))
    return [
        str(known.arn) if known else own_arn(response, "autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}")
    ]


def of_ec2(response: BaseResponse, action: str) -> list[str]:
    """The instances and volumes of a request."""
    if action not in _EC2_ACTIONS:
        return []
    ids = [each for name in ("InstanceId", "ResourceId", "VolumeId") for each in parameters(response, name)]
    if action == "ec2:ModifyInstanceAttribute":
        ids += [each for instance in ids for each in _changed_volumes(response, instance)]
    arns = []
    for each in ids:
        kind = _KINDS.get(each.partition("-")[0])
        if kind is None:
            return []
        arns.append(own_arn(response, "ec2", f"{kind}/{each}"))
    return arns


def _changed_volumes(response: BaseResponse, instance_id: str) -> list[str]:
    """The volumes whose attributes a request changes, by the names of their devices."""
    devices = [str(v[0]) for key, v in response.querystring.items() if key.endswith(".DeviceName")]
    reservations = ec2_backends[response.current_account][response.region].reservations.values()
    instance = next((each for one in reservations for each in one.instances if each.id == instance_id), None)
    mapping = instance.block_device_mapping if instance else {}
    return [str(mapping[each].volume_id) for each in devices if each in mapping]


def of_ssm(response: BaseResponse, action: str) -> list[str]:
    """The documents, nodes, sessions and parameters of a request."""
    if action == "ssm:SendCommand":
        document = _document(response, str(parameter(response, "DocumentName")))
        return [document, *(_instance(response, each) for each in parameter(response, "InstanceIds") or [])]
    if action == "ssm:StartSession":
        # The permission for the document of a shell is checked on request only: Systems Manager user guide, "Enforce a
        # session document permission check for the AWS CLI", read 2026-11-30.
        document = parameter(response, "DocumentName")
        target = _instance(response, str(parameter(response, "Target")))
        return [target, *([_document(response, str(document))] if document else [])]
    if action == "ssm:TerminateSession":
        return [own_arn(response, "ssm", f"session/{parameter(response, 'SessionId')}")]
    if action in _DOCUMENTS:
        return [_document(response, str(parameter(response, "Name")))]
    if "Parameter" not in action or action == "ssm:DescribeParameters":
        return []
    name = parameter(response, "Name") or parameter(response, "Path")
    names = [name] if name else parameter(response, "Names") or []
    return [_parameter_arn(response, str(each)) for each in names]


def _instance(response: BaseResponse, instance_id: str) -> str:
    kind = "ssm" if instance_id.startswith("mi-") else "ec2"
    return own_arn(response, kind, f"{'managed-instance' if kind == 'ssm' else 'instance'}/{instance_id}")


def _document(response: BaseResponse, name: str) -> str:
    if name.startswith("arn:"):
        return name
    # Documents of AWS belong to no account.
    if name.startswith("AWS-"):
        return f"arn:aws:ssm:{response.region}::document/{name}"
    return own_arn(response, "ssm", f"document/{name}")


def _parameter_arn(response: BaseResponse, name: str) -> str:
    resource = f"parameter/{name.lstrip('/')}"
    # What AWS publishes belongs to no account.
    if name.startswith("/aws/service/"):
        return f"arn:aws:ssm:{response.region}::{resource}"
    return own_arn(response, "ssm", resource)


def of_batch(response: BaseResponse, action: str) -> list[str]:
    """The jobs, definitions and queues of a request. A job has no id before it is submitted."""
    name = action.lower()
    if name == "batch:submitjob":
        queue, definition = parameter(response, "jobQueue"), parameter(response, "jobDefinition")
        given = {"job-queue": queue, "job-definition": definition, "job": "*"}
        return [_batch_arn(response, kind, str(value)) for kind, value in given.items()]
    if name in {"batch:terminatejob", "batch:canceljob"}:
        return [_batch_arn(response, "job", str(parameter(response, "jobId")))]
    if name == "batch:registerjobdefinition":
        return [_batch_arn(response, "job-definition", str(parameter(response, "jobDefinitionName")))]
    return []


def _batch_arn(response: BaseResponse, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else own_arn(response, "batch", f"{kind}/{name}")
