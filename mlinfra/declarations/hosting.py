"""What a model is served by: instances that run, instances that come with requests, or no instances to think of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from mlinfra.catalog import expect_hosting_type
from mlinfra.declarations.base import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

# What all that runs on instances has.
HostingType = Annotated[
    str,
    AfterValidator(expect_hosting_type),
    Field(description="What each variant runs on, such as ml.g5.xlarge."),
]
StartupSeconds = Annotated[
    int | None,
    Field(
        ge=60,
        le=3_600,
        description="How long a container may take until it answers health checks, in seconds, 60 to 3600. Default: "
        "SageMaker's.",
    ),
]
DownloadSeconds = Annotated[
    int | None,
    Field(
        ge=60,
        le=3_600,
        description="How long the download of the model's data may take, in seconds, 60 to 3600. Default: SageMaker's.",
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
        description="The most instances of each variant when there is much to do. Default: as many as instances: "
        "their number stays.",
    )
    invocations_per_instance: float | None = Field(
        default=None,
        gt=0,
        description="How many requests a minute each instance shall get: above that instances are added, below it "
        "they go. A load test tells the figure. Needed where there is a max_instances. Default: none.",
    )
    max_latency_ms: int = Field(
        default=1_000,
        ge=1,
        le=60_000,
        description="How long the slowest hundredth of requests may take in the model, in milliseconds, 1 to 60000: "
        "above that people are told, and an update is rolled back. Default: 1000.",
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
    """CPUs that are there while there are requests. The first request after a pause waits for its container.

    SageMaker has no GPU, no network of the team's own, no isolation of the container, no data capture,
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
        description="How many requests may run at a time, 1 to 200; what is more is refused. All serverless "
        "endpoints of an account share a quota. Default: 5.",
    )
    provisioned_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=200,
        description="How many containers are kept ready, and paid for, at most max_concurrency. Default: none.",
    )
    max_latency_ms: int = Field(
        default=10_000,
        ge=1,
        le=60_000,
        description="How long the slowest hundredth of requests may take in the model, in milliseconds, 1 to 60000: "
        "above that people are told. Default: 10000.",
    )

    def _problems(self) -> Iterator[str]:
        if self.provisioned_concurrency is not None and self.provisioned_concurrency > self.max_concurrency:
            yield (
                f"provisioned_concurrency: {self.provisioned_concurrency} is more than max_concurrency. Expected: 1 to "
                f"{self.max_concurrency}."
            )


class Asynchronous(Declaration):
    """Instances that work off a queue of requests in S3, up to an hour each, and go where it is empty.

    Raises:
        DeclarationError: with every problem at once.
    """

    instance_type: HostingType
    max_instances: int = Field(default=1, ge=1, description="The most instances, 1 or more. Default: 1.")
    min_instances: int = Field(
        default=0,
        ge=0,
        description="The fewest instances. 0: none while nothing is asked, and the first request waits for one. "
        "Default: 0.",
    )
    backlog_per_instance: float = Field(
        default=5,
        gt=0,
        description="How many requests may wait for each instance: above that instances are added, below it they go. "
        "Default: 5.",
    )
    requests_at_a_time: int | None = Field(
        default=None,
        ge=1,
        le=1_000,
        description="How many requests an instance gets at a time, 1 to 1000. Default: SageMaker finds out.",
    )
    max_latency_ms: int = Field(
        default=900_000,
        ge=1,
        le=3_600_000,
        description="How long the slowest hundredth of requests may take in the model, in milliseconds, 1 to 3600000: "
        "above that people are told, and an update is rolled back. Default: 900000, a quarter of an hour.",
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
        """How many instances a deployment begins with: SageMaker launches no fleet of none."""
        return max(1, self.min_instances)


Hosting = RealTime | Serverless | Asynchronous


class BlueGreen(Declaration):
    """How an update gets its traffic: a second fleet is launched beside the first, and takes over.

    An alarm that goes off before the old fleet is gone brings all traffic back to it.

    Raises:
        DeclarationError: with every problem at once.
    """

    traffic: str = Field(
        default="all-at-once",
        pattern="^(all-at-once|canary|linear)$",
        description="all-at-once; canary (a part, then the rest); or linear (a part after the other). Default: "
        "all-at-once.",
    )
    step_percent: int = Field(
        default=10,
        ge=1,
        le=50,
        description="The part that a canary is, 1 to 50, or a linear step, 10 to 50, in percent of the instances. "
        "Default: 10.",
    )
    wait_seconds: int = Field(
        default=600,
        ge=0,
        le=3_600,
        description="How long to look at the alarms after each step, in seconds, 0 to 3600. Default: 600.",
    )
    termination_wait_seconds: int = Field(
        default=600,
        ge=0,
        le=3_600,
        description="How long the old fleet is kept once all traffic has moved, in seconds, 0 to 3600: until then "
        "alarms bring it back. Default: 600.",
    )
    timeout_seconds: int = Field(
        default=3_600,
        ge=600,
        le=3_600,  # SageMaker takes 28800, and Terraform's AWS provider waits for an hour
        description="When a deployment that is not done has failed, in seconds, 600 to 3600, and more than all its "
        "waiting. Default: 3600.",
    )

    @property
    def is_gradual(self) -> bool:
        """Whether a part of the traffic moves before the rest."""
        return self.traffic != "all-at-once"

    @property
    def waiting_seconds(self) -> int:
        """How long a deployment waits in all, in seconds."""
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
