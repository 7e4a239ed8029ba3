"""Adoption of existing resources, and removal of resources from the state without destroying them.

`adoption.py` writes the record of adopted resources. At the next synth, `AdoptedStack` reads it, and `AdoptedResource`
in `constructs/account/` writes the `import` blocks.
"""

from __future__ import annotations

from mlinfra.operations.adopt.adoption import Adoption, AdoptionRequest, Proposal, adopt
from mlinfra.operations.adopt.forgetting import forget

__all__ = ["Adoption", "AdoptionRequest", "Proposal", "adopt", "forget"]
