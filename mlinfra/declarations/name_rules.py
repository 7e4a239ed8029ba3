"""Rules of AWS for names in an environment: their length and form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlinfra.declarations.base import duplicates, shown
from mlinfra.declarations.resource_names import ResourceNames
from mlinfra.declarations.types import LAKE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_BUCKET_NAME_LIMIT = 63
_BUCKETS = (*LAKE_BUCKETS, "tfstate")


def overlong(
    field: str, names: Sequence[str], environment: Mapping[str, object], kind: str, limit: int
) -> Iterator[str]:
    """Problems of `names` that are too long for AWS with the environment's prefix.

    Args:
        field: the field of the environment with the names.
        names: the names.
        environment: the valid fields of the environment.
        kind: AWS's term for the resource.
        limit: the longest name, in characters.
    """
    if not {"project", "name"} <= environment.keys():
        return
    for name in names:
        full = f"{environment['project']}-{environment['name']}-{name}"
        if len(full) > limit:
            yield (
                f"{field}.{name}.name: {name!r} is too long here: it gives the {kind} name {full!r}, {len(full)} "
                f"characters. Expected: at most {limit}, so shorten it by {len(full) - limit}."
            )


def overlong_buckets(project: str, environment: str, account_id: str, region: str) -> Iterator[str]:
    """The problem of bucket names of an environment that are too long."""
    names = ResourceNames(project=project, environment=environment, account_id=account_id, region=region)
    longest = max(map(names.bucket, _BUCKETS), key=len)
    if len(longest) > _BUCKET_NAME_LIMIT:
        yield (
            f"project, name: {project!r} and {environment!r} are too long together: they give the bucket name "
            f"{longest!r}, {len(longest)} characters. Expected: at most {_BUCKET_NAME_LIMIT}, so shorten them by "
            f"{len(longest) - _BUCKET_NAME_LIMIT}."
        )


def bucket_name_problems(names: Mapping[str, str]) -> Iterator[str]:
    """Problems of declared names of data lake buckets.

    Args:
        names: the names by use of the bucket.
    """
    for use in names:
        if use not in LAKE_BUCKETS:
            expected = f"Expected: one of {', '.join(LAKE_BUCKETS)}."
            yield f"bucket_names: the data lake has no bucket for {shown(use)}. {expected}"
    for use, name in names.items():
        if not _BUCKET_NAME.fullmatch(name):
            yield (
                f"bucket_names.{use}: {shown(name)} is not a valid bucket name. Expected: 3 to {_BUCKET_NAME_LIMIT} "
                f"lower-case letters, digits and hyphens."
            )
    yield from duplicates("bucket_names", names.values())
