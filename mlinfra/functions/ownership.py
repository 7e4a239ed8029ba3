"""The environment that a resource belongs to, so that environments of one account do not stop each other's clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.settings import Settings


def is_of_environment(tags: Mapping[str, str], settings: Settings) -> bool:
    """True if the functions of the environment in `settings` handle the resource with these tags.

    A resource without the tag Environment is handled by the functions of each environment of the account and region,
    since otherwise nothing would stop it. Two projects can have environments of the same name: where the tag Project
    is present, it must match too.

    Args:
        tags: the tags of a group, an instance, a volume or a file system.
        settings: the settings of the run.
    """
    if Tag.ENVIRONMENT not in tags:
        return True
    project = settings.prefix.removesuffix(f"-{settings.environment}-")
    return tags[Tag.ENVIRONMENT] == settings.environment and tags.get(Tag.PROJECT, project) == project
