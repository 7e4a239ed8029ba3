"""Rules, and findings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from mlinfra.checks import Level

if TYPE_CHECKING:
    from mlinfra.operations.review.change import Change

__all__ = ["Finding", "Level", "Rule"]


@dataclass(frozen=True)
class Rule:
    """A check that is applied to every plan."""

    id: str
    """Never changes: approvals refer to it."""
    level: Level
    title: str
    """The fact that is found, and its consequence."""
    fix: str
    """The recommended action."""

    def at(self, stack: str, change: Change | str, text: str, *, fact: str = "") -> Finding:
        """A finding of this rule for a change or an address.

        Args:
            stack: the stack's name.
            change: the change, or the address.
            text: the fact, with untrusted values quoted by `quoted`.
            fact: the text without parts that vary from day to day. Default: the text has none.
        """
        address = change if isinstance(change, str) else change.address
        if not isinstance(change, str) and change.deposed:
            text = f"{text} This applies to the deposed object of an interrupted replacement."
        return Finding(self.id, self.level, stack, address, text, self.fix, fact=fact)


@dataclass(frozen=True)
class Finding:
    """A fact in a plan that a rule reports."""

    id: str
    """The id of the rule, such as MLR101."""
    level: Level
    stack: str
    address: str
    """The address of the resource, or the name of the stack for findings about the whole plan."""
    text: str
    """The fact. Untrusted values are between backticks."""
    fix: str
    approved_by: str | None = None
    """The approver, the last day of the approval and its reason. None: not approved."""
    fact: str = ""
    """The text without parts that vary from day to day, such as ages and observed activity. Empty: it has none."""

    @property
    def digest(self) -> str:
        """Ten hexadecimal digits of the SHA-256 of the rule, stack, address and fact: an approval names them.

        Another fact at the same address, such as another permission in the same policy, has another digest. The same
        change has the same digest on any day.
        """
        content = json.dumps([self.id, self.stack, self.address, self.fact or self.text])
        return sha256(content.encode()).hexdigest()[:10]
