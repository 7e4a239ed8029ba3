"""SageMaker Studio: notebooks that are private, of a team's own size, and shut down when idle."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mlinfra._cdk import Construct, Token
from mlinfra._cdk.aws import (
    sagemaker_domain,
    sagemaker_user_profile,
    security_group as security_groups,
)
from mlinfra.constructs.parts import allow_out, environment_of, policy_document
from mlinfra.constructs.studio.permissions import app_statements, team_policy
from mlinfra.constructs.studio.role import StudioRole
from mlinfra.constructs.studio.script import StudioScript
from mlinfra.constructs.studio.space import StudioSpace
from mlinfra.constructs.studio.user_settings import UserSettings
from mlinfra.declarations import SHARED_ROLE, Space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.constructs.parts import PrivateNetwork
    from mlinfra.declarations import Environment, Person, StudioApp, StudioSettings, Team

_MOST_SUBNETS = 16

_T = TypeVar("_T")


class Studio(Construct):
    """A SageMaker domain for the users of an environment.

    It is accessed over TLS and runs inside the VPC: apps have no public address and accept no connections.
    Home directories and volumes are encrypted with a key of the environment. JupyterLab and Code Editor
    are shut down when idle, at the latest after the time that the environment allows.

    Each team has a role, which its members use in their private spaces. A role per person is not needed:
    CloudTrail records the person as the source identity, and a condition checks the owner of a space.
    Shared spaces of all teams use one further role, since SageMaker has one for all shared spaces of a
    domain: grant it only what every team may access.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        network: PrivateNetwork,
        environment: Environment | None = None,
    ) -> None:
        """Declare the domain, with the teams, people and `studio` that the environment declares.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            network: the VPC, the private subnets for apps, and the KMS key for home directories and volumes: a
                `Platform`, a `Network` or `NetworkSettings`. There may be up to 16 subnets, with 2 to 4 free
                addresses for each person and a route to SageMaker: a NAT gateway or endpoints. The key should
                belong to another stack: retained home directories need it after the domain is deleted.
            environment: the environment of the studio. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no studio, or the network has more than 16 private subnets.
        """
        environment = environment_of(scope, environment)
        if environment.studio is None:
            message = (
                f"the environment {environment.name!r} declares no studio. Expected: studio=StudioSettings() in it, "
                f"with people and teams."
            )
            raise ValueError(message)
        vpc_id, subnet_ids = network.vpc_id, list(network.private_subnet_ids)
        if not Token.is_unresolved(subnet_ids) and len(subnet_ids) > _MOST_SUBNETS:
            message = f"network has {len(subnet_ids)} private subnets. Expected: at most {_MOST_SUBNETS}."
            raise ValueError(message)

        super().__init__(scope, id)
        self._environment = environment
        self._settings: StudioSettings = environment.studio
        self._key_arn = network.compute_key_arn
        self._name = f"{environment.names.prefix}-studio"
        self._security_group = self._app_security_group(vpc_id)
        self._scripts: Mapping[StudioApp, str] = {
            app: StudioScript(self, f"script-{app}", prefix=self._name, app=app, script=script).arn
            for app, script in self._settings.lifecycle_scripts.items()
        }
        self._shared = self._role(SHARED_ROLE, "Apps in shared spaces of all teams.", {})
        self._teams = {each.name: self._team_role(each) for each in environment.teams}
        self._domain = self._sagemaker_domain(vpc_id, subnet_ids)
        self._shared.allow(policy_document(*app_statements(environment, key_arn=self._key_arn)))
        for team in environment.teams:
            self._teams[team.name].allow(self._team_policy(team))
        self._profiles = {each.name: self._profile(each) for each in environment.people}
        self._spaces = {each.name: self._space(each) for each in self._declared_spaces()}

    @property
    def domain(self) -> sagemaker_domain.SagemakerDomain:
        """The domain itself."""
        return self._domain

    @property
    def domain_id(self) -> str:
        """The domain's id."""
        return str(self._domain.id)

    @property
    def security_group(self) -> security_groups.SecurityGroup:
        """The security group of all apps: no inbound traffic; outbound HTTPS, and NFS within the network."""
        return self._security_group

    @property
    def shared(self) -> StudioRole:
        """The role of shared spaces of all teams: `lake.grant_read(studio.shared)`."""
        return self._shared

    def team(self, name: str) -> StudioRole:
        """The role of a team's members: `lake.grant_read(studio.team("ranking"))`.

        Raises:
            KeyError: if there is no such team, with the names of all teams.
        """
        return _named("team", name, self._teams)

    def user_profile(self, name: str) -> sagemaker_user_profile.SagemakerUserProfile:
        """The user profile of a person.

        Raises:
            KeyError: if there is no such person, with the names of all.
        """
        return _named("person", name, self._profiles)

    def space(self, name: str) -> StudioSpace:
        """A space that was declared, or the private one of a person.

        Raises:
            KeyError: if there is no such space, with the names of all.
        """
        return _named("space", name, self._spaces)

    def _declared_spaces(self) -> list[Space]:
        own = [Space(name=each.name, owner=each.name) for each in self._environment.people]
        return [*(own if self._settings.private_spaces else []), *self._settings.spaces]

    def _role(self, name: str, description: str, tags: Mapping[str, str]) -> StudioRole:
        return StudioRole(
            self,
            f"role-{name}",
            name=self._environment.names.studio_role(name),
            description=description,
            tags=tags,
            environment=self._environment,
        )

    def _team_role(self, team: Team) -> StudioRole:
        return self._role(team.name, f"The people of the team {team.name} in Studio.", {"Team": team.name})

    def _team_policy(self, team: Team) -> str:
        environment = self._environment
        return team_policy(
            environment,
            domain_id=self.domain_id,
            role_arn=self._teams[team.name].arn,
            key_arn=self._key_arn,
            instance_types=team.instance_types,
            shared_spaces=[
                each.name
                for each in self._settings.spaces
                if each.shared and environment.person(each.owner).team == team.name
            ],
        )

    def _begins_on(self, team: Team) -> str:
        default = self._settings.default_instance_type
        return default if default in team.instance_types else team.instance_types[0]

    def _user_settings(self, role: StudioRole, *, instance_type: str, instance_types: Sequence[str]) -> UserSettings:
        return UserSettings(
            settings=self._settings,
            role_arn=role.arn,
            security_group_id=str(self._security_group.id),
            instance_type=instance_type,
            instance_types=instance_types,
            scripts=self._scripts,
        )

    def _sagemaker_domain(self, vpc_id: str, subnet_ids: list[str]) -> sagemaker_domain.SagemakerDomain:
        environment, settings = self._environment, self._settings
        # A user profile that is created outside Terraform has this role, which has no permissions.
        default_role = StudioRole(
            self,
            "role",
            name=self._name,
            description="Default role of user profiles without a team. It has no permissions.",
            tags={},
            environment=environment,
        )
        everything = sorted({name for team in environment.teams for name in team.instance_types})
        shown = everything or [settings.default_instance_type]
        begins_on = settings.default_instance_type
        by_default = self._user_settings(default_role, instance_type=begins_on, instance_types=shown)
        in_shared_spaces = self._user_settings(self._shared, instance_type=begins_on, instance_types=shown)
        kept = environment.protect_data if settings.keep_home_file_system is None else settings.keep_home_file_system
        prefix = "SagemakerDomainDefault"
        return sagemaker_domain.SagemakerDomain(
            self,
            "domain",
            domain_name=self._name,
            auth_mode=settings.auth_mode,
            vpc_id=vpc_id,
            subnet_ids=subnet_ids,
            app_network_access_type="VpcOnly",
            kms_key_id=self._key_arn,
            # The tags of a person's user profile reach what they start: costs are seen by person.
            tag_propagation="ENABLED",
            default_user_settings=by_default.of(sagemaker_domain, f"{prefix}UserSettings"),
            default_space_settings=in_shared_spaces.of_spaces(sagemaker_domain, f"{prefix}SpaceSettings"),
            domain_settings=sagemaker_domain.SagemakerDomainDomainSettings(
                execution_role_identity_config="USER_PROFILE_NAME"
            ),
            retention_policy=sagemaker_domain.SagemakerDomainRetentionPolicy(
                home_efs_file_system="Retain" if kept else "Delete"
            ),
            tags={"Name": self._name},
        )

    def _profile(self, person: Person) -> sagemaker_user_profile.SagemakerUserProfile:
        team = self._environment.team_of(person)
        by_sso = self._settings.auth_mode == "SSO"
        settings = self._user_settings(
            self._teams[team.name], instance_type=self._begins_on(team), instance_types=team.instance_types
        )
        return sagemaker_user_profile.SagemakerUserProfile(
            self,
            f"user-{person.name}",
            domain_id=self._domain.id,
            user_profile_name=person.name,
            single_sign_on_user_identifier="UserName" if by_sso else None,
            single_sign_on_user_value=person.identity_center_user if by_sso else None,
            user_settings=settings.of(sagemaker_user_profile, "SagemakerUserProfileUserSettings"),
            tags=self._tags_of(person),
        )

    def _space(self, space: Space) -> StudioSpace:
        owner = self._environment.person(space.owner)
        team = self._environment.team_of(owner)
        return StudioSpace(
            self,
            f"space-{space.name}",
            space=space,
            owner=self._profiles[owner.name],
            instance_type=space.instance_type or self._begins_on(team),
            storage_gib=space.storage_gib or self._settings.default_space_storage_gib,
            tags=self._tags_of(owner) | {"Name": space.name},
        )

    def _tags_of(self, person: Person) -> dict[str, str]:
        return {"Name": person.name, "Owner": person.email, "Team": person.team}

    def _app_security_group(self, vpc_id: str) -> security_groups.SecurityGroup:
        # Nothing comes in. The guide's rule for ports 8192 to 65535 is for Studio Classic, whose kernels are other apps
        # than its notebooks; here it would let people into the apps of others (SageMaker developer guide, "Connect
        # Studio notebooks in a VPC to external resources", read 2026-11-24).
        group = security_groups.SecurityGroup(
            self,
            "security-group",
            name=self._name,
            description=f"Apps of {self._name}",
            vpc_id=vpc_id,
            tags={"Name": self._name},
        )
        allow_out(self, "to-https", group, description="HTTPS to AWS, package indexes and repositories")
        # SageMaker creates the file system and allows apps to connect; its security group is not known here.
        allow_out(
            self,
            "to-home-directories",
            group,
            description="NFS to home directories",
            port=2049,
            cidr=self._environment.network_cidr,
        )
        return group


def _named(kind: str, name: str, known: Mapping[str, _T]) -> _T:
    if name not in known:
        message = f"the studio has no {kind} {name!r}; it has: {', '.join(known) or 'none'}"
        raise KeyError(message)
    return known[name]
