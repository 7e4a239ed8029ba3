"""One local AWS for all tests of gaps, never emptied; a test makes what it needs under names of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def client(clients: Callable[..., Any]) -> Callable[..., Any]:
    """boto3 clients of a local AWS that other tests have used before, by service and region."""
    return clients
