"""Teams of an environment, and the people in them."""

from __future__ import annotations

from pydantic import Field, field_validator

from mlinfra.catalog import unknown_studio_types
from mlinfra.declarations.base import Declaration, Problems
from mlinfra.declarations.types import DATA_ZONES, EmailAddress, Name, Zone

SHARED_ROLE = "shared"
"""The name of the role of shared spaces, in the place of a team's name."""


class Team(Declaration):
    """People with the same permissions: one role, the same data, the same instance types.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=24,
        description="2 to 24 lower-case letters, digits and single hyphens, beginning with a letter; not `shared`.",
    )
    instance_types: tuple[str, ...] = Field(
        default=("ml.g4dn.xlarge", "ml.t3.medium"),
        min_length=1,
        description="Instance types of its notebooks, with SageMaker's names, the preferred one first. Default: "
        "ml.g4dn.xlarge (one T4) and ml.t3.medium.",
    )
    reads: tuple[Zone, ...] = Field(
        default=DATA_ZONES,
        description=f"The zones of the data lake that it reads. Default: {', '.join(DATA_ZONES)}.",
    )
    writes: tuple[Zone, ...] = Field(
        default=(),
        description="The zones of the data lake that it writes to, below a prefix with its name. Default: none.",
    )

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name == SHARED_ROLE:
            message = "is reserved for the role of shared spaces. Expected: another name."
            raise ValueError(message)
        return name

    @field_validator("instance_types")
    @classmethod
    def _instance_types_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = unknown_studio_types(names)
        if unknown:
            raise Problems(f"instance_types: {each}" for each in unknown)
        return names


class Person(Declaration):
    """A person who works in the environment, as a member of one team.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        max_length=63,
        description="Their name here: up to 63 lower-case letters, digits and single hyphens, beginning with a "
        "letter. It is the name of their Studio user profile.",
    )
    email: EmailAddress = Field(description="Their e-mail address.")
    team: str = Field(description="The name of their team, one of the environment's teams.")
    sso_user_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="Their user name in IAM Identity Center, for access to Studio through it. Default: the e-mail "
        "address.",
    )

    @property
    def identity_center_user(self) -> str:
        """Their user name in IAM Identity Center."""
        return self.sso_user_name or self.email
