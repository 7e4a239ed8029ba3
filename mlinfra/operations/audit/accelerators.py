"""Accelerators of instance types, also of SageMaker's."""

from __future__ import annotations

from functools import cache

from mlinfra.catalog import instance_types


@cache
def accelerators_of(instance_type: str) -> int:
    """The number of accelerators of an instance type. 0: it has none, or the type is unknown.

    A type with a part of an accelerator counts as one.

    Args:
        instance_type: such as p4d.24xlarge, or ml.p4d.24xlarge of SageMaker.
    """
    return _counts().get(instance_type.removeprefix("ml."), 0)


@cache
def _counts() -> dict[str, int]:
    return {each.name: max(1, int(each.accelerator_count or 0)) for each in instance_types().values()}
