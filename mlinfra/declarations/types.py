"""Types that several declarations share, and the zones and buckets of a data lake."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

DATA_ZONES = ("raw", "processed", "features", "models")
"""The zones of a data lake, in the order in which data moves through them."""

LAKE_BUCKETS = (*DATA_ZONES, "access-logs", "inventory", "queries")
"""Uses of the buckets of a data lake: the zones, and logs and lists about them."""

EMAIL_ADDRESS = r"^[\w.+\-]+@[\w\-]+(\.[\w\-]+)+$"
"""The form of an e-mail address, as a regular expression."""


def _known_zone(value: str) -> str:
    if value not in DATA_ZONES:
        message = f"is not a zone of the data lake. Expected: one of {', '.join(DATA_ZONES)}."
        raise ValueError(message)
    return value


Name = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$")]
"""Lower-case letters, digits and single hyphens, beginning with a letter: allowed in all of AWS's names."""

EmailAddress = Annotated[str, Field(max_length=256, pattern=EMAIL_ADDRESS)]

TagValue = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\w .:/=+\-@]+$")]
"""The value of an AWS tag."""

AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
"""The id of an AWS account: 12 digits, as text."""

Zone = Annotated[str, AfterValidator(_known_zone)]
"""A zone of the data lake."""
