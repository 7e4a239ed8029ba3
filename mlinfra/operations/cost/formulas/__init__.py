"""Formulas of costs by type of resource."""

from __future__ import annotations
