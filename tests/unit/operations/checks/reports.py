"""A report with a finding of each kind."""

from __future__ import annotations

from mlinfra.checks import Level
from mlinfra.operations.checks import CheckFinding, CheckReport

ERROR = CheckFinding("ACME001", "An error.", "Fix it.", Level.HOLD, "dev-a", "dev-a/x", "x is <wrong>.")
WARNING = CheckFinding("ACME002", "A warning.", "Fix it.", Level.WARNING, "dev-a", "dev-a/y", "y is odd.")
ACKNOWLEDGED = CheckFinding(
    "ACME001", "An error.", "Fix it.", Level.HOLD, "dev-b", "dev-b/z", "z is wrong.", acknowledged="Intended."
)
EXPIRED = CheckFinding(
    "ACME001", "An error.", "Fix it.", Level.WARNING, "dev-b", "", "w is wrong.", expired="2026-11-29"
)
REPORT = CheckReport(("dev-a", "dev-b"), (ERROR, WARNING, ACKNOWLEDGED, EXPIRED))
