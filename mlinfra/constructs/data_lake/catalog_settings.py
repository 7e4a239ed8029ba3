"""What makes a data lake a place to run SQL in."""

from __future__ import annotations

from dataclasses import dataclass

_SMALLEST_LIMIT_BYTES = 10 * 1024**2
_GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class DataCatalog:
    """A Glue database for the lake's tables, and an Athena workgroup to query them with.

    Raises:
        ValueError: where Athena would refuse the limit, or results are not kept for a day.
    """

    scan_limit_gib: float = 1024
    """The most that one query may read, in GiB, at least 10 MiB; Athena cancels it there, and bills what it read.
    Default: 1024, about 5 USD a query at 5 USD a TB (us-east-1, read 2026-11)."""

    results_kept_days: int = 30
    """How long results of queries are kept, in days. Default: 30: they can be made again."""

    def __post_init__(self) -> None:
        if self.scan_limit_bytes < _SMALLEST_LIMIT_BYTES:
            message = (
                f"scan_limit_gib={self.scan_limit_gib} is too little. Expected: 0.01 or more; Athena takes 10 MiB."
            )
            raise ValueError(message)
        if self.results_kept_days < 1:
            message = f"results_kept_days={self.results_kept_days} is no time. Expected: 1 day or more."
            raise ValueError(message)

    @property
    def scan_limit_bytes(self) -> int:
        """The most that one query may read, in bytes."""
        return int(self.scan_limit_gib * _GIB)
