"""What goes wrong with AWS, and must not disturb training."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("mlinfra.job")


class ErrorLog:
    """Logs what goes wrong, as a warning once for each kind: a job of a week has 10,000 heartbeats."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._known: set[tuple[str, str]] = set()

    @contextmanager
    def logged(self, what: str) -> Iterator[None]:
        """Log whatever the block raises, and go on behind it.

        Args:
            what: what could not be done, such as "the heartbeat".
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001  whatever it is, training goes on
            kind = (what, type(error).__name__)
            level = logging.DEBUG if kind in self._known else logging.WARNING
            self._known.add(kind)
            log.log(level, "Job %s: %s failed, training goes on: %s", self._job_id, what, error)
