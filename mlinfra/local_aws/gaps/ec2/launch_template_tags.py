"""Gap: tags of a launch template.

moto adds them to the tags of the instances in the template's data, where every later plan shows unexpected
tags, and always returns the tags given at creation. In AWS, they belong to the template, are not part of its
data, and are changed like those of any resource. Source: EC2 API reference, CreateLaunchTemplate,
RequestLaunchTemplateData and CreateTags, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.launch_templates import LaunchTemplates

if TYPE_CHECKING:
    from moto.core.responses import ActionResult

_OWN = "launch-template"
_create = LaunchTemplates.create_launch_template


def is_open() -> bool:
    """True if moto always returns a template's tags given at creation."""
    return not isinstance(getattr(LaunchTemplate, "tags", None), property)


def close() -> None:
    """Close the gap: keep a template's tags out of its data and up to date."""
    LaunchTemplate.tags = property(LaunchTemplate.get_tags, _ignore)  # type: ignore[assignment]
    LaunchTemplates.create_launch_template = _create_without_own_tags  # type: ignore[method-assign, assignment]


def _create_without_own_tags(response: LaunchTemplates) -> ActionResult:
    answer = _create(response)
    template = response.ec2_backend.get_launch_template_by_name(response._get_param("LaunchTemplateName"))  # noqa: SLF001  moto's way to read a parameter
    data = template.default_version().data
    data["TagSpecifications"] = [each for each in data.get("TagSpecifications", []) if each["ResourceType"] != _OWN]
    return answer


def _ignore(template: LaunchTemplate, tags: object) -> None:
    """Ignore the tags that moto sets at creation: they are already kept with those of all resources."""
