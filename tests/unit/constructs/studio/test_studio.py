"""Resources and permissions of a studio, and invalid settings."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import NetworkSettings, Person, Space, Studio, StudioSettings, Team
from mlinfra.constructs.data_lake.lake import DataLakeAccess
from mlinfra.stacks.studio import StudioStack
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import Environment, MlStack
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
RANKING = Team(name="ranking", instance_types=["ml.g5.xlarge", "ml.g4dn.xlarge"])
SEARCH = Team(name="search", instance_types=["ml.t3.medium"])
ANA = Person(name="ana", email="ana@example.com", team="ranking")
LI = Person(name="li", email="li@example.com", team="search")


def studio_environment(*, environment: dict[str, Any] | None = None, **settings: Any) -> Environment:
    declared = {"teams": [RANKING, SEARCH], "people": [ANA, LI], "studio": StudioSettings(**settings)}
    return an_environment(**(declared | (environment or {})))


def a_network(*subnet_ids: str) -> NetworkSettings:
    return NetworkSettings(vpc_id="vpc-1", private_subnet_ids=subnet_ids, compute_key_arn=KEY)


def a_studio(stack: MlStack, network: NetworkSettings | None = None) -> Studio:
    return Studio(stack, "studio", network=network or a_network("subnet-1"))


@pytest.fixture
def studio(synth: Synth) -> Callable[..., Template]:
    """The stack of a studio with other settings."""

    def run(*, environment: dict[str, Any] | None = None, **settings: Any) -> Template:
        return synth.constructs(
            a_studio, environment=studio_environment(environment=environment, **settings), inputs={}
        )

    return run


def refused(synth: Synth, environment: Environment, network: NetworkSettings | None = None) -> str:
    with pytest.raises(ValueError, match="Expected") as refusal:
        synth.constructs(lambda stack: a_studio(stack, network), environment=environment)
    return str(refusal.value)


def profiles(config: Template) -> dict[str, dict[str, Any]]:
    return {each["user_profile_name"]: each for each in config.resources("aws_sagemaker_user_profile").values()}


def spaces(config: Template) -> dict[str, dict[str, Any]]:
    return {each["space_name"]: each for each in config.resources("aws_sagemaker_space").values()}


def statements(config: Template, role: str) -> dict[str, dict[str, Any]]:
    """The permissions of the role of a team, by statement id."""
    (policy,) = (
        each["policy"]
        for name, each in config.resources("aws_iam_role_policy").items()
        if name.startswith(f"aws_iam_role_policy.studio_role-{role}_policy_")
    )
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


def roles(config: Template) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in config.resources("aws_iam_role").values()}


class TestDomain:
    def test_it_is_inside_the_vpc_alone_and_encrypted(self, studio: Callable[..., Template]) -> None:
        domain = studio().one("aws_sagemaker_domain")
        assert domain["app_network_access_type"] == "VpcOnly"
        assert (domain["vpc_id"], domain["subnet_ids"]) == ("vpc-1", ["subnet-1"])
        assert domain["kms_key_id"] == KEY

    def test_nothing_reaches_an_app_and_apps_reach_https_and_home_directories(
        self, studio: Callable[..., Template]
    ) -> None:
        config = studio()
        config.has_no_resource("aws_vpc_security_group_ingress_rule")
        rules = config.resources("aws_vpc_security_group_egress_rule").values()
        assert {(each["from_port"], each["to_port"], each["cidr_ipv4"]) for each in rules} == {
            (443, 443, "0.0.0.0/0"),
            (2049, 2049, "10.0.0.0/16"),
        }

    @pytest.mark.parametrize("protect", [True, False])
    def test_home_directories_are_kept_where_data_is(self, studio: Callable[..., Template], *, protect: bool) -> None:
        domain = studio(environment={"protect_data": protect}).one("aws_sagemaker_domain")
        assert domain["retention_policy"] == {"home_efs_file_system": "Retain" if protect else "Delete"}

    def test_home_directories_are_kept_or_not_as_is_said(self, studio: Callable[..., Template]) -> None:
        kept = studio(environment={"protect_data": False}, keep_home_file_system=True)
        assert kept.one("aws_sagemaker_domain")["retention_policy"] == {"home_efs_file_system": "Retain"}

    def test_a_profile_made_by_hand_may_do_nothing(self, studio: Callable[..., Template]) -> None:
        config = studio()
        (role,) = (name for name in config.resources("aws_iam_role") if name.startswith("aws_iam_role.studio_role_"))
        settings = config.one("aws_sagemaker_domain")["default_user_settings"]
        assert settings["execution_role"] == f"${{{role}.arn}}"
        assert not any(role in each["role"] for each in config.resources("aws_iam_role_policy").values())

    def test_users_of_one_role_are_distinguished(self, studio: Callable[..., Template]) -> None:
        config = studio()
        settings = config.one("aws_sagemaker_domain")["domain_settings"]
        assert settings == {"execution_role_identity_config": "USER_PROFILE_NAME"}
        for role in roles(config).values():
            (trust,) = json.loads(role["assume_role_policy"])["Statement"]
            assert trust["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
            assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111111111111"}

    def test_tags_reach_what_people_start(self, studio: Callable[..., Template]) -> None:
        assert studio().one("aws_sagemaker_domain")["tag_propagation"] == "ENABLED"

    def test_the_janitor_does_not_stop_it(self, studio: Callable[..., Template]) -> None:
        (provider,) = studio().document["provider"]["aws"]
        assert provider["default_tags"][0]["tags"]["AutoStop"] == "false"


class TestIdleShutdown:
    def settings_of_all(self, config: Template) -> list[dict[str, Any]]:
        domain = config.one("aws_sagemaker_domain")
        users = [domain["default_user_settings"], *(each["user_settings"] for each in profiles(config).values())]
        apps = [each[app] for each in users for app in ("jupyter_lab_app_settings", "code_editor_app_settings")]
        apps.append(domain["default_space_settings"]["jupyter_lab_app_settings"])
        return [each["app_lifecycle_management"]["idle_settings"] for each in apps]

    def test_it_applies_to_all_users_and_apps(self, studio: Callable[..., Template]) -> None:
        on = {
            "lifecycle_management": "ENABLED",
            "idle_timeout_in_minutes": 60,
            "min_idle_timeout_in_minutes": 60,
            "max_idle_timeout_in_minutes": 240,
        }
        assert self.settings_of_all(studio()) == [on] * 7

    def test_the_minutes_and_their_limit_can_be_set(self, studio: Callable[..., Template]) -> None:
        for each in self.settings_of_all(studio(idle_minutes=90, max_idle_minutes=90)):
            assert (each["idle_timeout_in_minutes"], each["max_idle_timeout_in_minutes"]) == (90, 90)

    def test_settings_of_domains_and_profiles_cannot_be_changed(self, studio: Callable[..., Template]) -> None:
        config = studio()
        for team in ("ranking", "search"):
            actions = str([each["Action"] for each in statements(config, team).values()])
            assert "UpdateDomain" not in actions
            assert "UserProfile'" not in actions.replace("'sagemaker:DescribeUserProfile'", "")


class TestTeams:
    def test_notebooks_begin_on_the_default_where_the_team_may_use_it(self, studio: Callable[..., Template]) -> None:
        begins_on = {
            name: each["user_settings"]["jupyter_lab_app_settings"]["default_resource_spec"]["instance_type"]
            for name, each in profiles(studio()).items()
        }
        assert begins_on == {"ana": "ml.g4dn.xlarge", "li": "ml.t3.medium"}

    def test_apps_run_on_instance_types_of_the_team_alone(self, studio: Callable[..., Template]) -> None:
        config = studio(spaces=[Space(name="room", owner="ana", shared=True)])
        for sid in ("RunAppsInOwnSpaces", "RunAppsInSharedSpaces"):
            condition = statements(config, "ranking")[sid]["Condition"]
            assert condition["ForAllValues:StringEquals"] == {
                "sagemaker:InstanceTypes": ["ml.g5.xlarge", "ml.g4dn.xlarge"]
            }
            assert condition["Null"] == {"sagemaker:InstanceTypes": "false"}
        creating = [
            each["Sid"] for each in statements(config, "ranking").values() if "sagemaker:CreateApp" in each["Action"]
        ]
        assert creating == ["RunAppsInOwnSpaces", "RunAppsInSharedSpaces"]

    def test_others_are_not_shown(self, studio: Callable[..., Template]) -> None:
        portal = profiles(studio())["li"]["user_settings"]["studio_web_portal_settings"]
        assert len(portal["hidden_instance_types"]) == 159
        assert "ml.t3.medium" not in portal["hidden_instance_types"]
        assert {"Canvas", "RStudioServerPro", "KernelGateway"} <= set(portal["hidden_app_types"])

    def test_classic_apps_which_nothing_shuts_down_cannot_be_started(self, studio: Callable[..., Template]) -> None:
        allowed = statements(studio(), "ranking")["RunAppsInOwnSpaces"]["Resource"]
        assert {each.split("/")[-2] for each in allowed} == {"?upyter?ab", "?ode?ditor"}

    def test_spaces_and_apps_of_others_are_out_of_reach(self, studio: Callable[..., Template]) -> None:
        theirs = statements(studio(), "ranking")
        for sid in ("OwnSpaces", "RunAppsInOwnSpaces", "DeleteAppsInOwnSpaces"):
            condition = theirs[sid]["Condition"]
            assert condition["StringEquals"] == {"sagemaker:SpaceSharingType": "Private"}
            (owner,) = condition["ArnLike"].values()
            assert owner.endswith("/$${sagemaker:UserProfileName}")
        assert theirs["OpenOwnStudio"]["Resource"].endswith("/$${sagemaker:UserProfileName}")

    def test_without_shared_spaces_there_is_nothing_about_them(self, studio: Callable[..., Template]) -> None:
        assert not any("Shared" in sid for sid in statements(studio(), "ranking"))

    def test_shared_spaces_are_for_the_owners_team(self, studio: Callable[..., Template]) -> None:
        config = studio(spaces=[Space(name="room", owner="ana", shared=True)])
        resource = statements(config, "ranking")["RunAppsInSharedSpaces"]["Resource"]
        assert resource.endswith(".id}/room/?upyter?ab/*")
        assert not any("Shared" in sid for sid in statements(config, "search"))

    def test_a_team_passes_its_own_role_to_sagemaker(self, studio: Callable[..., Template]) -> None:
        config = studio()
        passing = statements(config, "search")["PassOwnRole"]
        assert "studio_role-search_role" in passing["Resource"]
        assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}

    def test_only_listing_is_allowed_on_everything(self, studio: Callable[..., Template]) -> None:
        for role in ("ranking", "search"):
            everywhere = [sid for sid, each in statements(studio(), role).items() if each["Resource"] == "*"]
            assert everywhere == ["List"]

    def test_a_grant_reads_as_a_sentence(self, synth: Synth) -> None:
        def build(stack: MlStack) -> None:
            studio = a_studio(stack)
            lake = DataLakeAccess(stack, "lake", key_arn=KEY)
            lake.grant_read_write(studio.team("ranking"), zones=["features"], prefix="ranking/")

        config = synth.constructs(build, environment=studio_environment())
        granted = [name for name in config.resources("aws_iam_role_policy") if "lake-read-write-features" in name]
        assert len(granted) == 1

    def test_an_unknown_name_lists_the_known_ones(self, synth: Synth) -> None:
        def build(stack: MlStack) -> None:
            studio = a_studio(stack)
            assert studio.user_profile("ana").user_profile_name_input == "ana"
            assert studio.space("ana").space.space_name_input == "ana"
            with pytest.raises(KeyError, match="the studio has no team 'rank'; it has: ranking, search"):
                studio.team("rank")
            with pytest.raises(KeyError, match="the studio has no person 'bo'; it has: ana, li"):
                studio.user_profile("bo")
            with pytest.raises(KeyError, match="the studio has no space 'room'; it has: ana, li"):
                studio.space("room")

        synth.constructs(build, environment=studio_environment())


class TestPeople:
    def test_each_has_a_profile_that_acts_as_their_team(self, studio: Callable[..., Template]) -> None:
        config = studio()
        assert "studio_role-ranking_role" in profiles(config)["ana"]["user_settings"]["execution_role"]
        assert profiles(config)["ana"]["tags"] == {"Name": "ana", "Owner": "ana@example.com", "Team": "ranking"}
        assert "single_sign_on_user_value" not in profiles(config)["ana"]

    def test_with_identity_center_each_profile_is_a_user_of_it(self, studio: Callable[..., Template]) -> None:
        config = studio(auth_mode="SSO")
        assert config.one("aws_sagemaker_domain")["auth_mode"] == "SSO"
        assert profiles(config)["ana"]["single_sign_on_user_identifier"] == "UserName"
        assert profiles(config)["ana"]["single_sign_on_user_value"] == "ana@example.com"


class TestSpaces:
    def test_each_person_finds_a_private_one(self, studio: Callable[..., Template]) -> None:
        found = spaces(studio(default_space_storage_gib=30))
        assert set(found) == {"ana", "li"}
        assert found["li"]["space_sharing_settings"] == {"sharing_type": "Private"}
        assert found["li"]["space_settings"] == {
            "app_type": "JupyterLab",
            "jupyter_lab_app_settings": {"default_resource_spec": {"instance_type": "ml.t3.medium"}},
            "space_storage_settings": {"ebs_storage_settings": {"ebs_volume_size_in_gb": 30}},
        }

    def test_people_keep_what_they_change_in_theirs(self, studio: Callable[..., Template]) -> None:
        for each in spaces(studio()).values():
            assert each["lifecycle"] == {"ignore_changes": ["space_settings"]}

    def test_private_spaces_can_be_left_to_people(self, studio: Callable[..., Template]) -> None:
        studio(private_spaces=False).has_no_resource("aws_sagemaker_space")

    def test_a_shared_one_acts_as_the_role_of_all_shared_spaces(self, studio: Callable[..., Template]) -> None:
        config = studio(spaces=[Space(name="room", owner="ana", shared=True, storage_gib=50)])
        assert spaces(config)["room"]["space_sharing_settings"] == {"sharing_type": "Shared"}
        settings = config.one("aws_sagemaker_domain")["default_space_settings"]
        assert "studio_role-shared_role" in settings["execution_role"]
        assert set(statements(config, "shared")) == {"Logs", "Key", "KeyOfVolumes"}

    def test_a_space_may_be_for_code_editor(self, studio: Callable[..., Template]) -> None:
        space = Space(name="code", owner="ana", app="CodeEditor", instance_type="ml.g5.xlarge")
        settings = spaces(studio(spaces=[space]))["code"]["space_settings"]
        assert settings["app_type"] == "CodeEditor"
        assert settings["code_editor_app_settings"] == {"default_resource_spec": {"instance_type": "ml.g5.xlarge"}}


class TestScripts:
    def test_a_script_is_allowed_and_runs_by_default(self, studio: Callable[..., Template]) -> None:
        config = studio(lifecycle_scripts={"JupyterLab": "echo started\n"})
        script = config.one("aws_sagemaker_studio_lifecycle_config")
        assert base64.b64decode(script["studio_lifecycle_config_content"]) == b"echo started\n"
        assert script["studio_lifecycle_config_app_type"] == "JupyterLab"
        name = config.address("aws_sagemaker_studio_lifecycle_config")
        arn = f"${{{name}.arn}}"
        for each in profiles(config).values():
            lab = each["user_settings"]["jupyter_lab_app_settings"]
            assert lab["lifecycle_config_arns"] == [arn]
            assert lab["default_resource_spec"]["lifecycle_config_arn"] == arn
            assert "lifecycle_config_arns" not in each["user_settings"]["code_editor_app_settings"]

    def test_another_script_has_another_name_and_comes_first(self, studio: Callable[..., Template]) -> None:
        one, two = (
            studio(lifecycle_scripts={"CodeEditor": text}).one("aws_sagemaker_studio_lifecycle_config")
            for text in ("echo one", "echo two")
        )
        assert one["studio_lifecycle_config_name"].startswith("recsys-dev-studio-codeeditor-")
        assert one["studio_lifecycle_config_name"] != two["studio_lifecycle_config_name"]
        assert one["lifecycle"] == {"create_before_destroy": True}


def test_the_longest_names_are_within_the_limits(studio: Callable[..., Template]) -> None:
    team = Team(name="t" * 24)
    longest = {
        "project": "r" * 24,
        "name": "dev",
        "teams": [team],
        "people": [Person(name="a" * 63, email="ana@example.com", team=team.name)],
    }
    config = studio(environment=longest, lifecycle_scripts={"JupyterLab": "true"})
    assert max(map(len, roles(config))) == 60
    assert len(config.one("aws_sagemaker_studio_lifecycle_config")["studio_lifecycle_config_name"]) == 55
    with pytest.raises(ValueError, match="too long together"):
        studio_environment(environment=longest | {"name": "devs"})


class TestRefusals:
    def test_an_environment_without_a_studio(self, synth: Synth) -> None:
        message = refused(synth, an_environment())
        assert "the environment 'dev' declares no studio. Expected: studio=StudioSettings() in it" in message

    def test_more_subnets_than_a_domain_takes(self, synth: Synth) -> None:
        message = refused(synth, studio_environment(), a_network(*["subnet-1"] * 17))
        assert message == "network has 17 private subnets. Expected: at most 16."


class TestStack:
    def granted(self, config: Template) -> set[str]:
        policies = config.resources("aws_iam_role_policy").values()
        return {each["name"] for each in policies if each["name"] != "studio"}

    def test_each_team_sees_its_zones_and_shared_spaces_what_all_teams_see(self, synth: Synth) -> None:
        teams = [Team(name="ranking", writes=["features"]), Team(name="search", reads=["raw", "models"])]
        config = synth(StudioStack, environment=studio_environment(environment={"teams": teams}))
        names = {
            (each["role"].partition("studio_")[2].partition("_role_")[0], each["name"])
            for each in config.resources("aws_iam_role_policy").values()
            if each["name"] != "studio"
        }
        assert names == {
            ("role-ranking", "data-lake-read-raw-processed-features-models"),
            ("role-ranking", "data-lake-read-write-features-ranking"),
            ("role-search", "data-lake-read-raw-models"),
            ("role-shared", "data-lake-read-raw-models"),
        }

    def test_a_team_that_sees_nothing_is_granted_nothing(self, synth: Synth) -> None:
        teams = [Team(name="ranking", reads=[]), Team(name="search", reads=[])]
        config = synth(StudioStack, environment=studio_environment(environment={"teams": teams}))
        assert self.granted(config) == set()

    def test_the_id_of_the_domain_is_published(self, synth: Synth) -> None:
        config = synth(StudioStack, environment=studio_environment())
        assert config.one("aws_ssm_parameter")["name"] == "/mlinfra/recsys/dev/studio/domain-id"
