"""Tags of resources, for the condition keys `aws:ResourceTag/...` and their equivalents of single services."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from moto.autoscaling.models import autoscaling_backends
from moto.batch.models import batch_backends
from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OWN_KEYS: Mapping[str, str] = MappingProxyType(
    {"autoscaling": "autoscaling:ResourceTag", "ec2": "ec2:ResourceTag", "ssm": "ssm:resourceTag"}
)
"""Condition keys of single services, by the prefix of the action. Source: service authorization reference, "Condition
keys" of each service, read 2026-11-30."""


def tag_keys(action: str, resource: str) -> dict[str, list[str]]:
    """The condition keys with the tags of a resource. None for resources without tags, and for those not known here.

    Known are groups of EC2 Auto Scaling, resources of EC2, documents of Systems Manager, and jobs of AWS Batch.

    Args:
        action: the action, whose service may have a key of its own: Systems Manager reads the tags of instances.
        resource: the ARN of the resource.
    """
    prefix = action.partition(":")[0]
    names = ["aws:ResourceTag", *([_OWN_KEYS[prefix]] if prefix in _OWN_KEYS else [])]
    return {f"{name}/{key}": [value] for key, value in _tags(resource).items() for name in names}


def _tags(resource: str) -> Mapping[str, str]:
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[2] not in _READERS or not parts[4]:  # noqa: PLR2004  the parts of an ARN
        return {}
    _, _, service, region, account, name = parts
    return _READERS[service](account, region, name)


def _of_group(account: str, region: str, name: str) -> Mapping[str, str]:
    group = autoscaling_backends[account][region].autoscaling_groups.get(name.rpartition("/")[2])
    return {each["Key"]: each["Value"] for each in group.tags} if group else {}


def _of_ec2(account: str, region: str, name: str) -> Mapping[str, str]:
    return dict(ec2_backends[account][region].tags.get(name.rpartition("/")[2], {}))


def _of_document(account: str, region: str, name: str) -> Mapping[str, str]:
    kind, _, document = name.partition("/")
    backend = ssm_backends[account][region]
    return dict(backend._resource_tags["Document"].get(document, {})) if kind == "document" else {}  # noqa: SLF001


def _of_job(account: str, region: str, name: str) -> Mapping[str, str]:
    kind, _, job_id = name.partition("/")
    backend = batch_backends[account][region]
    job = backend.get_job_by_id(job_id) if kind == "job" else None
    return dict(backend.tagger.get_tag_dict_for_resource(job.arn)) if job else {}


_READERS: Mapping[str, Callable[[str, str, str], Mapping[str, str]]] = MappingProxyType(
    {"autoscaling": _of_group, "batch": _of_job, "ec2": _of_ec2, "ssm": _of_document}
)
