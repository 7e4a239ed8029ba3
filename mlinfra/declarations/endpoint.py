"""Model endpoints: hosting, variants, deployments of a new version, and shutdown when unused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from mlinfra.declarations.base import Declaration, Problems, duplicates, shown
from mlinfra.declarations.hosting import Asynchronous, BlueGreen, RealTime, Serverless
from mlinfra.declarations.types import EmailAddress, Name
from mlinfra.declarations.variables import variable_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.declarations.hosting import WithoutRollback

_ROLE_NAME_LIMIT = 64
"""The longest name of a role, in characters. The longest name of an endpoint has 63."""

_ALARMS_OF_A_DEPLOYMENT = 10
"""SageMaker takes no more (API reference, AutoRollbackConfig, read 2026-11-26)."""
_ALARMS_OF_A_VARIANT = 2

_LONGEST_VARIABLE = 1_024
"""The longest name and value of a container's environment variable, in characters (SageMaker API reference,
ContainerDefinition, Environment, read 2026-11-28)."""

IMAGE = re.compile(
    r"^(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})\Z"
)
"""An image in ECR, with a tag or a digest."""

OWN_IMAGE = re.compile(
    r"^(?P<name>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?P<version>:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})\Z"
)
"""An image in one of the environment's own `image_repositories`, with a tag or a digest."""


class Variant(Declaration):
    """One model behind an endpoint.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Annotated[Name, Field(max_length=24)] = Field(
        default="main",
        description="Up to 24 lower-case letters, digits and single hyphens, beginning with a letter. It stays when "
        "the model changes: SageMaker shifts traffic between fleets of one name. Default: main.",
    )
    image: str = Field(
        description="The container's image, with a tag or a digest: ranker:3.1, in one of the environment's "
        "image_repositories; or anywhere else in ECR, such as 111111111111.dkr.ecr.us-east-1.amazonaws.com/ranker:3.1."
    )
    model_data: str | None = Field(
        default=None,
        description="The path of the model in the lake's zone models: <model>/.../model.tar.gz, or <model>/.../ for "
        "files that are not packed. Default: the image contains the model.",
    )
    weight: float = Field(
        default=1,
        gt=0,
        description="Its share of the requests, in proportion to the weights of all variants, above 0. Default: 1.",
    )
    variables: dict[str, str] = Field(
        default_factory=dict, description="Environment variables of the container. Default: none."
    )

    @field_validator("image")
    @classmethod
    def _image_is_in_ecr(cls, image: str) -> str:
        if not (IMAGE.match(image) or OWN_IMAGE.match(image)):
            message = (
                "is not an image in ECR. Expected: <name>:<tag> with one of the environment's image_repositories, or "
                "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>; or @sha256:<digest> in the tag's place."
            )
            raise ValueError(message)
        return image

    @field_validator("model_data")
    @classmethod
    def _model_data_is_a_path(cls, path: str | None) -> str | None:
        if path is not None and not re.fullmatch(r"(\w[\w.=-]*/)+(\w[\w.=-]*\.tar\.gz)?", path):
            message = (
                "is not a path in the zone models. Expected: <model>/.../model.tar.gz, or <model>/.../ for files that "
                "are not packed, without s3://."
            )
            raise ValueError(message)
        return path

    @field_validator("variables")
    @classmethod
    def _variables_can_be_set(cls, variables: dict[str, str]) -> dict[str, str]:
        problems = list(variable_problems(variables))
        problems += [
            f"variables.{name}: the value has {len(value):,} characters. Expected: at most {_LONGEST_VARIABLE:,}."
            for name, value in variables.items()
            if len(value) > _LONGEST_VARIABLE
        ]
        problems += [
            f"variables: the name {shown(name)} has {len(name):,} characters. Expected: at most {_LONGEST_VARIABLE:,}."
            for name in variables
            if len(name) > _LONGEST_VARIABLE
        ]
        if problems:
            raise Problems(problems)
        return variables

    @property
    def model(self) -> str | None:
        """The first part of its path in the zone, which all versions of the model share."""
        return None if self.model_data is None else self.model_data.partition("/")[0]


class Endpoint(Declaration):
    """A SageMaker endpoint with an owner.

        Endpoint(
            name="ranker",
            owner="ana@example.com",
            hosting=Serverless(),
            variants=[Variant(image="111111111111.dkr.ecr.us-east-1.amazonaws.com/ranker:3.1")],
        )

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: EmailAddress = Field(description="The e-mail address of the person responsible for it.")
    hosting: RealTime | Serverless | Asynchronous = Field(
        description="The kind of hosting: RealTime(instance_type=...), Serverless() or Asynchronous(instance_type=...)."
    )
    variants: tuple[Variant, ...] = Field(
        min_length=1,
        max_length=10,
        description="The models behind it, 1 to 10, with unique names. Requests are distributed by weight.",
    )
    shadow: Variant | None = Field(
        default=None,
        description="A model that receives copies of the only variant's requests, on the same instances. Its answers "
        "are discarded. Its weight is its part of the requests, up to 1. Default: none.",
    )
    deployment: BlueGreen | None = Field(
        default=None,
        description="The way in which an update receives traffic. Default: BlueGreen(), all at once; SageMaker's own "
        "for Serverless().",
    )
    capture_percent: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="The part of the requests to RealTime() that is kept in the lake's zone raw, with their answers, "
        "in percent, 1 to 100. Default: none.",
    )
    network_isolation: bool | None = Field(
        default=None,
        description="True if containers cannot make network calls. Default: True where SageMaker supports it: not for "
        "Serverless().",
    )
    max_error_percent: float = Field(
        default=1,
        gt=0,
        lt=100,
        description="The part of the requests in five minutes that may end in a 5xx error, in percent. Above it an "
        "alarm notifies people, and an update is rolled back. Default: 1.",
    )
    unused_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="The days without a request after which it counts as unused, 1 to 90. Its owner is notified then. "
        "Default: 7.",
    )
    stop_when_unused: bool = Field(
        default=False,
        description="True if an unused endpoint is deleted. The next deploy creates it again. Default: False, its "
        "owner is only notified.",
    )

    def _problems(self) -> Iterator[str]:
        yield from self._variant_problems()
        yield from self._shadow_problems()
        if isinstance(self.hosting, Asynchronous):
            yield from self._asynchronous_problems()
        if isinstance(self.hosting, Serverless):
            yield from self._serverless_problems()
        else:
            yield from self._deployment_problems()

    @property
    def is_isolated(self) -> bool:
        """True if its containers cannot make network calls."""
        if self.network_isolation is None:
            return not isinstance(self.hosting, Serverless)
        return self.network_isolation

    @property
    def blue_green(self) -> BlueGreen | None:
        """The way in which an update receives traffic; None: SageMaker's own, for serverless endpoints."""
        return None if isinstance(self.hosting, Serverless) else self.deployment or BlueGreen()

    @property
    def without_rollback(self) -> WithoutRollback | None:
        """The record of the present version's deployment without rollback. None: alarms roll it back."""
        return self.deployment.without_rollback if self.deployment else None

    @property
    def all_variants(self) -> tuple[Variant, ...]:
        """Its variants and its shadow."""
        return (*self.variants, self.shadow) if self.shadow else self.variants

    def _variant_problems(self) -> Iterator[str]:
        yield from duplicates("variants", (each.name for each in self.all_variants))

    def _shadow_problems(self) -> Iterator[str]:
        if self.shadow is None:
            return
        if not isinstance(self.hosting, RealTime):
            yield (
                f"shadow: not supported by {type(self.hosting).__name__}. Expected: hosting=RealTime(...), or no "
                f"shadow."
            )
        if len(self.variants) > 1:
            yield f"shadow: not supported with {len(self.variants)} variants. Expected: one variant, or no shadow."
        if isinstance(self.shadow.weight, float | int) and self.shadow.weight > 1:
            yield (
                f"shadow.weight: {self.shadow.weight:g} is more than 1, which is all requests. Expected: above 0, up "
                f"to 1."
            )

    def _asynchronous_problems(self) -> Iterator[str]:
        if len(self.variants) > 1:
            yield (
                f"variants: {len(self.variants)} variants of an asynchronous endpoint share one backlog, so they "
                f"cannot be scaled separately. Expected: 1, or hosting=RealTime(...)."
            )
        if self.capture_percent is not None:
            yield (
                "capture_percent: not supported by Asynchronous, whose requests and results are stored in the lake "
                "anyway. Expected: no capture_percent."
            )

    def _serverless_problems(self) -> Iterator[str]:
        if len(self.variants) > 1:
            yield f"variants: Serverless supports 1 variant, got {len(self.variants)}. Expected: 1, or another hosting."
        without = {
            "deployment": self.deployment is not None,
            "capture_percent": self.capture_percent is not None,
            "network_isolation": bool(self.network_isolation),
        }
        for field in (name for name, is_given in without.items() if is_given):
            yield f"{field}: not supported by Serverless. Expected: no {field}, or another hosting."

    def _deployment_problems(self) -> Iterator[str]:
        alarms, most = _ALARMS_OF_A_VARIANT * len(self.variants), _ALARMS_OF_A_DEPLOYMENT
        if alarms > most:
            yield (
                f"variants: {len(self.variants)} variants have {alarms} alarms that roll an update back, and SageMaker "
                f"accepts {most}. Expected: up to {most // _ALARMS_OF_A_VARIANT} variants."
            )
        forward = self.without_rollback
        versions = sorted({each for one in self.variants for each in (one.image, one.model_data) if each})
        if forward is not None and forward.version not in versions:
            yield (
                f"deployment.without_rollback.version: {forward.version!r} is not the image or model_data of a "
                f"variant. Expected: one of {', '.join(versions)}; or no without_rollback, so that alarms roll the "
                f"deployment back."
            )
        gradual = self.deployment is not None and self.deployment.is_gradual
        if gradual and isinstance(self.hosting.instances, int) and self.hosting.instances < 2:  # type: ignore[union-attr]  # noqa: PLR2004
            yield (
                "deployment: shifting traffic in steps requires instances for each step, at most half of all. "
                "Expected: 2 or more instances of each variant, or traffic='all-at-once'."
            )


def endpoint_problems(endpoint: Endpoint, environment: Mapping[str, object]) -> Iterator[str]:
    """Problems of an endpoint in its environment, as far as the fields of both are valid."""
    if {"project", "name"} <= environment.keys() and isinstance(endpoint.name, str):
        role = f"{environment['project']}-{environment['name']}-{endpoint.name}-endpoint"
        if len(role) > _ROLE_NAME_LIMIT:
            yield (
                f"endpoints.{endpoint.name}.name: {endpoint.name!r} is too long here: it gives the role name {role!r}, "
                f"{len(role)} characters. Expected: at most {_ROLE_NAME_LIMIT}, so shorten it by "
                f"{len(role) - _ROLE_NAME_LIMIT}."
            )
    region, repositories = environment.get("region"), environment.get("image_repositories")
    for variant in (*(endpoint.variants or ()), endpoint.shadow):
        own = OWN_IMAGE.match(str(variant.image)) if isinstance(variant, Variant) else None
        if own and isinstance(repositories, tuple) and own["name"] not in repositories:
            yield (
                f"endpoints.{endpoint.name}.variants: the image {own[0]!r} is not in a repository of this environment. "
                f"Expected: one of image_repositories ({', '.join(repositories) or 'none is declared'})."
            )
        match = IMAGE.match(str(variant.image)) if isinstance(variant, Variant) else None
        if match and isinstance(region, str) and match["region"] != region:
            yield (
                f"endpoints.{endpoint.name}.variants: the image {match[0]!r} is in {match['region']}, and SageMaker "
                f"does not pull images from another region. Expected: an image in {region}."
            )
