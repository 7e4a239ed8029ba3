"""Bringing console-made resources under management, and releasing resources without destroying them."""

from __future__ import annotations

from mlinfra.operations.adopt.adoption import Adoption, Asked, Proposal, adopt
from mlinfra.operations.adopt.forgetting import forget

__all__ = ["Adoption", "Asked", "Proposal", "adopt", "forget"]
