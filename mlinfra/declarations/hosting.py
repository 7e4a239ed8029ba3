"""Endpoint hosting: real-time, asynchronous, serverless; and deployments of updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from mlinfra.catalog import expect_hosting_type
from mlinfra.declarations.base import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

# Fields of all hosting on instances.
HostingType = Annotated[
    str,
    AfterValidator(expect_hosting_type),
    Field(description="The instance type of each variant, such as ml.g5.xlarge."),
]
StartupSeconds = Annotated[
    int | None,
    Field(
        ge=60,
        le=3_600,
        description="The longest time until a container answers health checks, in seconds, 60 to 3600. Default: "
        "SageMaker's.",
    ),
]
DownloadSeconds = Annotated[
    int | None,
    Field(
        ge=60,
        le=3_600,
        description="The longest time of the download of the model's data, in seconds, 60 to 3600. Default: "
        "SageMaker's.",
    ),
]

_MEMORY_STEP_MIB = 1024


class RealTime(Declaration):
    """Instances that run all the time, and answer within 60 seconds.

    Raises:
        DeclarationError: with every problem at once.
    """

    instance_type: HostingType
    instances: int = Field(
        default=1,
        ge=1,
        description="Instances of each variant, 1 or more; the fewest, where there is a max_instances. Default: 1. "
        "Endpoints that users depend on want 2 or more, which SageMaker tries to spread over zones.",
    )
    max_instances: int | None = Field(
        default=None,
        ge=2,
        description="The most instances of each variant under load. Default: equal to instances, without scaling.",
    )
    invocations_per_instance: float | None = Field(
        default=None,
        gt=0,
        description="The target number of requests per minute and instance: instances are added above it and removed "
        "below it. A load test determines the figure. Required with max_instances. Default: none.",
    )
    max_latency_ms: int = Field(
        default=1_000,
        ge=1,
        le=60_000,
        description="The highest 99th percentile of model latency, in milliseconds, 1 to 60000. Above it an alarm "
        "notifies people, and an update is rolled back. Default: 1000.",
    )
    startup_seconds: StartupSeconds = None
    download_seconds: DownloadSeconds = None

    def _problems(self) -> Iterator[str]:
        if self.max_instances is not None and self.max_instances <= self.instances:
            yield (
                f"max_instances: {self.max_instances} is not more than instances. Expected: {self.instances + 1} or "
                f"more, or leave it out."
            )
        if (self.max_instances is None) != (self.invocations_per_instance is None):
            yield (
                "max_instances, invocations_per_instance: only one of them is given. Expected: both, to scale by the "
                "number of requests; or neither."
            )


class Serverless(Declaration):
    """CPUs that are allocated while there are requests. The first request after a pause waits for its container.

    SageMaker has no GPU, no VPC, no isolation of the container, no data capture,
    no second or shadow variant and no gradual deployment for it (SageMaker developer guide, "Deploy
    models with Amazon SageMaker Serverless Inference", read 2026-11-26).

    Raises:
        DeclarationError: with every problem at once.
    """

    memory_mib: int = Field(
        default=2_048,
        ge=_MEMORY_STEP_MIB,
        le=6 * _MEMORY_STEP_MIB,
        multiple_of=_MEMORY_STEP_MIB,
        description="The memory of a container, in MiB: 1024, 2048, 3072, 4096, 5120 or 6144. CPUs come with it. "
        "Default: 2048.",
    )
    max_concurrency: int = Field(
        default=5,
        ge=1,
        le=200,
        description="The most concurrent requests, 1 to 200; further requests are rejected. All serverless endpoints "
        "of an account share a quota. Default: 5.",
    )
    provisioned_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=200,
        description="The number of containers that are kept ready, and billed, at most max_concurrency. Default: none.",
    )
    max_latency_ms: int = Field(
        default=10_000,
        ge=1,
        le=60_000,
        description="The highest 99th percentile of model latency, in milliseconds, 1 to 60000. Above it an alarm "
        "notifies people. Default: 10000.",
    )

    def _problems(self) -> Iterator[str]:
        if self.provisioned_concurrency is not None and self.provisioned_concurrency > self.max_concurrency:
            yield (
                f"provisioned_concurrency: {self.provisioned_concurrency} is more than max_concurrency. Expected: 1 to "
                f"{self.max_concurrency}."
            )


class Asynchronous(Declaration):
    """Instances that process a queue of requests in S3, up to an hour each, and scale in once it is empty.

    Raises:
        DeclarationError: with every problem at once.
    """

    instance_type: HostingType
    max_instances: int = Field(default=1, ge=1, description="The most instances, 1 or more. Default: 1.")
    min_instances: int = Field(
        default=0,
        ge=0,
        description="The fewest instances. 0: none without requests, and the first request waits for one. Default: 0.",
    )
    backlog_per_instance: float = Field(
        default=5,
        gt=0,
        description="The target backlog per instance, in requests: instances are added above it and removed below it. "
        "Default: 5.",
    )
    requests_at_a_time: int | None = Field(
        default=None,
        ge=1,
        le=1_000,
        description="The most concurrent requests of an instance, 1 to 1000. Default: chosen by SageMaker.",
    )
    max_latency_ms: int = Field(
        default=900_000,
        ge=1,
        le=3_600_000,
        description="The highest 99th percentile of model latency, in milliseconds, 1 to 3600000. Above it an alarm "
        "notifies people, and an update is rolled back. Default: 900000, a quarter of an hour.",
    )
    startup_seconds: StartupSeconds = None
    download_seconds: DownloadSeconds = None

    def _problems(self) -> Iterator[str]:
        if self.min_instances > self.max_instances:
            yield (
                f"min_instances: {self.min_instances} is more than max_instances. Expected: 0 to {self.max_instances}."
            )

    @property
    def instances(self) -> int:
        """The number of instances at the beginning of a deployment, at least 1, as SageMaker requires."""
        return max(1, self.min_instances)


Hosting = RealTime | Serverless | Asynchronous


class WithoutRollback(Declaration):
    """The record of a version that is deployed without rollback by alarms.

        WithoutRollback(version="ranker:3.2", reason="3.1 fails all requests; 3.2 fails those of one client.")

    It applies to one version: the next one is rolled back by alarms again.

    Raises:
        DeclarationError: with every problem at once.
    """

    version: str = Field(
        description="The image or the model_data of one of the endpoint's variants, as declared there."
    )
    reason: str = Field(
        min_length=10,
        max_length=500,
        description="The reason to deploy without rollback, 10 to 500 characters. It is recorded in the environment's "
        "file and in the descriptions of the endpoint's alarms.",
    )


class BlueGreen(Declaration):
    """A blue/green deployment: a second fleet is launched beside the first, and receives its traffic.

    An alarm on the new fleet before the old fleet is deleted moves all traffic back to it.

    Raises:
        DeclarationError: with every problem at once.
    """

    traffic: str = Field(
        default="all-at-once",
        pattern="^(all-at-once|canary|linear)$",
        description="all-at-once; canary (a part, then the rest); or linear (equal parts, one after the other). "
        "Default: all-at-once.",
    )
    step_percent: int = Field(
        default=10,
        ge=1,
        le=50,
        description="The part of a canary, 1 to 50, or of a linear step, 10 to 50, in percent of the instances. "
        "Default: 10.",
    )
    wait_seconds: int = Field(
        default=600,
        ge=0,
        le=3_600,
        description="The time to watch the alarms after each step, in seconds, 0 to 3600. Default: 600.",
    )
    termination_wait_seconds: int = Field(
        default=600,
        ge=0,
        le=3_600,
        description="The time for which the old fleet is kept once all traffic has moved, in seconds, 0 to 3600: until "
        "then an alarm moves traffic back. Default: 600.",
    )
    timeout_seconds: int = Field(
        default=3_600,
        ge=600,
        le=3_600,  # SageMaker takes 28800, and Terraform's AWS provider waits for an hour
        description="The time after which an incomplete deployment fails, in seconds, 600 to 3600, and longer than all "
        "waits together. Default: 3600.",
    )
    without_rollback: WithoutRollback | None = Field(
        default=None,
        description="The version that is deployed although alarms on the new fleet fire. Default: every version is "
        "rolled back by them.",
    )

    @property
    def is_gradual(self) -> bool:
        """True if a part of the traffic moves before the rest."""
        return self.traffic != "all-at-once"

    @property
    def waiting_seconds(self) -> int:
        """All waits of a deployment together, in seconds."""
        steps = {"canary": 1, "linear": -(-100 // self.step_percent) - 1}
        return self.wait_seconds * steps.get(self.traffic, 0) + self.termination_wait_seconds

    def _problems(self) -> Iterator[str]:
        if self.traffic == "linear" and self.step_percent < 10:  # noqa: PLR2004  TrafficRoutingConfig: 10 to 50 percent
            yield f"step_percent: {self.step_percent} is too small for linear. Expected: 10 to 50."
        elif self.timeout_seconds <= self.waiting_seconds:
            yield (
                f"timeout_seconds: {self.timeout_seconds} is not more than all waits together, {self.waiting_seconds} "
                f"seconds. Expected: more, up to 3600, or shorter waits."
            )
