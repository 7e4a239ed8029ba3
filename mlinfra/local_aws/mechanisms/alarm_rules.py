"""Parser and evaluation of the rule of a composite alarm.

Source: CloudWatch API reference, PutCompositeAlarm, AlarmRule, read 2026-11-24.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Holds = Callable[[Callable[[str], str]], bool]

_STATES = "ALARM|OK|INSUFFICIENT_DATA"
_TOKEN = re.compile(
    rf"\s*(?:(?P<state>{_STATES})\s*\(\s*(?:\"(?P<quoted>[^\"]+)\"|'(?P<single>[^']+)'|(?P<plain>[^\s()\"']+))\s*\)"
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE|\(|\)))"
)


class AlarmRule:
    """A rule such as `ALARM("gpu-idle") AND NOT ALARM("maintenance")`."""

    def __init__(self, text: str) -> None:
        """Parse a rule.

        Args:
            text: the rule in CloudWatch's syntax.

        Raises:
            ValueError: if `text` is not a valid rule.
        """
        self.alarms: list[str] = []
        """The names or ARNs of the alarms in the rule."""
        self._tokens = self._tokenize(text)
        self._holds = self._any()
        if self._tokens:
            raise ValueError(text)

    def holds(self, state_of: Callable[[str], str]) -> bool:
        """True if the rule is true.

        Args:
            state_of: returns the state of an alarm by the name or ARN in the rule.
        """
        return self._holds(state_of)

    def _tokenize(self, text: str) -> list[tuple[str, str]]:
        """The tokens of a rule; a state function is one token with its alarm."""
        tokens, position, text = [], 0, text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if not found:
                raise ValueError(text)
            alarm = found["quoted"] or found["single"] or found["plain"] or ""
            tokens.append((found["state"] or found["word"], alarm))
            if alarm:
                self.alarms.append(alarm.rsplit(":alarm:", 1)[-1])
            position = found.end()
        return tokens

    def _next_is(self, word: str) -> bool:
        if self._tokens and self._tokens[0] == (word, ""):
            self._tokens.pop(0)
            return True
        return False

    def _any(self) -> Holds:
        parts = [self._all()]
        while self._next_is("OR"):
            parts.append(self._all())
        return lambda state_of: any(part(state_of) for part in parts)

    def _all(self) -> Holds:
        parts = [self._one()]
        while self._next_is("AND"):
            parts.append(self._one())
        return lambda state_of: all(part(state_of) for part in parts)

    def _one(self) -> Holds:
        if self._next_is("NOT"):
            negated = self._one()
            return lambda state_of: not negated(state_of)
        if self._next_is("("):
            inner = self._any()
            if not self._next_is(")"):
                raise ValueError(self._tokens)
            return inner
        if self._next_is("TRUE"):
            return lambda _state_of: True
        if self._next_is("FALSE"):
            return lambda _state_of: False
        if not self._tokens or not self._tokens[0][1]:
            raise ValueError(self._tokens)
        state, alarm = self._tokens.pop(0)
        name = alarm.rsplit(":alarm:", 1)[-1]
        return lambda state_of: state_of(name) == state
