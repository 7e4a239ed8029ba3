"""The environments that are replayed: a new one with its defaults, and those of this repository as committed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from mlinfra import Environment, Experiment

# The tags and variables that a deployment sets. Not public: no project needs them.
from mlinfra.constructs.shutdown.variables import shutdown_variables
from mlinfra.constructs.training.tags import cluster_tags
from mlinfra.functions.contract import Tag, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra import QuietHours

ENVIRONMENTS: Final = ("new", "dev", "staging", "prod")
_COMMITTED: Final = frozenset({"dev", "staging", "prod"})
_EXPIRES: Final = date(2026, 12, 31)
"""Any day: the replay sets the tag of each experiment."""


@dataclass(frozen=True)
class Setting:
    """The parts of an environment that a replay needs, as plain values."""

    name: str
    tags: Mapping[str, str]
    """The tags of a cluster, except those that depend on the experiment."""
    gang_tags: Mapping[bool, Mapping[str, str]]
    """The tags that `gang` of an experiment sets."""
    variables: Mapping[str, str]
    """The environment variables of the functions."""
    janitor_variables: Mapping[str, str]
    """The variables of the janitor alone."""
    quiet_hours: tuple[int, int, str, str] | None
    """Hour, minute, time zone and days of the week (as cron's field) of the scheduled action. None: there is none."""

    @property
    def effect(self) -> object:
        """All that changes decisions. Environments with equal effects have equal measures."""
        names = {Tag.ENVIRONMENT, Tag.SPEND_LIMIT_USD, "Name"}
        tags = sorted(item for item in self.tags.items() if item[0] not in names)
        named = {Variable.TABLE, Variable.TOPIC, Variable.PREFIX, Variable.ENVIRONMENT, Variable.GRACE_DAYS}
        own = sorted(item for item in self.variables.items() if item[0] not in named)
        return repr((tags, own, sorted(self.janitor_variables.items()), self.quiet_hours))

    def next_quiet_hours(self, after: float) -> float | None:
        """The next scheduled action after `after`, in epoch seconds. None: there is none."""
        if self.quiet_hours is None:
            return None
        hour, minute, zone, days = self.quiet_hours
        allowed = {"*": range(7), "1-5": range(1, 6), "0,6": (0, 6)}[days]
        local = datetime.fromtimestamp(after, tz=ZoneInfo(zone))
        at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        while at.timestamp() <= after or at.isoweekday() % 7 not in allowed:
            at += timedelta(days=1)
        return at.timestamp()


def settings(names: tuple[str, ...] = ENVIRONMENTS) -> list[Setting]:
    """The settings of environments by their names in `ENVIRONMENTS`."""
    return [_setting(name, _environment(name)) for name in names]


def _environment(name: str) -> Environment:
    if name in _COMMITTED:
        environment = getattr(importlib.import_module(f"environments.{name}"), name)
        assert isinstance(environment, Environment)  # noqa: S101  for mypy
        return environment
    return Environment(
        name="new",
        project="recsys",
        account_id="444444444444",
        region="us-east-1",
        team="ml-platform",
        cost_center="ml-1234",
        repository="gitlab.example.com/ml/platform",
        monthly_spend_limit_usd=100_000,
    )


def _setting(name: str, environment: Environment) -> Setting:
    variables = shutdown_variables(environment)
    own = {Tag.AUTO_STOP: "true", Tag.ENVIRONMENT: environment.name}
    gangs = {gang: cluster_tags(environment, _sample(gang=gang)) for gang in (True, False)}
    return Setting(
        name=name,
        tags=gangs[True] | own,
        gang_tags=gangs,
        variables=variables,
        janitor_variables={Variable.DRY_RUN: "true" if environment.janitor_dry_run else "false"},
        quiet_hours=_quiet_hours(environment.quiet_hours),
    )


def _sample(*, gang: bool) -> Experiment:
    return Experiment(name="sample", owner="ana@example.com", expires=_EXPIRES, instance_type="g5.xlarge", gang=gang)


def _quiet_hours(declared: QuietHours | None) -> tuple[int, int, str, str] | None:
    if declared is None:
        return None
    minute, hour, _, _, days = declared.cron.split()
    return int(hour), int(minute), declared.time_zone, days
