"""Experiment tracking with MLflow."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlinfra.declarations.base import Declaration


class Tracking(Declaration):
    """A managed MLflow tracking server, which is billed by the hour for as long as it is declared.

    Raises:
        DeclarationError: with every problem at once.
    """

    size: Literal["Small", "Medium", "Large"] = Field(
        default="Small",
        description="Its size: Small (recommended by AWS for teams of up to 25), Medium (up to 50) or Large (up to "
        "100). Default: Small.",
    )
    automatic_model_registration: bool = Field(
        default=False,
        description="True if a model that is registered in MLflow is registered in SageMaker too, in a group that "
        "MLflow names. Default: False, since models to be deployed are declared.",
    )
    weekly_maintenance: str = Field(
        default="Sun:03:30",
        pattern=r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun):([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="The weekly maintenance window, as day and time of day in UTC, such as Sun:03:30. Default: "
        "Sun:03:30.",
    )
