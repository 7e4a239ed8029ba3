"""Where an endpoint reads and writes in the data lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra.declarations import Endpoint, Environment


@dataclass(frozen=True)
class ServingPlaces:
    """The places of one endpoint, as bucket and prefix.

    What was asked and answered is raw data, which gets cheaper with age and is never lost. Results of
    asynchronous requests are processed data.
    """

    raw: str
    """The bucket of the zone raw."""
    processed: str
    """The bucket of the zone processed."""
    models: str
    """The bucket of the zone models."""
    prefix: str
    """What everything of the endpoint in raw and processed begins with."""

    @classmethod
    def of(cls, environment: Environment, endpoint: Endpoint) -> ServingPlaces:
        """The places of `endpoint`."""
        buckets = {zone: environment.names.bucket(zone) for zone in ("raw", "processed", "models")}
        return cls(**buckets, prefix=f"serving/{endpoint.name}")

    @property
    def captured(self) -> str:
        """Where SageMaker writes a part of the requests and answers."""
        return f"s3://{self.raw}/{self.prefix}/captured"

    @property
    def results(self) -> str:
        """Where the answers to asynchronous requests lie."""
        return f"s3://{self.processed}/{self.prefix}/results"

    @property
    def failures(self) -> str:
        """Where it lies why an asynchronous request failed."""
        return f"s3://{self.processed}/{self.prefix}/failures"
