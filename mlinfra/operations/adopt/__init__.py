"""Bringing what was made by hand under management, without changing it."""

from mlinfra.operations.adopt.adoption import Adoption, Asked, Proposal, adopt

__all__ = ["Adoption", "Asked", "Proposal", "adopt"]
