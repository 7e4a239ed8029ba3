"""Clock that follows the time of AWS."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class AwsClock:
    """The time in the last response of AWS, plus the time since then on the monotonic clock.

    The date of the node is never read. Accurate to about one second, like the header.
    """

    def __init__(self) -> None:
        self._ahead: float | None = None

    def watch(self, client: Any) -> None:  # noqa: ANN401  boto3 has no types
        """Read the time in every response to `client`, including errors."""
        client.meta.events.register(
            "after-call", lambda http_response, **_: self.read(http_response.headers), unique_id=f"aws-clock-{id(self)}"
        )

    def read(self, headers: Mapping[str, str]) -> None:
        """Set the clock from the headers of a response that was just received."""
        if date := headers.get("Date"):
            self._ahead = parsedate_to_datetime(date).timestamp() - time.monotonic()

    @property
    def is_set(self) -> bool:
        """True once AWS has responded."""
        return self._ahead is not None

    def now(self) -> int:
        """Epoch seconds.

        Raises:
            RuntimeError: if AWS has not answered yet.
        """
        if self._ahead is None:
            message = "the time is unknown: AWS has not responded yet"
            raise RuntimeError(message)
        return int(time.monotonic() + self._ahead)
