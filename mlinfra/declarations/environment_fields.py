"""Fields of an environment, and the rules that they must satisfy."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field, InstanceOf, ValidationInfo, field_validator

from mlinfra.catalog import ImageLock, NoOffer, by_name, gpu_models
from mlinfra.declarations.adopted import Adopted, adopted_problems, load_adopted
from mlinfra.declarations.base import Declaration, current_judgement, duplicates, refuse, shown
from mlinfra.declarations.bucket_record import BucketRecord
from mlinfra.declarations.cost_assumptions import CostAssumptions
from mlinfra.declarations.data_lake import DataLakeSettings
from mlinfra.declarations.endpoint import Endpoint, endpoint_problems
from mlinfra.declarations.experiment import Experiment
from mlinfra.declarations.experiment_rules import experiment_problems
from mlinfra.declarations.expiry import expiry_problems
from mlinfra.declarations.feature_group import FeatureGroup
from mlinfra.declarations.forgotten import Forgotten, forgotten_problems, load_forgotten
from mlinfra.declarations.governance import Governance, governance_problems
from mlinfra.declarations.image import Image
from mlinfra.declarations.location import PrivateNetwork, Region
from mlinfra.declarations.name_rules import bucket_name_problems, overlong, overlong_buckets
from mlinfra.declarations.people import Person, Team
from mlinfra.declarations.people_rules import people_problems, studio_problems, team_problems
from mlinfra.declarations.permissions_boundary import OWN_BOUNDARY, boundary_problems
from mlinfra.declarations.pipeline import Pipeline
from mlinfra.declarations.private_access import (
    ENDPOINT_USD_PER_MONTH,
    NODE_ENDPOINTS,
    QUEUE_ENDPOINTS,
    route_problems,
)
from mlinfra.declarations.quiet_hours import QuietHours
from mlinfra.declarations.registered_model import RegisteredModel
from mlinfra.declarations.spend_limits import SPEND_FIELDS, SpendLimits, spend_problems, team_limit_problems
from mlinfra.declarations.studio import StudioSettings
from mlinfra.declarations.tag_rules import TagRules, tag_rule_problems
from mlinfra.declarations.tracking import Tracking
from mlinfra.declarations.training_queue import Queue, queue_problems
from mlinfra.declarations.types import LAKE_BUCKETS, AccountId, EmailAddress, Name, TagValue
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

DEFAULT_SIZES: Mapping[str, str] = MappingProxyType(
    {"small": "p3.2xlarge", "medium": "p3.8xlarge", "large": "p3.16xlarge"}
)
"""The sizes of an environment that declares none: 1, 4 and 8 NVIDIA V100."""

# SageMaker API reference, CreateModelPackageGroup and CreateFeatureGroup, read 2026-11-26.
_MODEL_PACKAGE_GROUP_NAME_LIMIT = 63
_FEATURE_GROUP_NAME_LIMIT = 64

ImageRepositoryName = Annotated[Name, Field(min_length=2, max_length=40)]
_Entry = TypeVar("_Entry", Adopted, Forgotten)


class EnvironmentFields(Declaration):
    """The fields of `Environment`, each valid and all of them consistent.

    Raises:
        DeclarationError: with every problem at once.
    """

    today: date | None = Field(
        default_factory=lambda: current_judgement().today,
        exclude=True,
        repr=False,
        description="The day that expiries are compared with, given by `load_environments`. Default: none.",
    )
    image_lock: InstanceOf[ImageLock] = Field(
        default_factory=lambda: current_judgement().image_lock,
        exclude=True,
        repr=False,
        description="The pinned machine images, given by `load_environments`. Default: none are pinned.",
    )
    bucket_record: InstanceOf[BucketRecord] | None = Field(
        default_factory=lambda: current_judgement().bucket_record,
        exclude=True,
        repr=False,
        description="The recorded bucket names, given by `load_environments`. Default: none, names are not compared.",
    )

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
    account_id: AccountId = Field(description="The AWS account, exactly 12 digits, as text.")
    region: Region = Field(description="The AWS region, such as us-east-1.")
    team: TagValue = Field(
        description="The team that owns the environment, the tag Team of all its resources: 1 to 256 characters that "
        "AWS tags allow."
    )
    cost_center: TagValue = Field(description="The cost center that pays: 1 to 256 characters that AWS tags allow.")
    repository: TagValue = Field(
        description="The repository of this code, such as gitlab.example.com/ml/platform: 1 to 256 characters that AWS "
        "tags allow."
    )
    created_by: TagValue = Field(
        default="mlinfra",
        description="The tool that created the resources: 1 to 256 characters that AWS tags allow. Default: mlinfra.",
    )
    monthly_spend_limit_usd: float = Field(
        gt=0,
        description="The most that the experiments may cost in a month, in USD, above 0: an environment whose "
        "experiments can cost more is rejected. It is also the limit of a cluster whose experiment declares none.",
    )

    cost: CostAssumptions = Field(
        default_factory=CostAssumptions,
        description="Assumptions about use, and agreed prices, for estimates of costs. Default: those of "
        "CostAssumptions, at list prices.",
    )
    permissions_boundary: str | None = Field(
        default=OWN_BOUNDARY,
        description="The permissions boundary of every role that mlinfra creates for a workload: mlinfra (the policy "
        "<project>-<name>-boundary, which `mlinfra bootstrap` creates); the ARN of another policy of the account or of "
        "AWS; or None for no boundary. Default: mlinfra.",
    )
    protect_data: bool = Field(
        default=True,
        description="True if Terraform refuses to destroy the data lake's buckets and their key. Default: True.",
    )
    data_lake: DataLakeSettings = Field(
        default_factory=DataLakeSettings,
        description="Optional features of the data lake. Default: no events, no inventory, no queries, no access from "
        "other accounts.",
    )
    bucket_names: dict[str, str] = Field(
        default_factory=dict,
        description="Buckets of the data lake with a name that does not follow from project, name, account_id and "
        f"region: by {', '.join(LAKE_BUCKETS[:-1])} or {LAKE_BUCKETS[-1]}. Default: none.",
    )
    network_cidr: PrivateNetwork = Field(
        default="10.0.0.0/16", description="The VPC's private IPv4 network, /16 to /20. Default: 10.0.0.0/16."
    )
    availability_zones: int = Field(
        default=3, ge=2, le=6, description="Zones of the region to have a subnet in, 2 to 6. Default: 3."
    )
    nat_gateways: Literal["none", "single", "per-zone"] = Field(
        default="single",
        description="Internet access of private subnets: none; single (one gateway, about 33 USD a month before "
        "traffic); per-zone (one gateway for each zone, which survives the loss of a zone). Default: single.",
    )
    interface_endpoints: bool = Field(
        default=False,
        description="True if the network has endpoints for the AWS services that nodes call, so that nodes need no NAT "
        "gateway for them. Required for experiments and queues where nat_gateways is none. Price in us-east-1: about "
        f"{ENDPOINT_USD_PER_MONTH:.2f} USD a month for each of {NODE_ENDPOINTS} endpoints (queues add "
        f"{QUEUE_ENDPOINTS}) in each zone, before traffic at 0.01 USD per GB. Default: False.",
    )
    flow_log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = Field(
        default=90,
        description="The retention of VPC flow logs, in days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, "
        "545 or 731. Default: 90.",
    )
    native_state_lock: bool = Field(
        default=False,
        description="True if state is locked by a file in the bucket too, which needs Terraform 1.10 or newer "
        "everywhere. Default: False.",
    )
    emulated: bool = Field(
        default=False,
        description="True if the account is a local AWS: path-style S3 addresses, and endpoints from AWS_ENDPOINT_URL. "
        "Default: False.",
    )

    sizes: dict[str, str] = Field(
        default_factory=lambda: dict(DEFAULT_SIZES),
        description="Sizes that experiments can ask for: instance types by size. Default: small p3.2xlarge, medium "
        "p3.8xlarge, large p3.16xlarge.",
    )
    images: dict[str, Image] = Field(
        default_factory=dict,
        description="Machine images by accelerator, instead of those that the image lock pins. Default: none.",
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="The time at which clusters without work are stopped. Default: none."
    )
    idle_minutes: int = Field(
        default=20,
        ge=20,
        le=360,
        multiple_of=5,
        description="The time without activity after which a node counts as idle, in minutes: 20 to 360, a multiple of "
        "5. Default: 20.",
    )
    idle_gpu_percent: float = Field(
        default=5,
        gt=0,
        le=50,
        description="The utilization below which a GPU is idle, in percent, above 0 and up to 50. Default: 5.",
    )
    stalled_minutes: int = Field(
        default=60,
        ge=15,
        le=1_440,
        description="The time after which a node with compute processes without progress is idle, and a job that "
        "stopped reporting progress counts as hung, in minutes, 15 to 1440. Default: 60.",
    )
    silence_minutes: int = Field(
        default=30,
        ge=10,
        le=1_440,
        description="The time without reports of a node's guard after which its GPU metrics alone decide about "
        "idleness, and after which the owner is notified of the silence of either source, in minutes, 10 to 1440. "
        "Default: 30.",
    )
    pause_minutes: int = Field(
        default=10,
        ge=0,
        le=60,
        description="The time between the end of a job and the stop of its cluster, in minutes, 0 to 60, for the next "
        "job to start, also in quiet hours; 0: it is stopped at once. Default: 10.",
    )
    vacant_minutes: int | None = Field(
        default=None,
        ge=2,
        le=1_440,
        description="The time after which a cluster is idle on whose nodes no process or timer could start work, in "
        "minutes, 2 to 1440, also during the pause after a job. Default: pause_minutes if that is set and above 0, "
        "else 5.",
    )
    expiry_grace_hours: int = Field(
        default=24,
        ge=0,
        le=720,
        description="The time after its expiry at which a cluster is stopped even if it is busy, in hours, 0 to 720. "
        "Default: 24.",
    )
    janitor_dry_run: bool = Field(
        default=False,
        description="True if the janitor only reports the clusters that it would stop; it still sends notices about "
        "expiry and spend limits. Default: False.",
    )
    reserved_concurrency: Literal[1] | None = Field(
        default=1,
        description="Reserved concurrency of each function: 1, so that it can always run, and runs never overlap; or "
        "None, where Lambda rejects that because the account has a quota of 10 concurrent runs, as new "
        "accounts have. Overlapping runs are safe too. Default: 1.",
    )
    volume_grace_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="The grace period after which volumes of a stopped cluster are deleted, in days, 1 to 30. "
        "Default: 3.",
    )
    alert_emails: tuple[EmailAddress, ...] = Field(
        default=(),
        description="E-mail addresses that are notified, in addition to the owner, when a resource is stopped, left "
        "running or about to expire. Default: none.",
    )
    max_nodes: int = Field(default=4, ge=1, le=256, description="The most nodes of one cluster, 1 to 256. Default: 4.")
    max_experiment_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        description="The longest time until an experiment expires, in days, 1 to 3650. Default: 30.",
    )
    experiments: tuple[Experiment, ...] = Field(
        default=(), description="The experiments, with unique names. Default: none."
    )
    queues: tuple[Queue, ...] = Field(
        default=(), description="The queues of training jobs that teams share, with unique names. Default: none."
    )
    image_repositories: tuple[ImageRepositoryName, ...] = Field(
        default=(),
        description="The container images that are built for this environment, by name: 2 to 40 lower-case letters, "
        "digits and single hyphens, beginning with a letter. Default: none.",
    )
    endpoints: tuple[Endpoint, ...] = Field(
        default=(), description="The model endpoints, with unique names. Default: none."
    )
    models: tuple[RegisteredModel, ...] = Field(
        default=(), description="The registered models, with unique names. Default: none."
    )
    feature_groups: tuple[FeatureGroup, ...] = Field(
        default=(), description="The tables of the feature store, with unique names. Default: none."
    )
    tracking: Tracking | None = Field(
        default=None, description="The MLflow tracking server. Default: none, since it is billed by the hour."
    )
    trusted_account_ids: tuple[AccountId, ...] = Field(
        default=(),
        description="Other accounts that may pull this environment's images and read its registered models, such as "
        "the account of the environment that models are promoted to. Default: none.",
    )
    teams: tuple[Team, ...] = Field(
        default=(), description="The teams of people who work here, each with a role in Studio. Default: none."
    )
    people: tuple[Person, ...] = Field(
        default=(), description="The people who work here, with unique names and e-mail addresses. Default: none."
    )
    studio: StudioSettings | None = Field(
        default=None, description="SageMaker Studio for the people. Default: None, no Studio."
    )
    tag_rules: TagRules = Field(
        default_factory=TagRules,
        description="Additional tags of every resource, and the allowed values of tags. Default: neither.",
    )
    pipeline: Pipeline | None = Field(
        default=None,
        description="The pipeline that may plan this environment and apply to it. Default: none, people do.",
    )

    spend_limits: SpendLimits = Field(
        default_factory=SpendLimits,
        description="Limits of what experiments can cost, by hour, owner and team. An environment whose experiments "
        "can exceed them, or its monthly_spend_limit_usd, is rejected. Default: only monthly_spend_limit_usd.",
    )
    governance: Governance = Field(
        default_factory=Governance,
        description="Budgets, anomaly alerts, cost-allocation tags and notifications. Default: a budget of "
        "monthly_spend_limit_usd, and a dashboard.",
    )

    adopted: tuple[Adopted, ...] = Field(
        default=(),
        description="Resources that were created by hand and are managed now, as recorded by `mlinfra adopt`. Default: "
        "none.",
    )
    forgotten: tuple[Forgotten, ...] = Field(
        default=(),
        description="Resources that Terraform stops managing without destroying them, as recorded by `mlinfra forget`. "
        "Default: none.",
    )

    @field_validator("region")
    @classmethod
    def _bucket_names_fit(cls, region: str, info: ValidationInfo) -> str:
        known = info.data
        if {"project", "name", "account_id"} <= known.keys():
            refuse(overlong_buckets(known["project"], known["name"], known["account_id"], region))
        return region

    @field_validator("bucket_names")
    @classmethod
    def _bucket_names_are_names(cls, names: dict[str, str]) -> dict[str, str]:
        refuse(bucket_name_problems(names))
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
        refuse(unknown)
        return sizes

    @field_validator("images")
    @classmethod
    def _images_are_for_accelerators(cls, images: dict[str, Image]) -> dict[str, Image]:
        accelerators = gpu_models()
        unknown = [each for each in images if each not in accelerators]
        expected = f"Expected: {', '.join(accelerators)}."
        refuse(f"images: {shown(each)} is not an accelerator of the catalog. {expected}" for each in unknown)
        return images

    @field_validator("permissions_boundary")
    @classmethod
    def _boundary_is_a_policy(cls, boundary: str | None, info: ValidationInfo) -> str | None:
        refuse(boundary_problems(boundary, info.data.get("account_id")))
        return boundary

    @field_validator("experiments")
    @classmethod
    def _experiments_fit(cls, experiments: tuple[Experiment, ...], info: ValidationInfo) -> tuple[Experiment, ...]:
        problems = [
            *experiment_problems(experiments, info.data),
            *route_problems("experiments", [each.name for each in experiments], info.data),
        ]
        today = info.data.get("today")
        if today and "max_experiment_days" in info.data:
            problems += expiry_problems(experiments, info.data["max_experiment_days"], today)
        refuse(problems)
        return experiments

    @field_validator("queues")
    @classmethod
    def _queues_fit(cls, queues: tuple[Queue, ...], info: ValidationInfo) -> tuple[Queue, ...]:
        names = [each.name for each in queues if isinstance(each.name, str)]
        refuse([*queue_problems(queues, info.data), *route_problems("queues", names, info.data)])
        return queues

    @field_validator("endpoints")
    @classmethod
    def _endpoints_fit(cls, endpoints: tuple[Endpoint, ...], info: ValidationInfo) -> tuple[Endpoint, ...]:
        problems = list(duplicates("endpoints", _names(endpoints)))
        for each in endpoints:
            problems += endpoint_problems(each, info.data)
        refuse(problems)
        return endpoints

    @field_validator("image_repositories")
    @classmethod
    def _image_repositories_fit(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        refuse(duplicates("image_repositories", names))
        return names

    @field_validator("models")
    @classmethod
    def _models_fit(cls, models: tuple[RegisteredModel, ...], info: ValidationInfo) -> tuple[RegisteredModel, ...]:
        names = _names(models)
        problems = list(duplicates("models", names))
        problems += overlong("models", names, info.data, "model package group", _MODEL_PACKAGE_GROUP_NAME_LIMIT)
        refuse(problems)
        return models

    @field_validator("feature_groups")
    @classmethod
    def _feature_groups_fit(cls, groups: tuple[FeatureGroup, ...], info: ValidationInfo) -> tuple[FeatureGroup, ...]:
        names = _names(groups)
        problems = list(duplicates("feature_groups", names))
        problems += overlong("feature_groups", names, info.data, "feature group", _FEATURE_GROUP_NAME_LIMIT)
        refuse(problems)
        return groups

    @field_validator("trusted_account_ids")
    @classmethod
    def _trusted_accounts_are_others(cls, account_ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        problems = list(duplicates("trusted_account_ids", account_ids, kind="accounts"))
        if info.data.get("account_id") in account_ids:
            problems.append(
                f"trusted_account_ids: {info.data['account_id']!r} is this environment's own account. Expected: others."
            )
        refuse(problems)
        return account_ids

    @field_validator("teams")
    @classmethod
    def _teams_fit(cls, teams: tuple[Team, ...]) -> tuple[Team, ...]:
        refuse(team_problems(teams))
        return teams

    @field_validator("people")
    @classmethod
    def _people_fit(cls, people: tuple[Person, ...], info: ValidationInfo) -> tuple[Person, ...]:
        refuse(people_problems(people, info.data))
        return people

    @field_validator("studio")
    @classmethod
    def _studio_fits(cls, studio: StudioSettings | None, info: ValidationInfo) -> StudioSettings | None:
        refuse(studio_problems(studio, info.data) if studio else ())
        return studio

    @field_validator("tag_rules")
    @classmethod
    def _tags_are_allowed(cls, rules: TagRules, info: ValidationInfo) -> TagRules:
        refuse(tag_rule_problems(rules, info.data))
        return rules

    @field_validator("governance")
    @classmethod
    def _governance_fits(cls, governance: Governance, info: ValidationInfo) -> Governance:
        refuse(governance_problems(governance, info.data))
        return governance

    @field_validator("spend_limits")
    @classmethod
    def _experiments_are_within_limits(cls, limits: SpendLimits, info: ValidationInfo) -> SpendLimits:
        known = info.data
        problems = list(team_limit_problems(limits, known.get("teams", ())))
        today = known.get("today")
        # A local AWS costs nothing.
        is_known = known.keys() >= SPEND_FIELDS and not any(each.is_rejected for each in known["experiments"])
        if today and is_known and not known.get("emulated"):
            problems += spend_problems(limits, known, today)
        refuse(problems)
        return limits

    @field_validator("adopted")
    @classmethod
    def _adopted_fit(cls, adopted: tuple[Adopted, ...], info: ValidationInfo) -> tuple[Adopted, ...]:
        adopted = (*adopted, *_recorded(load_adopted, info))
        refuse(adopted_problems(adopted))
        return adopted

    @field_validator("forgotten")
    @classmethod
    def _forgotten_fit(cls, forgotten: tuple[Forgotten, ...], info: ValidationInfo) -> tuple[Forgotten, ...]:
        forgotten = (*forgotten, *_recorded(load_forgotten, info))
        refuse(forgotten_problems(forgotten))
        return forgotten


def _recorded(load: Callable[[Path, str], tuple[_Entry, ...]], info: ValidationInfo) -> tuple[_Entry, ...]:
    """The entries of the environment's record; none where the project's records are not read."""
    judgement = current_judgement()
    if judgement.records is None or "name" not in info.data:
        return ()
    try:
        return load(judgement.records, info.data["name"])
    except DeclarationError as error:
        judgement.reject(error)
        return ()


def _names(declared: Sequence[RegisteredModel | FeatureGroup | Endpoint]) -> list[str]:
    """The names that are sound; for the others their own declaration was refused."""
    return [each.name for each in declared if isinstance(each.name, str)]
