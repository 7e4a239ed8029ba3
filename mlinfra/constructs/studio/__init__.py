"""SageMaker Studio: domain, user profiles, spaces and their roles."""

from __future__ import annotations

from mlinfra.constructs.studio.studio import Studio

__all__ = ["Studio"]
