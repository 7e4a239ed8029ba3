"""The record of the bucket names of protected data lakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.declarations import BUCKET_RECORD_FILE, LAKE_BUCKETS, BucketRecord, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.declarations import Environment


def pin_bucket_names(environments: Sequence[Environment], root: Path) -> tuple[str, ...]:
    """Record the bucket names of `environments` in the project at `root`.

    Args:
        environments: the environments. Recorded names are not changed.
        root: the project's folder.

    Returns:
        The names that are new in the record.

    Raises:
        DeclarationError: if a bucket has another name in the record, with the remedy. Nothing is written then.
    """
    path = root / BUCKET_RECORD_FILE
    record = before = BucketRecord.load(path)
    for each in environments:
        record = record.with_names(each.name, {use: each.names.bucket(use) for use in LAKE_BUCKETS})
    if record != before:
        write_whole(path, record.dump())
    known = {name for names in before.names.values() for name in names.values()}
    return tuple(name for names in record.names.values() for name in names.values() if name not in known)
