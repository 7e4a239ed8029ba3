"""An environment as a team declares it, and what follows from its fields. Data only, no cdktf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mlinfra.catalog import Choice, NodeImage, image_family
from mlinfra.declarations.endpoint import Endpoint
from mlinfra.declarations.environment_fields import EnvironmentFields
from mlinfra.declarations.experiment import Experiment
from mlinfra.declarations.experiment_rules import uses_efa
from mlinfra.declarations.expiry import ExpiredExperiment, has_expired
from mlinfra.declarations.people import Person, Team
from mlinfra.declarations.permissions_boundary import OWN_BOUNDARY
from mlinfra.declarations.region_scope import regional_values
from mlinfra.declarations.resource_names import ResourceNames
from mlinfra.declarations.training_queue import Queue
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from mlinfra.catalog import InstanceType

_Named = TypeVar("_Named", Experiment, Queue, Endpoint, Person)

_VACANT_MINUTES = 5
"""The time of a boot: a longer wait costs more than the restart that it may save."""
_OF_ONE_ENVIRONMENT = frozenset({"adopted", "forgotten", "bucket_record"})
"""Fields about resources that exist once, in one region."""


class Environment(EnvironmentFields):
    """One environment of the platform: an account, a region, and what runs there.

    Environments carry data, never code paths: what differs between two of them is a field.

    Raises:
        DeclarationError: with every problem at once.
    """

    def in_region(self, region: str, *, name: str | None = None, **changes: Any) -> Environment:  # noqa: ANN401
        """A copy of this environment in another region: the same platform, with its own names and state.

            prod_eu_west_1 = prod.in_region("eu-west-1")

        It has the same experiments, clusters and limits. Image ids differ by region: run `mlinfra images pin` for the
        new environment.

        Args:
            region: the other region.
            name: the name of the new environment. Default: this one's name and the region, such as
                `prod-eu-west-1`. IAM roles are global, so two environments of an account cannot share a name.
            changes: fields that differ, such as `experiments=()`, or `network_cidr` if both networks will be
                connected. Default: none.

        Raises:
            DeclarationError: if the region is this environment's own, or if `changes` does not replace a value that
                exists only in this region, such as the id of a machine image or a capacity reservation.
        """
        subject = f"environment {self.name!r} in {region}"
        if region == self.region:
            problem = f"region: the environment is already in {region}. Expected: another region."
            raise DeclarationError(subject, [problem])
        # Bucket names are unique in all of AWS.
        changes = {"bucket_names": {}} | changes | {"region": region, "name": name or f"{self.name}-{region}"}
        if self.pipeline and changes.get("account_id", self.account_id) == self.account_id:
            # An account has one provider for each issuer, which this environment creates or found.
            changes = {"pipeline": self.pipeline.model_copy(update={"create_provider": False})} | changes
        left = {*changes, *_OF_ONE_ENVIRONMENT}
        kept = [each for each in type(self).model_fields if each in self.model_fields_set and each not in left]
        values = {each: getattr(self, each) for each in kept}
        problems = [
            f"{where}: {text!r} exists only in {self.region}. Expected: {where.partition('.')[0]}=... for {region}, as "
            f"an argument of in_region."
            for where, text in regional_values(values, self.region)
        ]
        if problems:
            raise DeclarationError(subject, problems)
        return type(self)(**values | {"today": self.today, "image_lock": self.image_lock} | changes)

    def experiment(self, name: str) -> Experiment:
        """The experiment called `name`.

        Raises:
            KeyError: if it is not declared, with the declared names.
        """
        return self._named(name, "experiment", self.experiments)

    def expect_declared(self, experiment: Experiment) -> None:
        """Check that `experiment` is declared in this environment.

        Raises:
            ValueError: if it is not declared, with the declared names.
        """
        self._expect_among(experiment, "experiment", self.experiments)

    def queue(self, name: str) -> Queue:
        """The queue called `name`.

        Raises:
            KeyError: if there is none, with the declared names.
        """
        return self._named(name, "queue", self.queues)

    def expect_declared_queue(self, queue: Queue) -> None:
        """Check that `queue` is one of this environment's: its names were validated there.

        Raises:
            ValueError: if it is not, with the declared ones.
        """
        self._expect_among(queue, "queue", self.queues)

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint called `name`.

        Raises:
            KeyError: if it is not declared, with the declared names.
        """
        return self._named(name, "endpoint", self.endpoints)

    def expect_declared_endpoint(self, endpoint: Endpoint) -> None:
        """Check that `endpoint` is declared in this environment, which has checked its limits.

        Raises:
            ValueError: if it is not declared, with the declared names.
        """
        self._expect_among(endpoint, "endpoint", self.endpoints)

    def person(self, name: str) -> Person:
        """The person called `name`.

        Raises:
            KeyError: if it is not declared, with the declared names.
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
        """The instance type of a node of `experiment`, and the reason for it."""
        return experiment.choose(self.sizes)

    def instance_type(self, experiment: Experiment) -> InstanceType:
        """The instance type of a node of `experiment`."""
        return self.choice(experiment).instance_type

    def uses_efa(self, experiment: Experiment) -> bool:
        """True if the nodes of `experiment` communicate through Elastic Fabric Adapters."""
        return uses_efa(experiment, self.instance_type(experiment))

    def has_expired(self, experiment: Experiment) -> bool:
        """True if the last day of `experiment` is over. False if the present day is unknown: see `today`."""
        return has_expired(experiment, self.today)

    def expired_experiments(self, today: date | None = None) -> tuple[ExpiredExperiment, ...]:
        """The experiments that have expired by `today`, in the order of their declaration.

        Args:
            today: the present day. Default: the environment's `today`; without one, none have expired.
        """
        day = today or self.today
        if day is None:
            return ()
        return tuple(
            ExpiredExperiment(self.name, each.name, each.owner, each.expires, (day - each.expires).days)
            for each in self.experiments
            if has_expired(each, day)
        )

    def cluster_size(self, experiment: Experiment) -> int:
        """The number of nodes in the cluster of `experiment`: 0 if it has expired, otherwise its `nodes`."""
        return 0 if self.has_expired(experiment) else experiment.nodes

    @property
    def vacancy_minutes(self) -> int:
        """The time after which a cluster is idle on whose nodes nothing could start work, in minutes."""
        if self.vacant_minutes is not None:
            return self.vacant_minutes
        # A declared pause is kept in full.
        declared = self.pause_minutes if "pause_minutes" in self.model_fields_set else 0
        return declared or _VACANT_MINUTES

    def spend_limit_usd(self, experiment: Experiment) -> float:
        """The spend limit of the cluster of `experiment`, in USD."""
        return experiment.spend_limit_usd or self.monthly_spend_limit_usd

    def expect_recorded_buckets(self, uses: Iterable[str]) -> None:
        """Check that the buckets of a protected data lake have their recorded names.

        An environment that was not read by `load_environments` has no record, and nothing is compared.

        Args:
            uses: the uses of the buckets, such as `raw`.

        Raises:
            DeclarationError: if a name differs from the recorded one or is not recorded, with the remedies.
        """
        if self.bucket_record is not None:
            self.bucket_record.expect(self.name, {use: self.names.bucket(use) for use in uses})

    def image(self, experiment: Experiment) -> NodeImage:
        """The machine image of the nodes of `experiment`: the one in `images` for its accelerator, else the pinned one.

        Raises:
            DeclarationError: if there is neither, with the command that pins one; or if the pinned image lacks the CUDA
                version of the experiment.
        """
        accelerator = self.instance_type(experiment).accelerator
        named = self.images.get(accelerator)
        if named is not None:
            return NodeImage(named.reference, named.root_device)
        family = image_family(accelerator)
        assert family is not None  # noqa: S101  refused when the environment was declared
        pin = self.image_lock.pin_for(self.region, family, emulated=self.emulated)
        if experiment.cuda and pin.cuda and experiment.cuda not in pin.cuda:
            subject = f"experiment {experiment.name!r}"
            problem = (
                f"cuda: {experiment.cuda!r} is not in the pinned image {pin.name!r}. Expected: one of "
                f"{', '.join(pin.cuda)}; or pin another image: `mlinfra images diff {self.name}` shows the newest."
            )
            raise DeclarationError(subject, [problem])
        return NodeImage(pin.image_id, pin.root_device, driver=pin.driver, cuda=pin.cuda)

    @property
    def has_own_boundary(self) -> bool:
        """True if mlinfra creates the permissions boundary of this environment's roles."""
        return self.permissions_boundary == OWN_BOUNDARY

    @property
    def boundary_arn(self) -> str | None:
        """The ARN of the permissions boundary of every role of a workload. None if roles have none."""
        if self.has_own_boundary:
            return f"arn:aws:iam::{self.account_id}:policy/{self.names.boundary}"
        return self.permissions_boundary

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
            auto_stop: True if the janitor may stop the resources.
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
        } | self.tag_rules.additional
