"""Differences in a refresh-only plan between the state and AWS, and those that are not drift."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlinfra.catalog import is_added_by_provider_6
from mlinfra.operations.drift import reasons
from mlinfra.operations.drift.report import DELETED, Difference, LeftOut, Pending
from mlinfra.operations.drift.values import differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NAMES = (
    "id",
    "arn",
    "name",
    "bucket",
    "function_name",
    "alarm_name",
    "autoscaling_group_name",
    "role",
    "security_group_id",
    "repository",
)
"""Attributes with names of a resource that CloudTrail may use."""

_TAGS = ("tags", "tags_all")
_ADDED = "AWS provider 6 records it, and provider 5, which wrote the state, does not have it"

_MODULE = re.compile(r"module\.([A-Za-z_][\w-]*)")


@dataclass(frozen=True)
class Resource:
    """A resource of a stack, with its present or last known values."""

    address: str
    type: str
    values: Mapping[str, Any]
    configured: Mapping[str, Any] = field(default_factory=dict)
    """The configuration of the resource, by attribute."""

    @property
    def names(self) -> tuple[str, ...]:
        """Ids and names of the resource in AWS."""
        values = (self.values.get(name) for name in _NAMES)
        return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value))


@dataclass(frozen=True)
class PlanDifferences:
    """Drift in a plan, and differences that are not drift."""

    differences: tuple[Difference, ...]
    left_out: tuple[LeftOut, ...]


def resources_of(plan: Mapping[str, Any], stack: Mapping[str, Any]) -> tuple[Resource, ...]:
    """Managed resources in `plan`, including those that were deleted in AWS.

    Args:
        plan: the output of `terraform show -json`.
        stack: the synthesized stack, which is Terraform's configuration in JSON.
    """
    found = {
        each["address"]: each
        for each in _in_module(plan.get("prior_state", {}).get("values", {}).get("root_module", {}))
        if each["mode"] == "managed"
    }
    for each in plan.get("resource_drift", ()):
        if each["address"] not in found and each["change"]["before"]:
            found[each["address"]] = {**each, "values": each["change"]["before"]}
    return tuple(
        Resource(address, each["type"], each["values"], _configured(each, plan, stack))
        for address, each in found.items()
    )


def differences_in(name: str, plan: Mapping[str, Any], stack: Mapping[str, Any]) -> PlanDifferences:
    """Find the differences between the state of a stack and AWS.

    Args:
        name: the name of the stack.
        plan: a refresh-only plan, as in the output of `terraform show -json`.
        stack: the synthesized stack.
    """
    companions: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for resource in resources_of(plan, stack):
        companions[resource.type].append(resource.values)
    found: list[Difference] = []
    left_out: list[LeftOut] = []
    for each in plan.get("resource_drift", ()):
        change = each["change"]
        resource = Resource(each["address"], each["type"], change["before"] or {}, _configured(each, plan, stack))
        if "delete" in change["actions"]:
            found.append(
                Difference(name, resource.address, "deleted", DELETED, "exists", "deleted", names=resource.names)
            )
        elif change["after"] is not None:
            drift, omitted = _changed(name, resource, change, companions)
            found += drift
            left_out += omitted
    found.sort(key=lambda each: (each.address, each.attribute))
    return PlanDifferences(tuple(found), tuple(left_out))


def pending_of(plan: Mapping[str, Any]) -> tuple[Pending, ...]:
    """Changes of a plan without refresh: differences between the code and the state."""
    return tuple(
        Pending(each["address"], tuple(each["change"]["actions"]))
        for each in plan.get("resource_changes", ())
        if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]
    )


def _changed(
    name: str,
    resource: Resource,
    change: Mapping[str, Any],
    companions: Mapping[str, Sequence[Mapping[str, Any]]],
) -> tuple[list[Difference], list[LeftOut]]:
    before, after = change["before"] or {}, change["after"]
    found: list[Difference] = []
    left_out: list[LeftOut] = []
    ignored = resource.configured.get("lifecycle", {}).get("ignore_changes", ())
    ignored = [ignored] if isinstance(ignored, str) else ignored
    for attribute in sorted(before.keys() | after.keys()):
        marks = [_marks(change.get(f"{side}_sensitive"), attribute) for side in ("before", "after")]
        old, new = before.get(attribute), after.get(attribute)
        if attribute in _TAGS:
            # Compare tag by tag also if all are added or removed, so that tags_all has the same paths as tags.
            old, new = old or {}, new or {}
        if old is None and attribute not in resource.configured and is_added_by_provider_6(resource.type, attribute):
            if new is not None:
                left_out.append(LeftOut(resource.address, attribute, _ADDED))
            continue
        changes = list(differences(attribute, old, new, sensitive=marks))
        if changes and attribute not in resource.configured:
            reason = reasons.is_mirror({**before, **after}, resource.type, attribute, companions)
            if reason:
                left_out.append(LeftOut(resource.address, attribute, reason))
                continue
        for each in changes:
            if reason := reasons.is_noise(resource.type, each.path):
                left_out.append(LeftOut(resource.address, each.path, reason))
                continue
            not_managed = reasons.is_operated(resource.type, attribute, resource.configured)
            if reasons.is_ignored_by_stack(each.path, ignored):
                not_managed = "the stack has the attribute in ignore_changes"
            found.append(
                Difference(
                    name,
                    resource.address,
                    "changed",
                    each.path,
                    each.before,
                    each.after,
                    names=resource.names,
                    status="not_managed" if not_managed else "drift",
                    reason=not_managed,
                )
            )
    return _without_following(resource, found, left_out)


def _without_following(
    resource: Resource, found: list[Difference], left_out: list[LeftOut]
) -> tuple[list[Difference], list[LeftOut]]:
    """Omit differences that follow from another difference of the same resource."""
    paths = {each.attribute for each in found}
    following: dict[str, str] = {}
    for path in paths:
        if path.startswith("tags_all") and path.replace("tags_all", "tags", 1) in paths:
            following[path] = "tags_all repeats tags"
        elif reason := reasons.is_following(resource.type, path, paths):
            following[path] = reason
    if paths == set(following):
        return found, left_out
    return (
        [each for each in found if each.attribute not in following],
        [*left_out, *(LeftOut(resource.address, path, reason) for path, reason in sorted(following.items()))],
    )


def _marks(sensitive: Any, attribute: str) -> Any:  # noqa: ANN401  Terraform's JSON
    return sensitive.get(attribute) if isinstance(sensitive, dict) else sensitive


def _configured(resource: Mapping[str, Any], plan: Mapping[str, Any], stack: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration of a resource, in the stack or in a module that the stack calls."""
    type_, name = resource["type"], resource["name"]
    calls = _MODULE.findall(resource["address"].rpartition(f"{type_}.{name}")[0])
    if not calls:
        body: Mapping[str, Any] = stack.get("resource", {}).get(type_, {}).get(name, {})
        return body
    module = plan.get("configuration", {}).get("root_module", {})
    for call in calls:
        module = module.get("module_calls", {}).get(call, {}).get("module", {})
    written = (each for each in module.get("resources", ()) if (each["type"], each["name"]) == (type_, name))
    return next((each.get("expressions", {}) for each in written), {})


def _in_module(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _in_module(child)
