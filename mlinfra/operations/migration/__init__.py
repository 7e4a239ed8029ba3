"""Migration of an existing Terraform configuration: proposed constructs, adopted resources, and the remaining HCL."""

from __future__ import annotations

from mlinfra.operations.migration.page import migration_page
from mlinfra.operations.migration.proposal import Confidence, Outcome, Proposal, Verdict
from mlinfra.operations.migration.proposing import Migration, propose
from mlinfra.operations.migration.reading import Existing, read_existing
from mlinfra.operations.migration.resource import Resource

__all__ = [
    "Confidence",
    "Existing",
    "Migration",
    "Outcome",
    "Proposal",
    "Resource",
    "Verdict",
    "migration_page",
    "propose",
    "read_existing",
]
