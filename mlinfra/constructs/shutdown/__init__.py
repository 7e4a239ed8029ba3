"""Automatic shutdown of training clusters, in four layers (docs/adr/0005)."""

from __future__ import annotations

from mlinfra.constructs.shutdown.shutdown import Shutdown

__all__ = ["Shutdown"]
