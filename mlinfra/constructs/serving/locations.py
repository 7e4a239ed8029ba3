"""Locations of an endpoint in the data lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra.declarations import Endpoint, Environment


@dataclass(frozen=True)
class ServingLocations:
    """The locations of one endpoint, as buckets and a prefix.

    Requests and responses are raw data, which moves to cheaper storage with age and is never deleted.
    Results of asynchronous requests are processed data.
    """

    raw: str
    """The bucket of the zone raw."""
    processed: str
    """The bucket of the zone processed."""
    models: str
    """The bucket of the zone models."""
    prefix: str
    """The prefix of the endpoint's objects in raw and processed."""

    @classmethod
    def of(cls, environment: Environment, endpoint: Endpoint) -> ServingLocations:
        """The locations of `endpoint`."""
        buckets = {zone: environment.names.bucket(zone) for zone in ("raw", "processed", "models")}
        return cls(**buckets, prefix=f"serving/{endpoint.name}")

    @property
    def captured(self) -> str:
        """The location of captured requests and responses."""
        return f"s3://{self.raw}/{self.prefix}/captured"

    @property
    def results(self) -> str:
        """The location of responses to asynchronous requests."""
        return f"s3://{self.processed}/{self.prefix}/results"

    @property
    def failures(self) -> str:
        """The location of the reasons of failed asynchronous requests."""
        return f"s3://{self.processed}/{self.prefix}/failures"
