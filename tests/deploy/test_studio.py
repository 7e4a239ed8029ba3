"""A studio: created, changed, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra import Person, Space, StudioSettings, Team
from mlinfra.operations.terraform import TerraformError
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import StackTerraform, Synth, Template

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("studio")]

TEAMS = [Team(name="ranking", writes=["features"]), Team(name="search", instance_types=["ml.t3.medium"])]
ANA = Person(name="ana", email="ana@example.com", team="ranking")
LI = Person(name="li", email="li@example.com", team="search")
CHANGES: dict[str, Any] = {
    "people": (ANA,),
    "script": "echo again",
    "idle_minutes": 90,
    "max_idle_minutes": 120,
    "keep_home_file_system": False,
}
ROOM = Space(name="ranking-room", owner="ana", shared=True, storage_gib=50)


@dataclass(frozen=True)
class Project:
    """A stack with a network and a studio, whose declaration can be changed."""

    synth: Synth
    terraform: StackTerraform

    def declare(
        self, *, people: tuple[Person, ...] = (ANA, LI), script: str = "echo started", **settings: Any
    ) -> Template:
        """The stack as it is declared with `settings` of the studio."""
        from mlinfra import EncryptionKey, NetworkSettings, Studio
        from mlinfra._cdk.aws import subnet, vpc
        from mlinfra.constructs.data_lake.access import DataLakeAccess

        asked: dict[str, Any] = {"spaces": [ROOM], "lifecycle_scripts": {"JupyterLab": script}} | settings
        environment = an_environment(
            name="local",
            account_id="123456789012",
            emulated=True,
            protect_data=False,
            teams=TEAMS,
            people=people,
            studio=StudioSettings(**asked),
        )

        def build(stack: MlStack) -> None:
            network = vpc.Vpc(stack, "vpc", cidr_block="10.0.0.0/16")
            private = subnet.Subnet(stack, "subnet", vpc_id=network.id, cidr_block="10.0.1.0/24")
            key = EncryptionKey(stack, "key", name="studio", description="Home directories and volumes.")
            settings = NetworkSettings(vpc_id=network.id, private_subnet_ids=[private.id], compute_key_arn=key.arn)
            studio = Studio(stack, "studio", network=settings)
            lake = DataLakeAccess(stack, "lake", key_arn=key.arn)
            lake.grant_read(studio.team("ranking"), zones=["raw"])

        return self.synth.constructs(build, environment, component="studio")


def domain() -> dict[str, Any]:
    """The one domain that there is."""
    sagemaker = boto3.client("sagemaker")
    (found,) = sagemaker.list_domains()["Domains"]
    described: dict[str, Any] = sagemaker.describe_domain(DomainId=found["DomainId"])
    return described


def profile(name: str) -> dict[str, Any]:
    described: dict[str, Any] = boto3.client("sagemaker").describe_user_profile(
        DomainId=domain()["DomainId"], UserProfileName=name
    )
    return described


def kinds(addresses: list[str]) -> set[str]:
    return {address.partition(".")[0].removeprefix("aws_") for address in addresses}


@pytest.fixture(scope="module")
def project(module_synth: Synth, module_terraform: StackTerraform) -> Project:
    """The project, with its studio deployed."""
    made = Project(module_synth, module_terraform)
    assert set(made.terraform.apply(made.declare(keep_home_file_system=True)).by_action()) == {"create"}
    return made


@pytest.fixture(scope="module")
def changed(project: Project) -> dict[str, list[str]]:
    """The changes of an apply after several changes of the declaration, by action."""
    return project.terraform.apply(project.declare(**CHANGES)).by_action()


def test_what_people_change_in_their_space_stays_and_a_second_plan_finds_nothing_to_do(project: Project) -> None:
    boto3.client("sagemaker").update_space(
        DomainId=domain()["DomainId"],
        SpaceName="ana",
        SpaceSettings={"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 80}}},
    )
    project.terraform.plan(project.declare(keep_home_file_system=True)).assert_empty()


def test_the_domain_is_private_and_encrypted(project: Project) -> None:
    del project
    described = domain()
    assert described["AppNetworkAccessType"] == "VpcOnly"
    assert described["KmsKeyId"].startswith("arn:aws:kms:us-east-1:123456789012:key/")
    assert described["DomainSettings"]["ExecutionRoleIdentityConfig"] == "USER_PROFILE_NAME"


def test_people_begin_on_what_their_team_may_use(project: Project) -> None:
    del project
    begins_on = {
        name: profile(name)["UserSettings"]["JupyterLabAppSettings"]["DefaultResourceSpec"]["InstanceType"]
        for name in ("ana", "li")
    }
    assert begins_on == {"ana": "ml.g4dn.xlarge", "li": "ml.t3.medium"}
    assert profile("li")["UserSettings"]["ExecutionRole"] == "arn:aws:iam::123456789012:role/recsys-local-studio-search"


def test_iam_gets_its_own_variable_and_not_terraforms(project: Project) -> None:
    del project
    policy = boto3.client("iam").get_role_policy(RoleName="recsys-local-studio-ranking", PolicyName="studio")
    statements = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
    assert statements["OpenOwnStudio"]["Resource"] == (
        f"arn:aws:sagemaker:us-east-1:123456789012:user-profile/{domain()['DomainId']}/${{sagemaker:UserProfileName}}"
    )


def test_all_resources_name_their_owner_and_exclude_the_janitor(project: Project) -> None:
    del project
    arn = profile("ana")["UserProfileArn"]
    tags = {each["Key"]: each["Value"] for each in boto3.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
    assert (tags["Owner"], tags["Team"], tags["AutoStop"]) == ("ana@example.com", "ranking", "false")


def test_idle_minutes_are_changed_in_place(changed: dict[str, list[str]]) -> None:
    assert kinds(changed["update"]) == {"sagemaker_domain", "sagemaker_user_profile"}
    settings = domain()["DefaultUserSettings"]
    for app in ("JupyterLabAppSettings", "CodeEditorAppSettings"):
        assert settings[app]["AppLifecycleManagement"]["IdleSettings"] == {
            "LifecycleManagement": "ENABLED",
            "IdleTimeoutInMinutes": 90,
            "MinIdleTimeoutInMinutes": 60,
            "MaxIdleTimeoutInMinutes": 120,
        }


def test_another_script_is_there_before_the_old_one_goes(changed: dict[str, list[str]]) -> None:
    assert kinds(changed["create/delete"]) == {"sagemaker_studio_lifecycle_config"}
    sagemaker = boto3.client("sagemaker")
    (config,) = sagemaker.list_studio_lifecycle_configs()["StudioLifecycleConfigs"]
    described = sagemaker.describe_studio_lifecycle_config(
        StudioLifecycleConfigName=config["StudioLifecycleConfigName"]
    )
    assert base64.b64decode(described["StudioLifecycleConfigContent"]) == b"echo again"
    lab = domain()["DefaultUserSettings"]["JupyterLabAppSettings"]
    assert lab["LifecycleConfigArns"] == [config["StudioLifecycleConfigArn"]]


def test_who_leaves_goes_with_their_private_space_alone(changed: dict[str, list[str]]) -> None:
    assert kinds(changed["delete"]) == {"sagemaker_space", "sagemaker_user_profile"}
    assert all("-li_" in address for address in changed["delete"])
    sagemaker = boto3.client("sagemaker")
    assert [each["UserProfileName"] for each in sagemaker.list_user_profiles()["UserProfiles"]] == ["ana"]
    assert {each["SpaceName"] for each in sagemaker.list_spaces()["Spaces"]} == {"ana", "ranking-room"}


def test_it_is_not_destroyed_while_it_is_in_use(project: Project, changed: dict[str, list[str]]) -> None:
    del changed
    sagemaker = boto3.client("sagemaker")
    app = {"DomainId": domain()["DomainId"], "SpaceName": "ana", "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_app(**app)
    with pytest.raises(TerraformError, match="Unable to delete Space ana"):
        project.terraform.destroy(project.declare(**CHANGES))
    sagemaker.delete_app(**app)


def test_destroying_it_leaves_nothing_and_home_directories_as_was_said_last(project: Project) -> None:
    stack = project.declare(**CHANGES)
    project.terraform.destroy(stack)
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.list_domains()["Domains"] == []
    assert sagemaker.list_studio_lifecycle_configs()["StudioLifecycleConfigs"] == []
    assert boto3.client("efs").describe_file_systems()["FileSystems"] == []
    assert project.terraform.state(stack).resources == {}
