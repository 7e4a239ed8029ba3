"""Feature groups: tables of SageMaker's feature store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from mlinfra.declarations.base import Declaration, Problems, shown
from mlinfra.declarations.types import EmailAddress, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

FeatureType = Literal["String", "Fractional", "Integral"]
FeatureName = Annotated[str, Field(max_length=64, pattern=r"^[a-zA-Z0-9]([-_]*[a-zA-Z0-9])*$")]

RESERVED_FEATURES = frozenset({"api_invocation_time", "is_deleted", "write_time"})
"""Columns that SageMaker adds to every offline store (API reference, FeatureDefinition, read 2026-11-26)."""

_EVENT_TIME_TYPES = ("String", "Fractional")


class FeatureGroup(Declaration):
    """A table of features in SageMaker's feature store: a record for each thing, as it was at a time.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: EmailAddress = Field(description="The e-mail address of the person responsible for the features.")
    features: dict[FeatureName, FeatureType] = Field(
        min_length=1,
        max_length=2500,
        description="The type of each feature by its name: String, Fractional or Integral. Names have up to 64 "
        "letters, digits, hyphens and underscores. In this order; new ones come at the end.",
    )
    record_identifier: str = Field(
        description="The feature that identifies the subject of a record, such as customer_id."
    )
    event_time: str = Field(
        description="The feature with the time of a record: String for ISO-8601, or Fractional for seconds since 1970."
    )
    description: str = Field(
        default="", max_length=128, description="A description of the features, up to 128 characters. Default: none."
    )
    offline: bool = Field(
        default=True, description="True if all records are kept in the data lake, to train on. Default: True."
    )
    online: bool = Field(
        default=False,
        description="True if the newest record can be read within milliseconds, to predict with. Default: False, "
        "since it is billed by storage, reads and writes.",
    )

    @field_validator("features")
    @classmethod
    def _names_are_free(cls, features: dict[str, FeatureType]) -> dict[str, FeatureType]:
        taken = [each for each in features if each in RESERVED_FEATURES]
        if taken:
            raise Problems(
                f"features: {each!r} is a reserved column of SageMaker. Expected: another name." for each in taken
            )
        return features

    def _problems(self) -> Iterator[str]:
        for field, named in (("record_identifier", self.record_identifier), ("event_time", self.event_time)):
            if named not in self.features:
                yield f"{field}: {shown(named)} is not among the features. Expected: one of {', '.join(self.features)}."
        type_of_time = self.features.get(self.event_time, "String")
        if type_of_time not in _EVENT_TIME_TYPES:
            yield (
                f"event_time: {self.event_time!r} is {type_of_time}. Expected: String for ISO-8601, or Fractional for "
                f"seconds since 1970."
            )
        if self.record_identifier == self.event_time:
            yield "event_time: the same feature as record_identifier. Expected: another feature."
        if not (self.offline or self.online):
            yield "offline, online: both are False. Expected: at least one of them."
