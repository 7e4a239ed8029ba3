"""The client that the tests of several services need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def ec2(client: Callable[..., Any]) -> Any:
    return client("ec2")
