"""Clusters of a local AWS."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_aws import make_records_table
from tests.unit.operations.clusters.account import ENVIRONMENT, make_group

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]


@pytest.fixture
def records(client: Client) -> None:
    """The table of records of the environment."""
    make_records_table(client, ENVIRONMENT.names.records_table)


@pytest.fixture
def make(records: None, make_without_records: Callable[..., list[str]]) -> Callable[..., list[str]]:  # noqa: ARG001
    """Make a cluster as mlinfra does, and return the ids of its nodes."""
    return make_without_records


@pytest.fixture
def make_without_records(client: Client) -> Callable[..., list[str]]:
    """Make a cluster in an account without the table of records, and return the ids of its nodes."""

    return partial(make_group, client)
