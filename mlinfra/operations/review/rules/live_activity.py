"""Jobs on clusters that a plan interrupts. The check asks AWS (`mlinfra.operations.review.live`)."""

from __future__ import annotations

from typing import Final

from mlinfra.operations.review.finding import Level, Rule

BUSY: Final = Rule(
    "MLR411",
    Level.HOLD,
    "Jobs run, or may run, on a cluster that the plan would interrupt (with --live).",
    "Wait until they have ended (mlinfra clusters), then review again.",
)
IDLE: Final = Rule(
    "MLR412",
    Level.NOTE,
    "No jobs run on a cluster that the plan would interrupt (with --live).",
    "Apply the plan soon, or review it again.",
)
RULES: Final = (BUSY, IDLE)
