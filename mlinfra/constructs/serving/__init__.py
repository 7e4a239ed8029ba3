"""Model endpoints: hosting, scaling, alarms, deployment and detection of unused endpoints."""

from __future__ import annotations

from mlinfra.constructs.serving.endpoint import ServingEndpoint
from mlinfra.constructs.serving.unused_endpoints import UnusedEndpoints

__all__ = ["ServingEndpoint", "UnusedEndpoints"]
