"""Rules about the tags of an environment's resources, as a team declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mlinfra.catalog import STANDARD_TAGS
from mlinfra.declarations.base import Declaration, duplicates, shown
from mlinfra.declarations.types import TagValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWNERSHIP_TAGS = ("Owner", "Experiment")
"""Tags of the resources of an experiment, whose values rules can limit as well."""

TagKey = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w .:/=+\-@]+$")]
"""The key of a tag."""

_MOST_TAGS = 20
"""A resource can have 50 tags, and a cluster has up to 30. Source: Tagging AWS Resources user guide, "Tag naming limits
and requirements", read 2026-11-29."""


class TagRules(Declaration):
    """Additional tags, and the allowed values of tags, of every resource of an environment.

    The synth fails with a message for each taggable resource that lacks a required tag or has another value: also for
    instances, volumes and network interfaces that an auto scaling group launches.

    Raises:
        DeclarationError: with every problem at once.
    """

    additional: dict[TagKey, TagValue] = Field(
        default_factory=dict,
        max_length=_MOST_TAGS,
        description="Tags of every resource, by key, in addition to "
        f"{', '.join(STANDARD_TAGS)}; up to 20. Default: none.",
    )
    allowed_values: dict[TagKey, tuple[TagValue, ...]] = Field(
        default_factory=dict,
        description="The allowed values of tags, by key, such as CostCenter: the cost centers of the company. Default: "
        "any.",
    )

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:  # noqa: ARG003  the signature of the base class
        return "tag rules"

    def _problems(self) -> Iterator[str]:
        for key in {**self.additional, **self.allowed_values}:
            if key.lower().startswith("aws:"):
                yield f"{shown(key)}: AWS reserves tags that begin with aws:. Expected: other keys."
        for key in self.additional:
            if key in {*STANDARD_TAGS, *OWNERSHIP_TAGS}:
                yield f"additional: the tag {key!r} is set by mlinfra. Expected: other keys."
        for key, values in self.allowed_values.items():
            yield from duplicates(f"allowed_values.{key}", values, kind="values")
            if not values:
                yield f"allowed_values.{key}: it has no value, so that no resource could be tagged. Expected: values."
            given = self.additional.get(key)
            if given is not None and given not in values:
                yield f"additional.{key}: {shown(given)} is not one of its allowed values: {', '.join(values)}."


def tag_rule_problems(rules: TagRules, known: Mapping[str, Any]) -> Iterator[str]:
    """The fields of an environment whose values `rules` do not allow.

    Args:
        rules: the declared rules.
        known: the valid fields of the environment.
    """
    fields = {
        "Environment": "name",
        "Team": "team",
        "Project": "project",
        "CostCenter": "cost_center",
        "Repository": "repository",
        "CreatedBy": "created_by",
    }
    for key, field in fields.items():
        allowed = rules.allowed_values.get(key)
        if allowed and field in known and known[field] not in allowed:
            yield (
                f"tag_rules: {field}={shown(known[field])} is not an allowed value of the tag {key}. Expected: one of "
                f"{', '.join(allowed)}."
            )
    owners = rules.allowed_values.get("Owner")
    for each in known.get("experiments", ()):
        if owners and isinstance(each.owner, str) and each.owner not in owners:
            yield (
                f"tag_rules: the owner {shown(each.owner)} of the experiment {shown(each.name)} is not an allowed "
                f"value of the tag Owner. Expected: one of {', '.join(owners)}."
            )
