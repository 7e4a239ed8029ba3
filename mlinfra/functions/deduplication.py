"""Deduplication of notifications: the same one is not sent again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions.clients import FAILURES, error_code

if TYPE_CHECKING:
    from mlinfra.functions.notifications import Notifier
    from mlinfra.functions.records import Records


class Deduplication:
    """The notifications already sent, kept in the table. While the table is unavailable, every one is sent."""

    def __init__(self, records: Records, notifier: Notifier) -> None:
        self._records = records
        self._notifier = notifier

    def claim(self, cluster: str, about: str, what: str) -> bool:
        """Claim a notification for this run. True if it is to be sent: no run has sent it before.

        Args:
            cluster: the cluster's name.
            about: the subject. Only the last notification about it is remembered.
            what: the notification.
        """
        try:
            return self._records.remember_notification(cluster, about, what)
        except FAILURES as error:
            self._notifier.log("Not Remembered", cluster=cluster, why=error_code(error))
            return True

    def release(self, cluster: str, about: str, what: str) -> None:
        """Undo a claim after a failed delivery, so that the next run sends the notification."""
        try:
            self._records.forget_notification(cluster, about, what)
        except FAILURES as error:
            self._notifier.log("Not Remembered", cluster=cluster, why=error_code(error))
