"""Gap: placement groups, which place instances close to or apart from each other.

moto has none. In AWS, a group is available immediately, is identified by its name within the account and
region, and cannot be deleted while it contains instances. Source: EC2 API reference, CreatePlacementGroup,
DescribePlacementGroups, DeletePlacementGroup and "Error codes"; EC2 user guide, "Placement groups"; read
2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_id

from mlinfra.local_aws.mechanisms.ec2_requests import (
    DescribedResource,
    check,
    created_tags,
    filtered,
    make_taggable,
    refuse,
    refuse_missing,
    refuse_value,
)
from mlinfra.local_aws.mechanisms.extending import add_operations, kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.ec2.models import EC2Backend

RESOURCE_TYPE = "placement-group"
_PREFIX = "pg"
_DEFAULT_PARTITIONS, _MOST_PARTITIONS = 2, 7


def is_open() -> bool:
    """True if moto has no placement groups."""
    return not hasattr(EC2Response, "create_placement_group")


def close() -> None:
    """Close the gap: add placement groups."""
    make_taggable(RESOURCE_TYPE, _PREFIX)
    add_operations(EC2Response, create_placement_group, describe_placement_groups, delete_placement_group)


class PlacementGroup(DescribedResource):
    """A placement group."""

    filters = frozenset({"group-name", "group-arn", "spread-level", "state", "strategy"})

    def __init__(self, backend: EC2Backend, name: str, parameters: Mapping[str, Any]) -> None:
        self.ec2_backend = backend
        self.id = self.group_id = random_id(_PREFIX)
        self.group_name = name
        self.group_arn = (
            f"arn:{backend.partition}:ec2:{backend.region_name}:{backend.account_id}:{RESOURCE_TYPE}/{name}"
        )
        self.state = "available"
        self.strategy = parameters.get("Strategy") or "cluster"
        self.partition_count = _partition_count(self.strategy, parameters)
        self.spread_level = _spread_level(self.strategy, parameters)

    @property
    def is_in_use(self) -> bool:
        """True if the group contains an instance that is not terminated."""
        return any(
            each.placement.group_name == self.group_name
            for each in self.ec2_backend.all_instances()
            if each.state != "terminated"
        )


def placement_groups(backend: EC2Backend) -> dict[str, PlacementGroup]:
    """The placement groups of an account and region, by name."""
    return kept(backend, "placement groups", dict)


def known(backend: EC2Backend, name: str) -> PlacementGroup:
    """The placement group with the name `name`.

    Raises:
        EC2ClientError: InvalidPlacementGroup.Unknown.
    """
    groups = placement_groups(backend)
    if name not in groups:
        refuse("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    return groups[name]


def create_placement_group(response: EC2Response) -> ActionResult:
    """CreatePlacementGroup."""
    parameters = check(response, "CreatePlacementGroup")
    backend = response.ec2_backend
    name = parameters.get("GroupName")
    if not name:
        # The service requires the name although its model does not.
        refuse_missing("GroupName")
    if name in placement_groups(backend):
        refuse("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
    tags = created_tags(response, RESOURCE_TYPE)
    group = PlacementGroup(backend, name, parameters)
    group.add_tags(tags)
    placement_groups(backend)[name] = group
    return ActionResult({"PlacementGroup": group})


def describe_placement_groups(response: EC2Response) -> ActionResult:
    """DescribePlacementGroups."""
    parameters = check(response, "DescribePlacementGroups")
    groups = placement_groups(response.ec2_backend)
    names, ids = parameters.get("GroupNames") or [], parameters.get("GroupIds") or []
    for name in names:
        known(response.ec2_backend, name)
    for identifier in set(ids) - {each.group_id for each in groups.values()}:
        refuse("InvalidPlacementGroup.Unknown", f"The Placement Group '{identifier}' is unknown.")
    asked_for = [
        each
        for each in groups.values()
        if (not names or each.group_name in names) and (not ids or each.group_id in ids)
    ]
    return ActionResult({"PlacementGroups": filtered(response, asked_for)})


def delete_placement_group(response: EC2Response) -> EmptyResult:
    """DeletePlacementGroup."""
    parameters = check(response, "DeletePlacementGroup")
    backend = response.ec2_backend
    group = known(backend, parameters["GroupName"])
    if group.is_in_use:
        message = f"The placement group '{group.group_name}' is in use and may not be deleted."
        refuse("InvalidPlacementGroup.InUse", message)
    del placement_groups(backend)[group.group_name]
    backend.tags.pop(group.id, None)
    return EmptyResult()


def _partition_count(strategy: str, parameters: Mapping[str, Any]) -> int | None:
    count = parameters.get("PartitionCount")
    if strategy != "partition":
        if count:
            message = f"The parameter partitionCount cannot be used with the strategy '{strategy}'."
            refuse("InvalidParameterCombination", message)
        return None
    if count is not None and not 1 <= count <= _MOST_PARTITIONS:
        refuse_value(f"Value ({count}) for parameter partitionCount is invalid. It must be 1 to {_MOST_PARTITIONS}.")
    return int(count or _DEFAULT_PARTITIONS)


def _spread_level(strategy: str, parameters: Mapping[str, Any]) -> str | None:
    level = parameters.get("SpreadLevel")
    if strategy == "spread":
        return str(level or "rack")
    if level:
        message = f"The parameter spreadLevel cannot be used with the strategy '{strategy}'."
        refuse("InvalidParameterCombination", message)
    return None
