"""Adoption of existing resources, and removal of resources from the state without destroying them."""

from __future__ import annotations

from mlinfra.operations.adopt.adoption import Adoption, AdoptionRequest, Proposal, adopt
from mlinfra.operations.adopt.forgetting import forget

__all__ = ["Adoption", "AdoptionRequest", "Proposal", "adopt", "forget"]
