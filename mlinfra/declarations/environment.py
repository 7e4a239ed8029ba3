"""What a team declares: environments, and what is the same for all experiments in them. Data only, no cdktf."""

from __future__ import annotations

import ipaddress
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, field_validator

from mlinfra.catalog import Choice, ImageLock, NodeImage, NoOffer, aws_regions, by_name, gpu_image_family, gpu_models
from mlinfra.declarations.adopted import Adopted, adopted_problems
from mlinfra.declarations.base import Declaration, Problems, judged_today
from mlinfra.declarations.bucket_record import BucketRecord
from mlinfra.declarations.data_lake import DataLakeSettings
from mlinfra.declarations.endpoint import Endpoint, endpoint_problems
from mlinfra.declarations.environment_experiments import experiment_problems, expiry_problems, uses_efa
from mlinfra.declarations.environment_names import (
    bucket_name_problems,
    overlong,
    overlong_buckets,
    repeated,
)
from mlinfra.declarations.environment_people import people_problems, studio_problems, team_problems
from mlinfra.declarations.experiment import EmailAddress, Experiment, Name
from mlinfra.declarations.feature_group import FeatureGroup
from mlinfra.declarations.forgotten import Forgotten, forgotten_problems
from mlinfra.declarations.image import Image
from mlinfra.declarations.people import Person, Team
from mlinfra.declarations.pipeline import Pipeline
from mlinfra.declarations.quiet_hours import QuietHours
from mlinfra.declarations.region_scope import regional_values
from mlinfra.declarations.registered_model import RegisteredModel
from mlinfra.declarations.resource_names import ResourceNames
from mlinfra.declarations.studio import StudioSettings
from mlinfra.declarations.tracking import Tracking
from mlinfra.declarations.types import LAKE_BUCKETS
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from mlinfra.catalog import InstanceType

DEFAULT_SIZES: Mapping[str, str] = MappingProxyType(
    {"small": "p3.2xlarge", "medium": "p3.8xlarge", "large": "p3.16xlarge"}
)
"""The sizes of an environment that declares none: 1, 4 and 8 NVIDIA V100."""

# SageMaker API reference, CreateModelPackageGroup and CreateFeatureGroup, read 2026-11-26.
_MODEL_PACKAGE_GROUP_NAME_LIMIT = 63
_FEATURE_GROUP_NAME_LIMIT = 64

AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
ImageRepositoryName = Annotated[Name, Field(min_length=2, max_length=40)]
_Named = TypeVar("_Named", Experiment, Endpoint, Person)
TagValue = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\w .:/=+\-@]+$")]


def _known_region(value: str) -> str:
    if value not in aws_regions():
        message = f"is not an AWS region. Expected: one of {', '.join(aws_regions())}."
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
        max_length=24,
        description="2 to 24 lower-case letters, digits and single hyphens, beginning with a letter.",
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
    data_lake: DataLakeSettings = Field(
        default_factory=DataLakeSettings,
        description="What the data lake has besides its zones. Default: no events, no inventory, no queries, nobody "
        "from elsewhere.",
    )
    bucket_names: dict[str, str] = Field(
        default_factory=dict,
        description="Buckets of the data lake with a name that does not follow from project, name, account_id and "
        f"region: by {', '.join(LAKE_BUCKETS[:-1])} or {LAKE_BUCKETS[-1]}. Default: none.",
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
        description="Machine images by accelerator, instead of those that the image lock pins. Default: none.",
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="When clusters whose nodes do not work are stopped. Default: none."
    )
    idle_minutes: int = Field(
        default=30,
        ge=10,
        le=360,
        multiple_of=5,
        description="How long all GPUs of a node must have been idle for it to count as idle, in minutes: 10 to 360, a "
        "multiple of 5. Default: 30.",
    )
    idle_gpu_percent: float = Field(
        default=5,
        gt=0,
        le=50,
        description="The utilisation below which a GPU is idle, in percent, above 0 and up to 50. Default: 5.",
    )
    janitor_dry_run: bool = Field(
        default=True,
        description="Whether the janitor only says what it would stop. Default: True, until its reports have been read "
        "for some days.",
    )
    reserved_concurrency: Literal[1] | None = Field(
        default=1,
        description="How many runs at a time are reserved for each of the functions: 1, so that it can "
        "always run, and two runs never meet; or None, where Lambda refuses that because the account has a quota of 10 "
        "runs, as new accounts have. Two runs at a time are in order too. Default: 1.",
    )
    volume_grace_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="How long the volumes of a stopped cluster are kept, in days, 1 to 30. Default: 3.",
    )
    alert_emails: tuple[EmailAddress, ...] = Field(
        default=(),
        description="Who is told of everything that is stopped, left running or about to expire, beside the owner. "
        "Default: nobody.",
    )
    max_nodes: int = Field(default=4, ge=1, le=256, description="The most nodes of one cluster, 1 to 256. Default: 4.")
    max_experiment_days: int = Field(
        default=30, ge=1, description="How far away an experiment's expiry may be, in days. Default: 30."
    )
    experiments: tuple[Experiment, ...] = Field(
        default=(), description="The active experiments, each with a name of its own. Default: none."
    )
    image_repositories: tuple[ImageRepositoryName, ...] = Field(
        default=(),
        description="The container images that are built for this environment, by name: 2 to 40 lower-case letters, "
        "digits and single hyphens, beginning with a letter. Default: none.",
    )
    endpoints: tuple[Endpoint, ...] = Field(
        default=(), description="The models that others ask, each with a name of its own. Default: none."
    )
    models: tuple[RegisteredModel, ...] = Field(
        default=(), description="The models that versions are kept of, each with a name of its own. Default: none."
    )
    feature_groups: tuple[FeatureGroup, ...] = Field(
        default=(), description="The tables of the feature store, each with a name of its own. Default: none."
    )
    tracking: Tracking | None = Field(
        default=None, description="The MLflow tracking server. Default: none, since it is billed by the hour."
    )
    trusted_account_ids: tuple[AccountId, ...] = Field(
        default=(),
        description="Other accounts that may pull this environment's images and read its registered models, such as "
        "that of the environment which they are promoted to. Default: none.",
    )
    teams: tuple[Team, ...] = Field(default=(), description="The teams that work here, by role. Default: none.")
    people: tuple[Person, ...] = Field(
        default=(), description="Who works here, each with a name and an e-mail address of their own. Default: nobody."
    )
    studio: StudioSettings | None = Field(
        default=None, description="SageMaker Studio for the people. Default: None, no Studio."
    )
    pipeline: Pipeline | None = Field(
        default=None,
        description="Which pipeline may plan this environment, and apply to it. Default: none, people do.",
    )

    adopted: tuple[Adopted, ...] = Field(
        default=(),
        description="What was made by hand and is managed since, as `mlinfra adopt` records it. Default: nothing.",
    )
    forgotten: tuple[Forgotten, ...] = Field(
        default=(),
        description="What Terraform lets go of without destroying it, as `mlinfra forget` records it. Default: "
        "nothing.",
    )

    _image_lock: ImageLock = PrivateAttr(default_factory=ImageLock)
    _bucket_record: BucketRecord | None = PrivateAttr(default=None)

    @field_validator("region")
    @classmethod
    def _bucket_names_fit(cls, region: str, info: ValidationInfo) -> str:
        known = info.data
        if {"project", "name", "account_id"} <= known.keys():
            _refuse(overlong_buckets(known["project"], known["name"], known["account_id"], region))
        return region

    @field_validator("bucket_names")
    @classmethod
    def _bucket_names_are_names(cls, names: dict[str, str]) -> dict[str, str]:
        _refuse(bucket_name_problems(names))
        return names

    @field_validator("sizes")
    @classmethod
    def _sizes_are_instance_types(cls, sizes: dict[str, str]) -> dict[str, str]:
        unknown = []
        for size, name in sizes.items():
            try:
                by_name(name)
            except NoOffer as answer:
                unknown.append(f"sizes.{size}: {answer}")
        if unknown:
            raise Problems(unknown)
        return sizes

    @field_validator("images")
    @classmethod
    def _images_are_for_accelerators(cls, images: dict[str, Image]) -> dict[str, Image]:
        accelerators = gpu_models()
        unknown = [each for each in images if each not in accelerators]
        if unknown:
            expected = f"Expected: {', '.join(accelerators)}."
            raise Problems(f"images: {each!r} is not an accelerator of the catalog. {expected}" for each in unknown)
        return images

    @field_validator("experiments")
    @classmethod
    def _experiments_fit(cls, experiments: tuple[Experiment, ...], info: ValidationInfo) -> tuple[Experiment, ...]:
        problems = list(experiment_problems(experiments, info.data))
        today = judged_today()
        if today and "max_experiment_days" in info.data:
            problems += expiry_problems(experiments, info.data["max_experiment_days"], today)
        _refuse(problems)
        return experiments

    @field_validator("endpoints")
    @classmethod
    def _endpoints_fit(cls, endpoints: tuple[Endpoint, ...], info: ValidationInfo) -> tuple[Endpoint, ...]:
        problems = list(repeated("endpoints", _names(endpoints)))
        for each in endpoints:
            problems += endpoint_problems(each, info.data)
        _refuse(problems)
        return endpoints

    @field_validator("image_repositories")
    @classmethod
    def _image_repositories_fit(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        _refuse(repeated("image_repositories", names))
        return names

    @field_validator("models")
    @classmethod
    def _models_fit(cls, models: tuple[RegisteredModel, ...], info: ValidationInfo) -> tuple[RegisteredModel, ...]:
        names = _names(models)
        problems = list(repeated("models", names))
        problems += overlong("models", names, info.data, "model package group", _MODEL_PACKAGE_GROUP_NAME_LIMIT)
        _refuse(problems)
        return models

    @field_validator("feature_groups")
    @classmethod
    def _feature_groups_fit(cls, groups: tuple[FeatureGroup, ...], info: ValidationInfo) -> tuple[FeatureGroup, ...]:
        names = _names(groups)
        problems = list(repeated("feature_groups", names))
        problems += overlong("feature_groups", names, info.data, "feature group", _FEATURE_GROUP_NAME_LIMIT)
        _refuse(problems)
        return groups

    @field_validator("trusted_account_ids")
    @classmethod
    def _trusted_accounts_are_others(cls, account_ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        problems = list(repeated("trusted_account_ids", account_ids))
        if info.data.get("account_id") in account_ids:
            problems.append(
                f"trusted_account_ids: {info.data['account_id']!r} is this environment's own account. Expected: others."
            )
        _refuse(problems)
        return account_ids

    @field_validator("teams")
    @classmethod
    def _teams_fit(cls, teams: tuple[Team, ...]) -> tuple[Team, ...]:
        _refuse(team_problems(teams))
        return teams

    @field_validator("people")
    @classmethod
    def _people_fit(cls, people: tuple[Person, ...], info: ValidationInfo) -> tuple[Person, ...]:
        _refuse(people_problems(people, info.data))
        return people

    @field_validator("studio")
    @classmethod
    def _studio_fits(cls, studio: StudioSettings | None, info: ValidationInfo) -> StudioSettings | None:
        _refuse(studio_problems(studio, info.data) if studio else ())
        return studio

    @field_validator("adopted")
    @classmethod
    def _adopted_fit(cls, adopted: tuple[Adopted, ...]) -> tuple[Adopted, ...]:
        _refuse(adopted_problems(adopted))
        return adopted

    @field_validator("forgotten")
    @classmethod
    def _forgotten_fit(cls, forgotten: tuple[Forgotten, ...]) -> tuple[Forgotten, ...]:
        _refuse(forgotten_problems(forgotten))
        return forgotten

    def judged_on(self, today: date) -> Environment:
        """This environment, once no experiment of it has expired or lasts too long.

        Args:
            today: the day to judge by. It is passed in, so that a synth depends on nothing else.

        Raises:
            DeclarationError: naming each experiment that has to go or get a new date.
        """
        problems = list(expiry_problems(self.experiments, self.max_experiment_days, today))
        if problems:
            subject = f"environment {self.name!r}"
            raise DeclarationError(subject, problems)
        return self

    def in_region(self, region: str, *, name: str | None = None, **changes: Any) -> Environment:  # noqa: ANN401
        """This environment once more, in another region: the same platform, with names and state of its own.

            prod_eu_west_1 = prod.in_region("eu-west-1")

        It has the same experiments, clusters and limits. Machine images have ids of their own in every
        region: `mlinfra images pin` finds them.

        Args:
            region: the other region.
            name: what it is called. Default: this one's name and the region, such as `prod-eu-west-1`: roles of
                IAM are known in all regions, so that two environments of an account may not share a name.
            changes: fields that differ, such as `experiments=()`, or `network_cidr` where both networks are to
                be connected. Default: none do.

        Raises:
            DeclarationError: where it is this region already, or where a value exists in this region alone, such
                as the id of a machine image or a capacity reservation, and `changes` do not replace it.
        """
        subject = f"environment {self.name!r} in {region}"
        if region == self.region:
            problem = f"region: it is in {region} already. Expected: another region."
            raise DeclarationError(subject, [problem])
        # Another bucket of the same name cannot be, anywhere.
        changes = {"bucket_names": {}} | changes | {"region": region, "name": name or f"{self.name}-{region}"}
        left = {*changes, "adopted", "forgotten"}  # each is one resource, of this region
        kept = [each for each in type(self).model_fields if each in self.model_fields_set and each not in left]
        values = {each: getattr(self, each) for each in kept}
        problems = [
            f"{where}: {text!r} exists in {self.region} alone. Expected: {where.partition('.')[0]}=... for {region}, "
            f"given to in_region."
            for where, text in regional_values(values, self.region)
        ]
        if problems:
            raise DeclarationError(subject, problems)
        return type(self)(**values, **changes).with_image_lock(self._image_lock)

    def experiment(self, name: str) -> Experiment:
        """The experiment called `name`.

        Raises:
            KeyError: where there is none, with the names there are.
        """
        return self._named(name, "experiment", self.experiments)

    def expect_declared(self, experiment: Experiment) -> None:
        """See that `experiment` is one of this environment's: nobody answers for a cluster of another.

        Raises:
            ValueError: where it is not, with those that are.
        """
        self._expect_among(experiment, "experiment", self.experiments)

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint called `name`.

        Raises:
            KeyError: where there is none, with the names there are.
        """
        return self._named(name, "endpoint", self.endpoints)

    def expect_declared_endpoint(self, endpoint: Endpoint) -> None:
        """See that `endpoint` is one of this environment's: its limits were judged there.

        Raises:
            ValueError: where it is not, with those that are.
        """
        self._expect_among(endpoint, "endpoint", self.endpoints)

    def person(self, name: str) -> Person:
        """The person called `name`.

        Raises:
            KeyError: where there is none, with the names there are.
        """
        return self._named(name, "person", self.people)

    def team_of(self, person: Person) -> Team:
        """The team that `person` is in."""
        return next(each for each in self.teams if each.name == person.team)

    def _named(self, name: str, kind: str, declared: Sequence[_Named]) -> _Named:
        for each in declared:
            if each.name == name:
                return each
        names = ", ".join(each.name for each in declared) or "none"
        message = f"environment {self.name!r} has no {kind} {name!r}; it has: {names}"
        raise KeyError(message)

    def _expect_among(self, one: _Named, kind: str, declared: Sequence[_Named]) -> None:
        if one not in declared:
            names = ", ".join(each.name for each in declared) or "none"
            message = (
                f"the environment {self.name!r} does not declare the {kind} {one.name!r}. Declared: {names}. Add it to "
                f"the environment's {kind}s."
            )
            raise ValueError(message)

    def choice(self, experiment: Experiment) -> Choice:
        """What a node of `experiment` is, and why."""
        return experiment.choose(self.sizes)

    def instance_type(self, experiment: Experiment) -> InstanceType:
        """What a node of `experiment` is."""
        return self.choice(experiment).instance_type

    def uses_efa(self, experiment: Experiment) -> bool:
        """Whether the nodes of `experiment` talk through Elastic Fabric Adapters."""
        return uses_efa(experiment, self.instance_type(experiment))

    def spend_limit_usd(self, experiment: Experiment) -> float:
        """The most that the cluster of `experiment` may cost, in USD."""
        return experiment.spend_limit_usd or self.monthly_spend_limit_usd

    def with_image_lock(self, lock: ImageLock) -> Environment:
        """This environment, with nodes that boot from what `lock` pins. `load_environments` does it."""
        copy = self.model_copy()
        copy._image_lock = lock  # noqa: SLF001  it is this class's own
        return copy

    def with_bucket_record(self, record: BucketRecord) -> Environment:
        """This environment, whose protected buckets have to be called what `record` says.

        `load_environments` does it.
        """
        copy = self.model_copy()
        copy._bucket_record = record  # noqa: SLF001  it is this class's own
        return copy

    def with_adopted(self, adopted: Iterable[Adopted], forgotten: Iterable[Forgotten] = ()) -> Environment:
        """This environment, with what its records say beside what it declares. `load_environments` does it.

        Raises:
            DeclarationError: where something stands there twice.
        """
        all_adopted, all_forgotten = (*self.adopted, *adopted), (*self.forgotten, *forgotten)
        if problems := [*adopted_problems(all_adopted), *forgotten_problems(all_forgotten)]:
            subject = f"environment {self.name!r}"
            raise DeclarationError(subject, problems)
        return self.model_copy(update={"adopted": all_adopted, "forgotten": all_forgotten})

    def expect_recorded_buckets(self, uses: Iterable[str]) -> None:
        """See that the buckets of a protected data lake are called what they were.

        An environment that was not read by `load_environments` has no record, and nothing is compared.

        Args:
            uses: what the buckets are for.

        Raises:
            DeclarationError: where a name is another, or none is recorded, with what to do.
        """
        if self._bucket_record is not None:
            self._bucket_record.expect(self.name, {use: self.names.bucket(use) for use in uses})

    def image(self, experiment: Experiment) -> NodeImage:
        """What a node of `experiment` boots from: what `images` names, or else what the image lock pins.

        Raises:
            DeclarationError: where neither has one, with the command that pins it; or the pinned image is known
                to lack the CUDA version that the experiment needs.
        """
        accelerator = self.instance_type(experiment).accelerator
        named = self.images.get(accelerator)
        if named is not None:
            return NodeImage(named.reference, named.root_device)
        family = gpu_image_family(accelerator)
        assert family is not None  # noqa: S101  refused when the environment was declared
        pin = self._image_lock.pin_for(self.region, family, emulated=self.emulated)
        if experiment.cuda and pin.cuda and experiment.cuda not in pin.cuda:
            subject = f"experiment {experiment.name!r}"
            problem = (
                f"cuda: {experiment.cuda!r} is not in the pinned image {pin.name!r}. Expected: one of "
                f"{', '.join(pin.cuda)}; or pin another image: `mlinfra images diff {self.name}` shows the newest."
            )
            raise DeclarationError(subject, [problem])
        return NodeImage(pin.image_id, pin.root_device, driver=pin.driver, cuda=pin.cuda)

    @property
    def names(self) -> ResourceNames:
        """The names of AWS resources that follow from this environment."""
        return ResourceNames(
            project=self.project,
            environment=self.name,
            account_id=self.account_id,
            region=self.region,
            bucket_names=self.bucket_names,
        )

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


def _refuse(problems: Iterable[str]) -> None:
    """Refuse what a validator looks at, where it has found problems."""
    if found := list(problems):
        raise Problems(found)


def _names(declared: Sequence[RegisteredModel | FeatureGroup | Endpoint]) -> list[str]:
    """The names that are sound; for the others their own declaration was refused."""
    return [each.name for each in declared if isinstance(each.name, str)]
