"""Expiry of experiments: its check, and the warning about an expired experiment.

`Environment.cluster_size` gives an expired experiment the size zero. The expiry of a running cluster, which
`mlinfra clusters extend` may change, is in `mlinfra/functions/expiry.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlinfra.declarations.experiment import Experiment


@dataclass(frozen=True)
class ExpiredExperiment:
    """An experiment whose last day is over. Its cluster is synthesized with size zero."""

    environment: str
    """The environment's name."""
    name: str
    owner: str
    """The owner's e-mail address."""
    expired_on: date
    """The experiment's last day."""
    days: int
    """Days since then, at least 1."""

    def __str__(self) -> str:
        """A warning for people: the fact, the consequence and the action."""
        ago = "1 day" if self.days == 1 else f"{self.days} days"
        return (
            f"experiment {self.name} expired {ago} ago ({self.expired_on}); remove it or extend it in "
            f"environments/{self.environment}.py. Its cluster has size zero until then. Owner: {self.owner}"
        )


def has_expired(experiment: Experiment, today: date | None) -> bool:
    """True if the last day of `experiment` is before `today`. False where no day is given."""
    return today is not None and experiment.expires < today


def expiry_problems(experiments: Iterable[Experiment], max_days: int, today: date) -> Iterator[str]:
    """A problem for each experiment that expires too far in the future.

    Args:
        experiments: as declared.
        max_days: the longest time until an expiry, in days.
        today: the present day.
    """
    last = today + timedelta(days=max_days)
    for each in experiments:
        if isinstance(each.expires, date) and each.expires > last:
            yield (
                f"experiments.{each.name}.expires: '{each.expires}' is more than max_experiment_days ({max_days}) "
                f"away. Expected: {today} to {last}."
            )
