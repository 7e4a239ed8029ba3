"""Acknowledged problems: accepted with a reason for a construct and everything in it.

`mlinfra.acknowledge` writes them into the metadata of the stack's Terraform JSON, so that they are part of the review.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METADATA: Final = ("//", "mlinfra", "acknowledged")
"""The keys under which a stack lists its acknowledgements."""


@dataclass(frozen=True)
class Acknowledgement:
    """An accepted problem."""

    check: str
    """The id of the check."""
    path: str
    """The path of the construct. It applies to all constructs in it too."""
    reason: str
    until: date | None = None
    """The last day. None: it does not expire."""

    def covers(self, check: str, path: str) -> bool:
        """True if it applies to a problem of `check` at `path`."""
        return check == self.check and (path == self.path or path.startswith(f"{self.path}/"))

    def is_expired(self, today: date) -> bool:
        """True if its last day is over."""
        return self.until is not None and today > self.until

    def to_metadata(self) -> dict[str, str]:
        """Its form in Terraform JSON."""
        until = {} if self.until is None else {"until": self.until.isoformat()}
        return {"check": self.check, "path": self.path, "reason": self.reason, **until}


def acknowledgements(config: Mapping[str, Any]) -> Iterator[Acknowledgement]:
    """The acknowledgements in the Terraform JSON of a stack."""
    value: Any = config
    for key in METADATA:
        value = value.get(key, {})
    for each in value or ():
        until = each.get("until")
        yield Acknowledgement(
            each["check"], each["path"], each["reason"], None if until is None else date.fromisoformat(until)
        )
