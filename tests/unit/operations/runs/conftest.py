"""The table of records of an environment in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_aws import make_records_table
from tests.unit.operations.runs.recorded import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def records(client: Callable[..., Any]) -> Callable[..., Any]:
    """Clients of a local AWS in which the environment has its table."""
    make_records_table(client, ENVIRONMENT.names.records_table)
    return client
