"""Log of AWS errors that must not interrupt training."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("mlinfra.job")


class ErrorLog:
    """Logs errors, each kind as a warning once: a job of one week has 10,000 heartbeats."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._known: set[tuple[str, str]] = set()

    @contextmanager
    def logged(self, what: str) -> Iterator[None]:
        """Log an exception of the block and continue after it.

        Args:
            what: the action, such as "the heartbeat".
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001  no error may stop training
            kind = (what, type(error).__name__)
            level = logging.DEBUG if kind in self._known else logging.WARNING
            self._known.add(kind)
            log.log(level, "Job %s: %s failed, training continues: %s", self._job_id, what, error)
