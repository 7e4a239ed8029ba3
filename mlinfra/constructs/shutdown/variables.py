"""Environment variables of the shutdown functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions.contract import Variable

if TYPE_CHECKING:
    from mlinfra.declarations import Environment


def shutdown_variables(environment: Environment) -> dict[str, str]:
    """The environment variables shared by all shutdown functions."""
    return {
        Variable.TABLE: environment.names.records_table,
        Variable.TOPIC: environment.names.alerts_topic_arn,
        Variable.GRACE_DAYS: str(environment.volume_grace_days),
        Variable.ENVIRONMENT: environment.name,
        Variable.PREFIX: f"{environment.names.prefix}-",
    }
