"""Adoption of existing resources, and removal of resources from the state without destroying them.

`adoption.py` writes the record of adopted resources. At the next synth, `AdoptedStack` reads it, and `AdoptedResource`
in `constructs/account/` writes the `import` blocks.
"""

from __future__ import annotations

from mlinfra.operations.adopt.adoption import Adoption, AdoptionRequest, Proposal, adopt
from mlinfra.operations.adopt.forgetting import forget
from mlinfra.operations.adopt.kinds import BY_TYPE
from mlinfra.operations.adopt.next_steps import Advice, construct_advice

__all__ = ["BY_TYPE", "Adoption", "AdoptionRequest", "Advice", "Proposal", "adopt", "construct_advice", "forget"]
