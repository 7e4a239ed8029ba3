"""Acknowledged problems: accepted with a reason for a construct and everything in it.

`mlinfra.acknowledge` writes them into the metadata of the stack's Terraform JSON, so that they are part of the review.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlinfra.checks.check import Described

METADATA: Final = ("//", "mlinfra", "acknowledged")
"""The keys under which a stack lists its acknowledgements."""
_CHECKOV: Final = re.compile(r"CKV2?_[A-Z0-9]+_[0-9]+")
"""Ids of checkov's checks, such as CKV_AWS_18 and CKV2_AWS_5."""
_SHORTEST_REASON: Final = 10


@dataclass(frozen=True)
class Acknowledgement:
    """An accepted problem."""

    check: str
    """The id of the check: of mlinfra, of the project, or of checkov."""
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


def require_acknowledgeable(check: str, reason: str, known: Iterable[Described]) -> None:
    """Check the id and the reason of an acknowledgement.

    Args:
        check: the id of a check, of mlinfra, of the project or of checkov.
        reason: the reason.
        known: the checks of mlinfra and of the project.

    Raises:
        ValueError: if the check is unknown or cannot be acknowledged, or the reason is too short.
    """
    by_id = {each.id: each for each in known}
    same = [each.id for each in by_id.values() if check in each.related]
    if same:
        message = f"{check} reports the same fact as {same[0]}, whose acknowledgement covers both. Expected: {same[0]}."
        raise ValueError(message)
    if check not in by_id and not _CHECKOV.fullmatch(check):
        message = (
            f"There is no check {check!r}. Expected: one of {', '.join(by_id)}; or the id of a check of checkov, such "
            f"as CKV_AWS_18."
        )
        raise ValueError(message)
    if check in by_id and not by_id[check].can_be_acknowledged:
        message = f"{check} cannot be acknowledged: {by_id[check].title} {by_id[check].fix}"
        raise ValueError(message)
    require_reason(reason)


def require_reason(reason: str) -> None:
    """Check the reason of an accepted finding.

    Raises:
        ValueError: if it has less than ten characters.
    """
    if len(reason.strip()) < _SHORTEST_REASON:
        message = f"The reason {reason!r} is too short. Expected: a sentence that a reviewer understands."
        raise ValueError(message)
