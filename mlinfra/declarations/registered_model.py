"""A model that a team keeps versions of."""

from __future__ import annotations

from pydantic import Field

from mlinfra.declarations.base import Declaration
from mlinfra.declarations.types import EmailAddress, Name


class RegisteredModel(Declaration):
    """A model that a team keeps versions of, each of which somebody approves before it is deployed.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: EmailAddress = Field(
        description="The e-mail address of the person who answers for the model, and is told of versions that wait, "
        "are approved or are rejected."
    )
    description: str = Field(
        min_length=1, max_length=1024, description="What the model predicts, in a sentence: 1 to 1024 characters."
    )
