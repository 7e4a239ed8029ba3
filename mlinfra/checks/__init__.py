"""Checks of synthesized stacks and of plans. They read values, and change none."""

from __future__ import annotations

from mlinfra.checks.check import Check, Problem, StackConfiguration
from mlinfra.checks.level import Level
from mlinfra.checks.resource import Resource
from mlinfra.checks.resource_check import ResourceCheck

__all__ = ["Check", "Level", "Problem", "Resource", "ResourceCheck", "StackConfiguration"]
