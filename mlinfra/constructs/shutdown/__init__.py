"""Automatic shutdown of training clusters, in four layers (docs/adr/0009)."""

from __future__ import annotations

from mlinfra.constructs.shutdown.shutdown import Shutdown

__all__ = ["Shutdown"]
