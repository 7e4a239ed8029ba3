"""Recovery of a state after Terraform was killed: resources that exist in AWS are added to it."""

from __future__ import annotations

from mlinfra.operations.recover.recovering import Existing, Recovered, recover

__all__ = ["Existing", "Recovered", "recover"]
