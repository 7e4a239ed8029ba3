"""What was told already, so that nobody hears the same thing again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions.clients import FAILURES, error_code

if TYPE_CHECKING:
    from mlinfra.functions.records import Records
    from mlinfra.functions.telling import Teller


class Once:
    """The table's memory of what was told. A table that does not answer keeps nobody quiet."""

    def __init__(self, records: Records, teller: Teller) -> None:
        self._records = records
        self._teller = teller

    def first_time(self, cluster: str, about: str, what: str) -> bool:
        """Whether `what` is to be told about `cluster` by this run, and by no other."""
        try:
            return self._records.remember_telling(cluster, about, what)
        except FAILURES as error:
            self._teller.log("Not Remembered", cluster=cluster, why=error_code(error))
            return True

    def take_back(self, cluster: str, about: str, what: str) -> None:
        """Let the next run tell again what reached nobody."""
        try:
            self._records.forget_telling(cluster, about, what)
        except FAILURES as error:
            self._teller.log("Not Remembered", cluster=cluster, why=error_code(error))
