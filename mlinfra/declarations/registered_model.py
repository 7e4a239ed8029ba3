"""Registered models: models with approved versions."""

from __future__ import annotations

from pydantic import Field

from mlinfra.declarations.base import Declaration
from mlinfra.declarations.types import EmailAddress, Name


class RegisteredModel(Declaration):
    """A model with versions, each of which is approved before it is deployed.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: EmailAddress = Field(
        description="The e-mail address of the person responsible for the model, who is notified of versions that wait "
        "for approval, are approved or are rejected."
    )
    description: str = Field(
        min_length=1,
        max_length=1024,
        description="A description of the model's predictions, in a sentence: 1 to 1024 characters.",
    )
