"""Check for the required tags, which identify owner and cost center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED_TAGS = (
    "Environment",
    "Team",
    "Project",
    "CostCenter",
    "ManagedBy",
    "Repository",
    "CreatedBy",
    "AutoStop",
)
"""The tags that every resource must have."""


def missing_tags(config: dict[str, Any]) -> Iterator[str]:
    """A problem for each resource that lacks required tags.

    The provider's default tags apply to resources that Terraform creates, but not to instances that an auto scaling
    group launches: the group and the launch template must propagate the tags.

    Args:
        config: a stack as Terraform JSON.
    """
    for provider in config.get("provider", {}).get("aws", []):
        given = _merged(provider.get("default_tags", []))
        yield from _report("the AWS provider's default tags", given)
    for group in config.get("resource", {}).get("aws_autoscaling_group", {}).values():
        given = {tag["key"]: tag["value"] for tag in group.get("tag", []) if tag.get("propagate_at_launch")}
        yield from _report(f"{_path(group)}: the tags that instances get at launch", given)
    for template in config.get("resource", {}).get("aws_launch_template", {}).values():
        specified = {each["resource_type"]: each.get("tags", {}) for each in template.get("tag_specifications", [])}
        for resource_type in ("instance", "volume"):
            subject = f"{_path(template)}: the tag specification for {resource_type}"
            yield from _report(subject, specified.get(resource_type, {}))
    for named in config.get("resource", {}).values():
        for body in named.values():
            emptied = [tag for tag in REQUIRED_TAGS if (body.get("tags") or {}).get(tag) == ""]
            if emptied:
                yield f"{_path(body)}: its own tags empty {', '.join(emptied)}. Leave them out to get the stack's."


def _merged(blocks: list[dict[str, Any]] | dict[str, Any]) -> dict[str, str]:
    listed = [blocks] if isinstance(blocks, dict) else blocks
    return {key: value for block in listed for key, value in block.get("tags", {}).items()}


def _report(subject: str, given: dict[str, str]) -> Iterator[str]:
    missing = [tag for tag in REQUIRED_TAGS if not given.get(tag)]
    if missing:
        yield f"{subject}: missing {', '.join(missing)}. MlStack.default_tags holds all of them."


def _path(body: dict[str, Any]) -> str:
    return str(body.get("//", {}).get("metadata", {}).get("path", "?"))
