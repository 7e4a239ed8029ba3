"""The proposal for one existing resource."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """The owner of a resource after a migration."""

    CONSTRUCT = "construct"
    """A construct of mlinfra keeps it, or replaces it."""
    ADOPTED = "adopted"
    """It is unchanged, and mlinfra manages it: `mlinfra adopt`."""
    HCL = "hcl"
    """The existing configuration manages it as before."""


class Confidence(str, Enum):
    """The certainty of a proposal."""

    HIGH = "high"
    """Its type and its attributes determine it."""
    MEDIUM = "medium"
    """A name, a tag or a relation suggests it: confirm it."""
    LOW = "low"
    """A guess: decide it yourself."""


@dataclass(frozen=True)
class Verdict:
    """The proposal for a resource, without the resource."""

    outcome: Outcome
    confidence: Confidence
    reason: str
    construct: str = ""
    """The construct of mlinfra. Empty: none."""
    in_place: bool = False
    """True if the construct keeps the resource, False if it creates another one, after which this one is deleted."""
    way: str = ""
    """The steps for this resource, as sentences."""
    differences: tuple[str, ...] = ()
    """What would change."""


@dataclass(frozen=True)
class Proposal:
    """The proposal for a resource."""

    address: str
    type: str
    id: str
    """Empty: it has none, or it may not be shown."""
    verdict: Verdict
    part_of: str = ""
    """The address of the resource that it follows. Empty: it is proposed for itself."""
    command: str = ""
    """The command that adopts it. Empty: it is not adopted."""

    @property
    def summary(self) -> str:
        """The proposal in one line."""
        verdict = self.verdict
        target = verdict.construct or ("adopt" if verdict.outcome is Outcome.ADOPTED else "")
        arrow = f" -> {target}" if target else ""
        return f"{self.address}{arrow} ({verdict.confidence.value}): {verdict.reason}"


def keep_hcl(reason: str, confidence: Confidence = Confidence.HIGH) -> Verdict:
    """A resource that stays HCL."""
    return Verdict(Outcome.HCL, confidence, reason)


def adopt(reason: str, confidence: Confidence, way: str = "") -> Verdict:
    """A resource that is adopted unchanged."""
    return Verdict(Outcome.ADOPTED, confidence, reason, way=way)


def replace_by(construct: str, reason: str, confidence: Confidence, way: str, *differences: str) -> Verdict:
    """A resource that a construct replaces by one of its own."""
    return Verdict(Outcome.CONSTRUCT, confidence, reason, construct, way=way, differences=differences)
