"""Audit of an account: resources in all regions, with cost, manager, owner and problems."""

from __future__ import annotations

from mlinfra.operations.audit.adoption_candidates import Adoptable, adoptable
from mlinfra.operations.audit.auditing import AuditOptions, account_in_use, audit_account
from mlinfra.operations.audit.baseline import Baseline, FileBaseline, ObjectBaseline, compared, known_of
from mlinfra.operations.audit.item import CLASSIFICATIONS, Audit, Classification, Condition, FailedRead, Item
from mlinfra.operations.audit.policy import audit_policy
from mlinfra.operations.audit.rendering import failure_text, headline, to_csv, to_json, totals
from mlinfra.operations.audit.tagging import ProposedTag, TaggingResult, apply_tags, proposed_tags

__all__ = [
    "CLASSIFICATIONS",
    "Adoptable",
    "Audit",
    "AuditOptions",
    "Baseline",
    "Classification",
    "Condition",
    "FailedRead",
    "FileBaseline",
    "Item",
    "ObjectBaseline",
    "ProposedTag",
    "TaggingResult",
    "account_in_use",
    "adoptable",
    "apply_tags",
    "audit_account",
    "audit_policy",
    "compared",
    "failure_text",
    "headline",
    "known_of",
    "proposed_tags",
    "to_csv",
    "to_json",
    "totals",
]
