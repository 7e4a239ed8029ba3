"""Clusters of a local AWS."""

from __future__ import annotations

from tests.unit.operations.clusters.conftest import make, make_without_records, records

__all__ = ["make", "make_without_records", "records"]
