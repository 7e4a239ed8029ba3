"""Checks of synthesized stacks. They read Terraform JSON and do not change it."""

from __future__ import annotations

from mlinfra.checks.check import Check, CheckLevel, Problem, StackConfiguration

__all__ = ["Check", "CheckLevel", "Problem", "StackConfiguration"]
