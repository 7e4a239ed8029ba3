"""Creation of the remote state of an environment."""

from __future__ import annotations

from mlinfra.operations.bootstrap.bootstrapping import bootstrap, state_after_interruption
from mlinfra.operations.bootstrap.bucket_names import pin_bucket_names

__all__ = ["bootstrap", "pin_bucket_names", "state_after_interruption"]
