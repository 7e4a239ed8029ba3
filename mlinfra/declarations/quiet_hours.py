"""Quiet hours: the time at which an environment's clusters are stopped."""

from __future__ import annotations

import functools
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from mlinfra.declarations.base import Declaration

_DAYS = {"every day": "*", "weekdays": "1-5", "weekends": "0,6"}

_time_zones = functools.cache(available_timezones)
"""The names of all time zones, for which Python opens 600 files: 15 ms, once instead of for each declaration."""


class QuietHours(Declaration):
    """A time at which clusters are stopped, unless their nodes work.

    A node that works runs until it is idle. Clusters are not started again automatically: their owners start
    them when needed.

    Raises:
        DeclarationError: with every problem at once.
    """

    begin: str = Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="The time of day at which they begin, such as 20:00."
    )
    days: Literal["every day", "weekdays", "weekends"] = Field(
        default="every day",
        description="The days on which they begin: every day, weekdays or weekends. Default: every day.",
    )
    time_zone: str = Field(
        default="UTC", description="The time zone of begin by its IANA name, such as Europe/Berlin. Default: UTC."
    )

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        if name not in _time_zones():
            message = "is not a time zone. Expected: an IANA name such as Europe/Berlin, or UTC."
            raise ValueError(message)
        return name

    @property
    def cron(self) -> str:
        """When they begin, as five fields of cron in `time_zone`."""
        hour, minute = self.begin.split(":")
        return f"{int(minute)} {int(hour)} * * {_DAYS[self.days]}"
