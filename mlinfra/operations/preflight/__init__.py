"""Preflight: obstacles to the capacity that an environment declares, before anything is deployed.

Zones that offer the instance types, vCPU quotas, spot prices, reservations, and Capacity Block offerings as quotes.
Nothing is reserved or purchased.
"""

from __future__ import annotations

from mlinfra.operations.preflight.checking import preflight, quick_preflights
from mlinfra.operations.preflight.demand import Demand, Place, demands
from mlinfra.operations.preflight.report import (
    BlockQuote,
    CapacityLine,
    EndpointLine,
    Preflight,
    QuotaState,
    Reservation,
    SpotState,
    Verdict,
    as_json,
)
from mlinfra.operations.preflight.synthesized import synthesized_capacity

__all__ = [
    "BlockQuote",
    "CapacityLine",
    "Demand",
    "EndpointLine",
    "Place",
    "Preflight",
    "QuotaState",
    "Reservation",
    "SpotState",
    "Verdict",
    "as_json",
    "demands",
    "preflight",
    "quick_preflights",
    "synthesized_capacity",
]
