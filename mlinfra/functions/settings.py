"""Settings of a function, from its environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mlinfra.functions.contract import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    table: str
    """The name of the DynamoDB table."""
    topic: str | None
    """The ARN of the SNS topic. None: no messages are sent, only events and log lines."""
    prefix: str
    """The name prefix of the environment's clusters."""
    environment: str
    """The environment's name. Empty: unknown."""
    grace: timedelta
    """The grace period of the volumes of stopped nodes: `volume_grace_days` of the environment."""
    dry_run: bool
    """True if nothing is changed and decisions are only reported."""

    @classmethod
    def read(cls, *, dry_run_by_default: bool, variables: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Args:
            dry_run_by_default: the value if `MLINFRA_DRY_RUN` is not set. If it is set, everything but `false` is a
                dry run.
            variables: the environment variables. Default: those of this process.

        Raises:
            ValueError: if the table is not set, or the grace period is not a number of days, 0 or more.
        """
        table = variables.get(Variable.TABLE, "")
        if not table:
            message = (
                f"{Variable.TABLE} is not set. It must be the name of the DynamoDB table that jobs and functions share."
            )
            raise ValueError(message)
        days = variables.get(Variable.GRACE_DAYS, "")
        try:
            grace = timedelta(days=float(days))
        except (ValueError, OverflowError):
            grace = timedelta(days=-1)
        if grace < timedelta(0):
            message = f"{Variable.GRACE_DAYS} must be a number of days, 0 or more, got {days!r}."
            raise ValueError(message)
        acting = variables.get(Variable.DRY_RUN)
        return cls(
            table=table,
            topic=variables.get(Variable.TOPIC) or None,
            prefix=variables.get(Variable.PREFIX, ""),
            environment=variables.get(Variable.ENVIRONMENT, ""),
            grace=grace,
            dry_run=dry_run_by_default if acting is None else acting != "false",
        )
