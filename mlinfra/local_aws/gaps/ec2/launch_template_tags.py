"""The tags of a launch template itself.

moto adds them to what the template says of instances, where every later plan sees tags that
nobody asked for, and answers with those of its creation ever after. In AWS they are the template's
own, no part of its data, and changed like those of any resource. Source: EC2 API reference,
CreateLaunchTemplate, RequestLaunchTemplateData and CreateTags, read 2026-11-24.
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
    """Whether moto still keeps a template's tags as they were at its creation."""
    return not isinstance(getattr(LaunchTemplate, "tags", None), property)


def close() -> None:
    """Keep a template's own tags out of its data, and as they are now."""
    LaunchTemplate.tags = property(LaunchTemplate.get_tags, _ignore)  # type: ignore[assignment]
    LaunchTemplates.create_launch_template = _create_without_own_tags  # type: ignore[method-assign, assignment]


def _create_without_own_tags(response: LaunchTemplates) -> ActionResult:
    answer = _create(response)
    template = response.ec2_backend.get_launch_template_by_name(response._get_param("LaunchTemplateName"))  # noqa: SLF001  moto's way to read a parameter
    data = template.default_version().data
    data["TagSpecifications"] = [each for each in data.get("TagSpecifications", []) if each["ResourceType"] != _OWN]
    return answer


def _ignore(template: LaunchTemplate, tags: object) -> None:
    """Let moto set the tags at creation: they are kept with those of all resources already."""
