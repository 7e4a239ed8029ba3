"""Gap: security groups of a Batch compute environment whose launch template has network interfaces.

moto always requires security groups in the environment. In AWS, they are given in the network interfaces of
such a launch template, and an environment with both is refused. Source: Batch API reference, ComputeResource
(securityGroupIds), read 2026-11-24. Source of the refusal and its wording: github.com/aws/aws-cdk, issue
21577.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.batch.exceptions import ClientException
from moto.batch.models import BatchBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.batch.models import ComputeEnvironment

    Resources = dict[str, Any]

_GROUPS = "securityGroupIds"
_BOTH = (
    "Error executing request, Exception : Either compute environment Security Groups or Network Interfaces in Launch "
    "template are exclusively allowed"
)
_NEITHER = "Error executing request, Exception : Security groups are required."


def is_open() -> bool:
    """True if moto searches for security groups in the environment only."""
    return "launchTemplate" not in BatchBackend._validate_compute_resources.__code__.co_consts  # noqa: SLF001


def close() -> None:
    """Close the gap: accept security groups of the launch template too."""
    wrap(BatchBackend, "_validate_compute_resources", _validate)
    wrap(BatchBackend, "create_compute_environment", _create)


class _WithGroups(dict[str, Any]):
    """Compute resources that show security groups to moto, and none when they are described."""

    def __init__(self, resources: Resources, groups: list[str]) -> None:
        super().__init__(resources)
        self._groups = groups

    def __missing__(self, name: str) -> list[str]:
        if name != _GROUPS:
            raise KeyError(name)
        return self._groups


def _create(
    original: Callable[..., ComputeEnvironment],
    backend: BatchBackend,
    *args: Any,  # noqa: ANN401  moto's
    compute_resources: Resources | None,
    **others: Any,  # noqa: ANN401  moto's
) -> ComputeEnvironment:
    resources = compute_resources and _with_groups(backend, compute_resources)
    return original(backend, *args, compute_resources=resources, **others)


def _validate(original: Callable[..., None], backend: BatchBackend, resources: Resources) -> None:
    original(backend, _with_groups(backend, resources))


def _with_groups(backend: BatchBackend, resources: Resources) -> Resources:
    interfaces = _interfaces(backend, resources.get("launchTemplate") or {})
    if resources.get(_GROUPS):
        if interfaces:
            raise ClientException(_BOTH)
        return resources
    groups = sorted({group for each in interfaces for group in each.get("Groups", [])})
    if not groups:
        raise ClientException(_NEITHER)
    return _WithGroups(resources, groups)


def _interfaces(backend: BatchBackend, named: Resources) -> list[Resources]:
    ec2 = backend.ec2_backend
    if "launchTemplateId" in named:
        template = ec2.get_launch_template(named["launchTemplateId"])
    elif "launchTemplateName" in named:
        template = ec2.get_launch_template_by_name(named["launchTemplateName"])
    else:
        return []
    interfaces: list[Resources] = template.get_version(named.get("version") or "$Default").data.get(
        "NetworkInterfaces", []
    )
    return interfaces
