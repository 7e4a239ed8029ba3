"""The difference between two estimates, by any key."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlinfra.operations.cost.estimate import Estimate, Key, Sum


@dataclass(frozen=True)
class Change:
    """The cost of one owner, experiment or other value of a key before and after, in USD per month."""

    name: str
    """The value of the key. Empty: these resources have none."""
    before_low: float
    before_high: float
    after_low: float
    after_high: float

    @property
    def low(self) -> float:
        """The increase at the low end."""
        return self.after_low - self.before_low

    @property
    def high(self) -> float:
        """The increase at the high end."""
        return self.after_high - self.before_high


@dataclass(frozen=True)
class Comparison:
    """Two estimates of the same project."""

    before: Estimate
    after: Estimate

    @property
    def total(self) -> Change:
        """The difference of the totals."""
        return _change("total", self.before.total, self.after.total)

    def by(self, *keys: Key) -> tuple[Change, ...]:
        """The differences by one or more keys, the largest change first. Values without a change are left out."""
        before, after = ({each.name: each for each in estimate.by(*keys)} for estimate in (self.before, self.after))
        names = dict.fromkeys([*after, *before])
        found = [_change(name, before.get(name), after.get(name)) for name in names]
        changed = [each for each in found if round(each.low, 2) or round(each.high, 2)]
        return tuple(sorted(changed, key=lambda each: (-abs(each.high), -abs(each.low), each.name)))

    def as_json(self, *keys: Key) -> dict[str, Any]:
        """The comparison as JSON values.

        Args:
            keys: the keys of the differences.
        """
        return {
            "version": 1,
            "currency": "USD",
            "total": _values(self.total),
            "changes": [_values(each) for each in self.by(*keys)],
            "before": self.before.as_json(),
            "after": self.after.as_json(),
        }


def _change(name: str, before: Sum | None, after: Sum | None) -> Change:
    return Change(
        name,
        before.usd_per_month_low if before else 0.0,
        before.usd_per_month_high if before else 0.0,
        after.usd_per_month_low if after else 0.0,
        after.usd_per_month_high if after else 0.0,
    )


def _values(change: Change) -> dict[str, Any]:
    figures = asdict(change) | {"low": change.low, "high": change.high}
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in figures.items()}
