"""All checks of mlinfra, by id."""

from __future__ import annotations

from typing import Final

from mlinfra.checks.blocks import EMPTY_BLOCK
from mlinfra.checks.boundaries import ROLE_WITHOUT_BOUNDARY
from mlinfra.checks.check import Check
from mlinfra.checks.evaluation import FAILED
from mlinfra.checks.forgotten import FORGOTTEN_AND_DECLARED
from mlinfra.checks.tags import MISSING_TAG
from mlinfra.checks.wildcards import UNLIMITED_PERMISSIONS

COLLAPSED: Final = Check(
    id="MLC101",
    title="Several constructs have one address, so that only one of their resources is written.",
    fix="Give the constructs ids that differ in letters, digits, hyphens or underscores.",
    # The Terraform JSON contains one of the resources: only the stack itself can find it.
    find=lambda _: (),
    can_be_acknowledged=False,
)

CHECKS: Final = (
    COLLAPSED,
    EMPTY_BLOCK,
    FORGOTTEN_AND_DECLARED,
    MISSING_TAG,
    ROLE_WITHOUT_BOUNDARY,
    UNLIMITED_PERMISSIONS,
    FAILED,
)
"""The checks that every stack passes, in the order of their ids."""
