"""Destruction of an environment: its selection, obstacles and consequences."""

from __future__ import annotations

from mlinfra.operations.destroy.consequences import Consequence
from mlinfra.operations.destroy.destroying import Destroyed, Destruction, prepared_destruction
from mlinfra.operations.destroy.obstacles import Obstacle
from mlinfra.operations.destroy.selection import KeptStack

__all__ = ["Consequence", "Destroyed", "Destruction", "KeptStack", "Obstacle", "prepared_destruction"]
