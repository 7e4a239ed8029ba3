"""What a function is told by its environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mlinfra.functions.contract import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

_GRACE_DAYS = "7"


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    table: str
    """The name of the DynamoDB table."""
    topic: str | None
    """The ARN of the SNS topic; None: nobody listens, and events and log lines have to do."""
    prefix: str
    """What the names of the environment's clusters begin with."""
    grace: timedelta
    """How long the volumes of stopped nodes are kept. Default: 7 days."""
    dry_run: bool
    """Whether to say only what would be done."""

    @classmethod
    def read(cls, *, dry_run_by_default: bool, variables: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Args:
            dry_run_by_default: what holds where `MLINFRA_DRY_RUN` is not set. Where it is set, everything but
                `false` is a dry run.
            variables: where from. Default: the variables of this process, now.

        Raises:
            ValueError: where the table is not named, or the days of grace are no number from 0 up.
        """
        table = variables.get(Variable.TABLE, "")
        if not table:
            message = f"{Variable.TABLE} is not set: it names the DynamoDB table that jobs and functions share"
            raise ValueError(message)
        days = variables.get(Variable.GRACE_DAYS, _GRACE_DAYS)
        try:
            grace = timedelta(days=float(days))
        except (ValueError, OverflowError):
            grace = timedelta(days=-1)
        if grace < timedelta(0):
            message = f"{Variable.GRACE_DAYS} is {days!r}: it has to be a number of days, 0 or more"
            raise ValueError(message)
        acting = variables.get(Variable.DRY_RUN)
        return cls(
            table=table,
            topic=variables.get(Variable.TOPIC) or None,
            prefix=variables.get(Variable.PREFIX, ""),
            grace=grace,
            dry_run=dry_run_by_default if acting is None else acting != "false",
        )
