"""What a team declares about the data lake of an environment. Data only, no cdktf."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlinfra.declarations.base import Declaration
from mlinfra.declarations.types import DATA_ZONES, AccountId, Zone

Frequency = Literal["Daily", "Weekly"]
"""How often S3 writes a list of what is in a bucket."""


class DataLakeSettings(Declaration):
    """In what the data lake of one environment differs from that of another."""

    events: tuple[Zone, ...] = Field(
        default=(),
        description=f"The zones whose changes EventBridge is told of, some of {', '.join(DATA_ZONES)}. Default: none, "
        "since each event is billed.",
    )
    inventory: dict[Zone, Frequency] = Field(
        default_factory=dict,
        description="The zones that S3 writes lists of, each Daily or Weekly. Default: none, since lists are billed by "
        "the object and worth nothing where nobody reads them.",
    )
    scan_limit_gib: float | None = Field(
        default=None,
        ge=0.01,
        description="The most that one query of Athena may read, in GiB, 0.01 or more. The lake then has a Glue "
        "database and an Athena workgroup. Default: none of them.",
    )
    trusted_account_ids: tuple[AccountId, ...] = Field(
        default=(),
        description="Other accounts that decide by their own policies who of them reads the lake, 12 digits each. "
        "Default: none; everybody from elsewhere is refused.",
    )
