"""Settings of the data lake of an environment. Data only, no cdktf."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlinfra.declarations.base import Declaration
from mlinfra.declarations.types import DATA_ZONES, AccountId, Zone

Frequency = Literal["Daily", "Weekly"]
"""The frequency of S3 inventory lists."""


class DataLakeSettings(Declaration):
    """Optional features of the data lake of an environment."""

    events: tuple[Zone, ...] = Field(
        default=(),
        description=f"The zones with events about their changes in EventBridge, some of {', '.join(DATA_ZONES)}. "
        "Default: none, since each event is billed.",
    )
    inventory: dict[Zone, Frequency] = Field(
        default_factory=dict,
        description="The zones with an S3 inventory, each Daily or Weekly. Default: none, since lists are billed by "
        "the object.",
    )
    scan_limit_gib: float | None = Field(
        default=None,
        ge=0.01,
        description="The largest amount of data that one Athena query may read, in GiB, 0.01 or more. It gives the "
        "lake a Glue database and an Athena workgroup. Default: neither of them.",
    )
    trusted_account_ids: tuple[AccountId, ...] = Field(
        default=(),
        description="Other accounts with read access to the lake, 12 digits each; their own policies select the "
        "principals. Default: none, all other accounts are denied.",
    )
