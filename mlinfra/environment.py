"""What a team declares: environments, and the experiments that run in them. Data only, no cdktf."""

from __future__ import annotations

import ipaddress
from collections import Counter
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from mlinfra.catalog.images import Image, default_image
from mlinfra.catalog.instances import InstanceType, instance_types
from mlinfra.catalog.regions import regions
from mlinfra.declaration import Declaration, DeclarationError, Problems, judged_today

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DEFAULT_SIZES: Mapping[str, str] = MappingProxyType(
    {"small": "p3.2xlarge", "medium": "p3.8xlarge", "large": "p3.16xlarge"}
)
"""The sizes of an environment that declares none: 1, 4 and 8 NVIDIA V100."""

DATA_ZONES = ("raw", "processed", "features", "models")
"""The zones of a data lake, in the order in which data moves through them."""

_BUCKET_NAME_LIMIT = 63
_ROLE_NAME_LIMIT = 64

Name = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$")]
TagValue = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\w .:/=+\-@]+$")]


class Experiment(Declaration):
    """A piece of work with an owner and an end, which gets a cluster while it runs.

    Removing an experiment from its environment removes its cluster at the next deploy.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=40,
        description="2 to 40 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: str = Field(
        max_length=256,
        pattern=r"^[\w.+\-]+@[\w\-]+(\.[\w\-]+)+$",
        description="The e-mail address of the person who answers for the cluster.",
    )
    expires: date = Field(
        description="The last day of the experiment, as a date; at most the environment's max_experiment_days away."
    )
    size: str = Field(default="small", description="One of the environment's sizes. Default: small.")
    nodes: int = Field(
        default=1, ge=1, description="Instances in the cluster, at most the environment's max_nodes. Default: 1."
    )
    root_volume_gib: int = Field(
        default=200,
        ge=100,
        le=16_384,
        description="Root volume of each node, in GiB: 100 (what the deep learning images need) to 16384 (the limit "
        "of gp3). Default: 200.",
    )


def _known_region(value: str) -> str:
    if value not in regions():
        message = f"is not an AWS region. Expected: one of {', '.join(regions())}."
        raise ValueError(message)
    return value


def _private_network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        message = f"is not a network ({error}). Expected: a private IPv4 network such as 10.0.0.0/16."
        raise ValueError(message) from None
    if not (network.is_private and 16 <= network.prefixlen <= 20):  # noqa: PLR2004  AWS: /16 is the largest VPC
        message = "does not fit. Expected: a private IPv4 network of /16 to /20, such as 10.0.0.0/16."
        raise ValueError(message)
    return value


class Environment(Declaration):
    """One environment of the platform: an account, a region, and what runs there.

    Environments carry data, never code paths: what differs between two of them is a field.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        min_length=2,
        max_length=16,
        description="2 to 16 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    project: Name = Field(
        min_length=2,
        max_length=24,
        description="2 to 24 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    account_id: str = Field(pattern=r"^\d{12}$", description="The AWS account, exactly 12 digits, as text.")
    region: Annotated[str, AfterValidator(_known_region)] = Field(description="The AWS region, such as us-east-1.")
    team: TagValue = Field(description="The team that owns the environment: 1 to 256 characters that AWS tags allow.")
    cost_center: TagValue = Field(description="Who pays: 1 to 256 characters that AWS tags allow.")
    repository: TagValue = Field(
        description="Where this code lives, such as gitlab.example.com/ml/platform: 1 to 256 characters that AWS "
        "tags allow."
    )
    created_by: TagValue = Field(
        default="mlinfra",
        description="What made the resources: 1 to 256 characters that AWS tags allow. Default: mlinfra.",
    )
    monthly_spend_limit_usd: float = Field(gt=0, description="The most to spend in a month, in USD, above 0.")

    protect_data: bool = Field(
        default=True,
        description="Whether Terraform refuses to destroy data lake buckets and their key. Default: True, data is "
        "kept.",
    )
    network_cidr: Annotated[str, AfterValidator(_private_network)] = Field(
        default="10.0.0.0/16", description="The VPC's private IPv4 network, /16 to /20. Default: 10.0.0.0/16."
    )
    availability_zones: int = Field(
        default=3, ge=2, le=6, description="Zones of the region to have a subnet in, 2 to 6. Default: 3."
    )
    nat_gateways: Literal["none", "single", "per-zone"] = Field(
        default="single",
        description="How private subnets reach the internet: none; single (one gateway, about 33 USD a month before "
        "traffic); per-zone (one a zone: survives the loss of a zone). Default: single.",
    )
    flow_log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = Field(
        default=90,
        description="How long VPC flow logs are kept, in days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, "
        "545 or 731. Default: 90.",
    )
    native_state_lock: bool = Field(
        default=False,
        description="Whether state is locked by a file in the bucket too, which needs Terraform 1.10 or newer "
        "everywhere. Default: False.",
    )
    emulated: bool = Field(
        default=False,
        description="Whether the account is a local AWS: path-style S3 addresses, and endpoints taken from "
        "AWS_ENDPOINT_URL. Default: False.",
    )

    sizes: dict[str, str] = Field(
        default_factory=lambda: dict(DEFAULT_SIZES),
        description="What experiments can ask for: instance types by size. Default: small p3.2xlarge, medium "
        "p3.8xlarge, large p3.16xlarge.",
    )
    images: dict[str, Image] = Field(
        default_factory=dict,
        description="Machine images by accelerator, where the catalog's defaults do not suit. Default: none.",
    )
    max_nodes: int = Field(default=4, ge=1, le=256, description="The most nodes of one cluster, 1 to 256. Default: 4.")
    max_experiment_days: int = Field(
        default=30, ge=1, description="How far away an experiment's expiry may be, in days. Default: 30."
    )
    experiments: tuple[Experiment, ...] = Field(
        default=(), description="The active experiments, each with a name of its own. Default: none."
    )

    @field_validator("region")
    @classmethod
    def _bucket_names_fit(cls, region: str, info: ValidationInfo) -> str:
        known = info.data
        if {"project", "name", "account_id"} <= known.keys():
            longest = max(
                (_bucket_name(known["project"], known["name"], use, known["account_id"], region) for use in _BUCKETS),
                key=len,
            )
            if len(longest) > _BUCKET_NAME_LIMIT:
                over = len(longest) - _BUCKET_NAME_LIMIT
                message = (
                    f"project, name: {known['project']!r} and {known['name']!r} are too long together: they give the "
                    f"bucket name {longest!r}, {len(longest)} characters. Expected: at most {_BUCKET_NAME_LIMIT}, so "
                    f"shorten them by {over}."
                )
                raise Problems([message])
        return region

    @field_validator("sizes")
    @classmethod
    def _sizes_are_instance_types(cls, sizes: dict[str, str]) -> dict[str, str]:
        unknown = [
            f"sizes.{size}: {name!r} is not an accelerator instance type of the catalog. {_nearest_types(name)}"
            for size, name in sizes.items()
            if name not in instance_types()
        ]
        if unknown:
            raise Problems(unknown)
        return sizes

    @field_validator("images")
    @classmethod
    def _images_are_for_accelerators(cls, images: dict[str, Image]) -> dict[str, Image]:
        accelerators = sorted({each.accelerator for each in instance_types().values()})
        unknown = [each for each in images if each not in accelerators]
        if unknown:
            expected = f"Expected: {', '.join(accelerators)}."
            raise Problems(f"images: {each!r} is not an accelerator of the catalog. {expected}" for each in unknown)
        return images

    @field_validator("experiments")
    @classmethod
    def _experiments_fit(cls, experiments: tuple[Experiment, ...], info: ValidationInfo) -> tuple[Experiment, ...]:
        problems = [
            f"experiments: {name!r} stands there {count} times. Expected: each name once."
            for name, count in Counter(getattr(each, "name", None) for each in experiments).items()
            if count > 1 and name is not None
        ]
        for each in experiments:
            problems += _placement_problems(each, info.data)
        today = judged_today()
        if today and "max_experiment_days" in info.data:
            problems += _expiry_problems(experiments, info.data["max_experiment_days"], today)
        if problems:
            raise Problems(problems)
        return experiments

    def judged_on(self, today: date) -> Environment:
        """This environment, once no experiment of it has expired or lasts too long.

        Args:
            today: the day to judge by. It is passed in, so that a synth depends on nothing else.

        Raises:
            DeclarationError: naming each experiment that has to go or get a new date.
        """
        problems = list(_expiry_problems(self.experiments, self.max_experiment_days, today))
        if problems:
            subject = f"environment {self.name!r}"
            raise DeclarationError(subject, problems)
        return self

    def experiment(self, name: str) -> Experiment:
        """The experiment called `name`.

        Raises:
            KeyError: where there is none, with the names there are.
        """
        for each in self.experiments:
            if each.name == name:
                return each
        names = ", ".join(each.name for each in self.experiments) or "none"
        message = f"environment {self.name!r} has no experiment {name!r}; it has: {names}"
        raise KeyError(message)

    def instance_type(self, experiment: Experiment) -> InstanceType:
        """What a node of `experiment` is."""
        return instance_types()[self.sizes[experiment.size]]

    def image(self, experiment: Experiment) -> Image:
        """What a node of `experiment` boots from."""
        accelerator = self.instance_type(experiment).accelerator
        image = self.images.get(accelerator) or default_image(accelerator)
        assert image is not None  # noqa: S101  refused when the environment was declared
        return image

    @property
    def prefix(self) -> str:
        """What the names of all resources begin with."""
        return f"{self.project}-{self.name}"

    def bucket_name(self, use: str) -> str:
        """The name of the bucket for `use`, one of the data zones, `access-logs` or `tfstate`."""
        return _bucket_name(self.project, self.name, use, self.account_id, self.region)

    def stack_id(self, component: str) -> str:
        """The name that `cdktf` knows a component's stack by."""
        return f"{self.name}-{component}"

    def state_key(self, component: str) -> str:
        """Where the state of a component lies in the state bucket."""
        return f"{self.project}/{self.name}/{self.region}/{component}/terraform.tfstate"

    @property
    def state_bucket(self) -> str:
        """The bucket that holds the state of every component."""
        return self.bucket_name("tfstate")

    @property
    def lock_table(self) -> str:
        """The DynamoDB table that locks state."""
        return f"{self.prefix}-tfstate-lock"

    @property
    def state_key_alias(self) -> str:
        """The alias of the KMS key that encrypts state."""
        return f"alias/{self.prefix}-tfstate"

    def parameter_name(self, component: str, name: str) -> str:
        """The SSM parameter under which a component hands a value on."""
        return f"/mlinfra/{self.project}/{self.name}/{component}/{name}"

    def tags(self, *, auto_stop: bool) -> dict[str, str]:
        """The tags that every resource carries.

        Args:
            auto_stop: whether the janitor may stop what carries them.
        """
        return {
            "Environment": self.name,
            "Team": self.team,
            "Project": self.project,
            "CostCenter": self.cost_center,
            "ManagedBy": "terraform",
            "Repository": self.repository,
            "CreatedBy": self.created_by,
            "AutoStop": "true" if auto_stop else "false",
        }


_BUCKETS = (*DATA_ZONES, "access-logs", "tfstate")


def _bucket_name(project: str, environment: str, use: str, account_id: str, region: str) -> str:
    return f"{project}-{environment}-{use}-{account_id}-{region}"


def _nearest_types(name: str) -> str:
    family = name.partition(".")[0]
    near = [each for each in instance_types() if each.partition(".")[0] == family] or list(DEFAULT_SIZES.values())
    return f"Expected: one of it, such as {', '.join(near)}."


def _placement_problems(experiment: Experiment, environment: Mapping[str, object]) -> Iterator[str]:
    """What keeps an experiment out of an environment, as far as the fields of both are sound."""
    where = f"experiments.{experiment.name}"
    sizes, limit = environment.get("sizes"), environment.get("max_nodes")
    if isinstance(sizes, dict):
        if experiment.size not in sizes:
            offers = ", ".join(f"{size} ({name})" for size, name in sizes.items())
            yield f"{where}.size: {experiment.size!r} is not offered here. Expected: {offers}."
        elif isinstance(images := environment.get("images"), dict):
            accelerator = instance_types()[sizes[experiment.size]].accelerator
            if accelerator not in images and default_image(accelerator) is None:
                yield (
                    f"{where}.size: {experiment.size!r} is {sizes[experiment.size]}, and the catalog has no image for "
                    f"{accelerator}. Expected: images={{{accelerator!r}: Image(...)}} in the environment, or another "
                    f"size."
                )
    if isinstance(limit, int) and isinstance(experiment.nodes, int) and experiment.nodes > limit:
        yield f"{where}.nodes: {experiment.nodes} is more than max_nodes. Expected: 1 to {limit}."
    if {"project", "name"} <= environment.keys():
        role = f"{environment['project']}-{environment['name']}-{experiment.name}-node"
        if len(role) > _ROLE_NAME_LIMIT:
            yield (
                f"{where}.name: {experiment.name!r} is too long here: it gives the role name {role!r}, {len(role)} "
                f"characters. Expected: at most {_ROLE_NAME_LIMIT}, so shorten it by {len(role) - _ROLE_NAME_LIMIT}."
            )


def _expiry_problems(experiments: Sequence[Experiment], max_days: int, today: date) -> Iterator[str]:
    last = today + timedelta(days=max_days)
    for each in experiments:
        if not isinstance(each.expires, date):  # refused for it already
            continue
        where = f"experiments.{each.name}.expires: {each.expires.isoformat()!r}"
        if each.expires < today:
            yield (
                f"{where} is in the past. Expected: {today} to {last}; remove the experiment, and its cluster goes at "
                f"the next deploy, or give it a new date."
            )
        elif each.expires > last:
            yield f"{where} is more than max_experiment_days ({max_days}) away. Expected: {today} to {last}."
