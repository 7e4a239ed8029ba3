"""What time it is by the clock of AWS."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class AwsClock:
    """The time that AWS wrote on its last answer, and what has passed since by the monotonic clock.

    The node's own date is never looked at. Exact to about a second, as the header is.
    """

    def __init__(self) -> None:
        self._ahead: float | None = None

    def watch(self, client: Any) -> None:  # noqa: ANN401  boto3 has no types
        """Read the time on every answer that `client` gets, a refusal too."""
        client.meta.events.register(
            "after-call", lambda http_response, **_: self.read(http_response.headers), unique_id=f"aws-clock-{id(self)}"
        )

    def read(self, headers: Mapping[str, str]) -> None:
        """Set the clock by the headers of an answer that has just come."""
        if date := headers.get("Date"):
            self._ahead = parsedate_to_datetime(date).timestamp() - time.monotonic()

    @property
    def is_set(self) -> bool:
        """Whether AWS has answered yet."""
        return self._ahead is not None

    def now(self) -> int:
        """Epoch seconds.

        Raises:
            RuntimeError: where AWS has not answered yet.
        """
        if self._ahead is None:
            message = "AWS has not yet said what time it is"
            raise RuntimeError(message)
        return int(time.monotonic() + self._ahead)
