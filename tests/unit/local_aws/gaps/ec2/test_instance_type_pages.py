"""Pages of instance types and offerings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.catalog.instances import instance_types

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("operation", ["describe_instance_types", "describe_instance_type_offerings"])
def test_types_and_offerings_come_in_pages(client: Callable[..., Any], operation: str) -> None:
    only = [{"Name": "instance-type", "Values": sorted(instance_types())[:12]}]
    paginator = client("ec2").get_paginator(operation)
    pages = list(paginator.paginate(Filters=only, PaginationConfig={"PageSize": 5}))
    (member,) = (name for name in pages[0] if name.startswith("InstanceType"))
    assert [len(page[member]) for page in pages] == [5, 5, 2]
