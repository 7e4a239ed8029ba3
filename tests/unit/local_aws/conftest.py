"""One local AWS for all tests of gaps, never emptied; each test creates what it needs under names of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def client(clients: Callable[..., Any]) -> Callable[..., Any]:
    """boto3 clients by service and region, of a local AWS that earlier tests have used."""
    return clients


def refusal(call: Callable[..., Any], *arguments: Any, **named: Any) -> dict[str, str]:
    """The code and the message with which a request is refused."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    error: dict[str, str] = caught.value.response["Error"]
    return error


def error_code(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """The code with which a request is refused."""
    return refusal(call, *arguments, **named)["Code"]


def error_message(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """The message with which a request is refused."""
    return refusal(call, *arguments, **named)["Message"]
