"""Check of the tags that identify owner and cost center, on every taggable resource of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.catalog import STANDARD_TAGS, taggable_types
from mlinfra.checks.check import Check, Problem, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.checks.check import StackConfiguration

REQUIRED_TAGS = STANDARD_TAGS
"""The tags that every resource must have."""

LAUNCHED = ("instance", "volume", "network-interface")
"""What a launch template creates, each with a tag specification of its own."""

Body = dict[str, Any]


def missing_tags(
    config: Mapping[str, Any],
    *,
    required: Sequence[str] = REQUIRED_TAGS,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Problem]:
    """A problem for each resource that lacks required tags, or has a value that is not allowed.

    The provider's default tags apply to resources that Terraform creates, but not to what those create: instances of
    an auto scaling group and of AWS Batch, their volumes and network interfaces. Groups, compute environments and
    launch templates must propagate the tags.

    Args:
        config: a stack as Terraform JSON.
        required: the keys that every resource must have. Default: those of every environment.
        allowed: the allowed values of tags, by key. Default: any.
    """
    rules = _Rules(required, allowed or {})
    defaults = _default_tags(config)
    if not defaults:
        yield from rules.problems("the AWS provider's default tags", {})
    for name, given in defaults.items():
        alias = f" of the provider alias {name.partition('.')[2]!r}" if "." in name else ""
        yield from rules.problems(f"the AWS provider's default tags{alias}", given)
    for kind, named in config.get("resource", {}).items():
        for body in named.values():
            yield from _own_tags(kind, body, rules)
            yield from _launched(kind, body, rules)


class _Rules:
    """The required keys and allowed values, and the check of some tags by them."""

    def __init__(self, required: Sequence[str], allowed: Mapping[str, Sequence[str]]) -> None:
        self.required = required
        self._allowed = allowed

    def problems(self, subject: str, given: Mapping[str, Any], path: str = "") -> Iterator[Problem]:
        """A problem for tags that are missing, and one for each value that is not allowed."""
        missing = [tag for tag in self.required if not given.get(tag)]
        if missing:
            text = f"{subject}: missing {', '.join(missing)}. MlStack.default_tags holds all of them."
            yield Problem(text, path)
        yield from self.values(subject, given, path)

    def values(self, subject: str, given: Mapping[str, Any], path: str = "") -> Iterator[Problem]:
        """A problem for each value that is not allowed."""
        for key, values in self._allowed.items():
            value = given.get(key)
            if isinstance(value, str) and value and "${" not in value and value not in values:
                text = (
                    f"{subject}: the tag {key} has the value {value!r}, which the environment's tag_rules do not "
                    f"allow. Expected: one of {', '.join(values)}."
                )
                yield Problem(text, path)


def _default_tags(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The default tags of each configuration of the AWS provider: `aws`, and `aws.<alias>`."""
    found = {}
    for provider in config.get("provider", {}).get("aws", []):
        name = f"aws.{provider['alias']}" if provider.get("alias") else "aws"
        found[name] = _merged(provider.get("default_tags", []))
    return found


def _own_tags(kind: str, body: Body, rules: _Rules) -> Iterator[Problem]:
    """Problems of the resource's own tags, which replace default tags of the same key."""
    tags = body.get("tags")
    if kind not in taggable_types() or not isinstance(tags, dict):
        return
    path = path_of(body)
    subject = f"{path}: its own tags"
    emptied = [tag for tag in rules.required if tags.get(tag) == ""]
    if emptied:
        yield Problem(f"{subject} empty {', '.join(emptied)}. Leave them out to get the stack's.", path)
    yield from rules.values(subject, tags, path)


def _launched(kind: str, body: Body, rules: _Rules) -> Iterator[Problem]:
    """Problems of the tags of what a resource launches."""
    path = path_of(body)
    if kind == "aws_autoscaling_group":
        tags = {tag["key"]: tag["value"] for tag in _listed(body.get("tag")) if tag.get("propagate_at_launch")}
        yield from rules.problems(f"{path}: the tags that instances get at launch", tags, path)
    elif kind == "aws_launch_template":
        specified = {each["resource_type"]: each.get("tags") or {} for each in _listed(body.get("tag_specifications"))}
        for resource_type in LAUNCHED:
            subject = f"{path}: the tag specification for {resource_type}"
            yield from rules.problems(subject, specified.get(resource_type, {}), path)
    elif kind == "aws_batch_compute_environment":
        for resources in _listed(body.get("compute_resources")):
            # Fargate launches no instances.
            if not str(resources.get("type", "")).startswith("FARGATE"):
                yield from rules.problems(f"{path}: the tags of its instances", resources.get("tags") or {}, path)
    elif kind == "aws_spot_fleet_request":
        for specification in _listed(body.get("launch_specification")):
            yield from rules.problems(f"{path}: the tags of its instances", specification.get("tags") or {}, path)
    elif kind == "aws_instance" and not body.get("root_block_device"):
        # Default tags reach the block devices that the configuration names, and no others.
        yield from rules.problems(f"{path}: volume_tags", body.get("volume_tags") or {}, path)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  Terraform JSON has a block, or a list of blocks
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _merged(blocks: list[dict[str, Any]] | dict[str, Any]) -> dict[str, Any]:
    return {key: value for block in _listed(blocks) for key, value in (block.get("tags") or {}).items()}


def _find(stack: StackConfiguration) -> Iterator[Problem]:
    if stack.has_tags:
        yield from missing_tags(stack.config, required=stack.required_tags, allowed=stack.allowed_tag_values)


MISSING_TAG = Check(
    id="MLC201",
    title="A resource lacks a required tag, or the environment does not allow a value: its cost has no owner.",
    fix="Leave tags to MlStack, and pass MlStack.default_tags to what launches other resources.",
    find=_find,
    related=("MLR601",),
)
