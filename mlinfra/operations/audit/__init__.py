"""Audit of an account: resources in all regions, with cost, manager, owner and problems."""

from __future__ import annotations

from mlinfra.operations.audit.item import CLASSIFICATIONS, Audit, Classification, Condition, FailedRead, Item

__all__ = ["CLASSIFICATIONS", "Audit", "Classification", "Condition", "FailedRead", "Item"]
