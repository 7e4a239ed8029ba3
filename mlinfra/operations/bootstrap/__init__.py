"""Creation of an environment's remote state."""

from __future__ import annotations

from mlinfra.operations.bootstrap.bootstrapping import bootstrap
from mlinfra.operations.bootstrap.bucket_names import pin_bucket_names

__all__ = ["bootstrap", "pin_bucket_names"]
