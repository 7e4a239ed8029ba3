"""Gap: processor time to find the tags of a resource.

For the tags of one resource, moto searches those of all resources, and instances stay there after they have ended: a
filter by tag took a sixth of the time of all requests in the tests of clusters. This gap reads the tags of the resource
alone. Measured 2026-12-01 with moto 5.2.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    Tags = list[dict[str, str]]


def is_open() -> bool:
    """True if moto searches the tags of all resources."""
    return "describe_tags" in TaggedEC2Resource.get_tags.__code__.co_names


def close() -> None:
    """Close the gap: read the tags of the resource."""
    wrap(TaggedEC2Resource, "get_tags", _own)


def _own(_original: Callable[[TaggedEC2Resource], Tags], resource: Any) -> Tags:  # noqa: ANN401  moto's resources have an id
    name = resource.id
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(name), "") if name else ""
    tags = resource.ec2_backend.tags.get(name) or {}
    return [
        {"resource_id": name, "key": key, "value": value, "resource_type": kind} for key, value in tags.copy().items()
    ]
