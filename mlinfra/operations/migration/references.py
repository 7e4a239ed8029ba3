"""References between resources, by the attributes that contain the id, ARN or name of another one."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlinfra.operations.migration.resource import Resource

_UNIQUE: Final = re.compile(r"^(arn:.+|[a-z]+-[0-9a-f]{8,17}|d-[a-z0-9]{8,})$")
"""An ARN or an id that AWS has generated: it means the same resource wherever it occurs."""

_NAME_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "aws_autoscaling_group": frozenset({"autoscaling_group_name", "group_names", "AutoScalingGroupName"}),
    "aws_batch_compute_environment": frozenset({"compute_environment", "compute_environments"}),
    "aws_ecr_repository": frozenset({"repository"}),
    "aws_iam_instance_profile": frozenset({"iam_instance_profile", "iam_instance_profile.name", "instance_role"}),
    "aws_iam_role": frozenset({"role", "roles", "role_name"}),
    "aws_lambda_function": frozenset({"function_name"}),
    "aws_launch_configuration": frozenset({"launch_configuration"}),
    "aws_launch_template": frozenset({"launch_template.name", "launch_template_specification.launch_template_name"}),
    "aws_placement_group": frozenset({"placement_group", "placement.group_name"}),
    "aws_s3_bucket": frozenset({"bucket", "target_bucket", "s3_bucket_name"}),
    "aws_sagemaker_endpoint": frozenset({"EndpointName"}),
    "aws_sagemaker_endpoint_configuration": frozenset({"endpoint_config_name"}),
    "aws_sagemaker_model": frozenset({"production_variants.model_name"}),
    "aws_sagemaker_model_package_group": frozenset({"model_package_group_name"}),
}
"""Attributes that contain the name of a resource of a type. A name anywhere else may mean something else."""

_IDENTITIES: Final = ("id", "arn", "name", "bucket", "function_name", "endpoint_config_name")
_OWN: Final = frozenset({"id", "arn", "tags", "tags_all"})


class References:
    """The references between resources."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Find the references between all `resources`."""
        unique: dict[str, list[Resource]] = defaultdict(list)
        named: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        listed = list(resources)
        for each in listed:
            for value in {str(each.values.get(name) or "") for name in _IDENTITIES} - {""}:
                if _UNIQUE.match(value):
                    unique[value].append(each)
                for attribute in _NAME_ATTRIBUTES.get(each.type, ()):
                    named[attribute, value].append(each)
        self._targets: dict[str, list[Resource]] = {}
        self._sources: dict[str, list[Resource]] = defaultdict(list)
        for each in listed:
            found: dict[str, Resource] = {}
            for path, value in _strings(each.values):
                attributes = {path, path.rpartition(".")[2]}
                for target in [*unique[value], *(one for name in attributes for one in named[name, value])]:
                    if target.address != each.address:
                        found[target.address] = target
            self._targets[each.address] = list(found.values())
            for target in found.values():
                self._sources[target.address].append(each)

    def of(self, resource: Resource) -> tuple[Resource, ...]:
        """The resources that `resource` refers to."""
        return tuple(self._targets[resource.address])

    def to(self, resource: Resource) -> tuple[Resource, ...]:
        """The resources that refer to `resource`."""
        return tuple(self._sources[resource.address])


def _strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401  attributes have any shape
    """All texts in a value, each with the names of its block and its attribute."""
    if isinstance(value, str):
        # `endpoint/NAME/variant/VARIANT` of Application Auto Scaling
        resource_id = re.match(r"^endpoint/([^/]+)/variant/", value)
        yield ("EndpointName", resource_id[1]) if resource_id else (path, value)
    elif isinstance(value, dict):
        block = path.rpartition(".")[2]
        for name, inner in value.items():
            if path or name not in _OWN:
                yield from _strings(inner, f"{block}.{name}" if block else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, path)
