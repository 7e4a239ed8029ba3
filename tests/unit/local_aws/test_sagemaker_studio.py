"""SageMaker domains and what is in them: user profiles, spaces, apps, lifecycle configurations."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]

ROLE = "arn:aws:iam::123456789012:role/studio"
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def sagemaker(client: Client) -> Any:
    return client("sagemaker")


def create_domain(sagemaker: Any, name: str, **more: Any) -> str:
    settings = {"ExecutionRole": ROLE, **more.pop("DefaultUserSettings", {})}
    created = sagemaker.create_domain(
        DomainName=name, AuthMode="IAM", VpcId="vpc-1", SubnetIds=["subnet-1"], DefaultUserSettings=settings, **more
    )
    domain: str = created["DomainId"]
    return domain


def refusal(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def test_the_creation_of_a_domain_answers_its_id(sagemaker: Any) -> None:
    created = sagemaker.create_domain(
        DomainName="with-id", AuthMode="IAM", VpcId="vpc-1", SubnetIds=["subnet-1"], DefaultUserSettings={}
    )
    assert created["DomainArn"].endswith(f":domain/{created['DomainId']}")
    assert created["DomainId"].startswith("d-")


def test_a_domain_is_pending_before_it_is_in_service(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "pending")
    statuses = [sagemaker.describe_domain(DomainId=domain)["Status"] for _ in range(3)]
    assert statuses == ["Pending", "InService", "InService"]


def test_a_domain_is_described_as_asked_for(sagemaker: Any) -> None:
    idle = {"IdleSettings": {"LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 60}}
    domain = create_domain(
        sagemaker,
        "as-asked",
        KmsKeyId=KEY,
        AppNetworkAccessType="VpcOnly",
        DefaultUserSettings={"JupyterLabAppSettings": {"AppLifecycleManagement": idle}},
    )
    described = sagemaker.describe_domain(DomainId=domain)
    assert described["KmsKeyId"] == described["HomeEfsFileSystemKmsKeyId"] == KEY
    assert described["AppNetworkAccessType"] == "VpcOnly"
    assert described["DefaultUserSettings"]["JupyterLabAppSettings"]["AppLifecycleManagement"] == idle
    assert "SingleSignOnManagedApplicationInstanceId" not in described


def test_an_update_of_a_domain_keeps_the_settings_that_it_does_not_name(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "updated")
    sagemaker.update_domain(
        DomainId=domain,
        DefaultUserSettings={"StudioWebPortal": "DISABLED"},
        DomainSettingsForUpdate={"DockerSettings": {"EnableDockerAccess": "ENABLED"}},
    )
    described = sagemaker.describe_domain(DomainId=domain)
    assert described["Status"] == "Updating"
    assert described["DefaultUserSettings"] == {"ExecutionRole": ROLE, "StudioWebPortal": "DISABLED"}
    assert described["DomainSettings"] == {"DockerSettings": {"EnableDockerAccess": "ENABLED"}}


@pytest.mark.parametrize(("policy", "stays"), [("Retain", True), ("Delete", False), (None, True)])
def test_the_home_directories_stay_unless_the_deletion_says_otherwise(
    client: Client, sagemaker: Any, policy: str | None, *, stays: bool
) -> None:
    domain = create_domain(sagemaker, f"retention-{policy}")
    file_system = sagemaker.describe_domain(DomainId=domain)["HomeEfsFileSystemId"]
    more = {"RetentionPolicy": {"HomeEfsFileSystem": policy}} if policy else {}
    sagemaker.delete_domain(DomainId=domain, **more)
    there = {each["FileSystemId"] for each in client("efs").describe_file_systems()["FileSystems"]}
    assert (file_system in there) is stays


def test_a_deleted_domain_is_deleting_before_it_is_not_found(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "deleted")
    sagemaker.delete_domain(DomainId=domain)
    assert sagemaker.describe_domain(DomainId=domain)["Status"] == "Deleting"
    assert refusal(sagemaker.describe_domain, DomainId=domain) == "ResourceNotFound"
    assert refusal(sagemaker.delete_domain, DomainId=domain) == "ResourceNotFound"


def test_two_domains_of_one_name_are_refused(sagemaker: Any) -> None:
    create_domain(sagemaker, "once")
    with pytest.raises(ClientError, match="already exists") as caught:
        create_domain(sagemaker, "once")
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_domain_that_has_user_profiles_is_not_deleted(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "inhabited")
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
    assert refusal(sagemaker.delete_domain, DomainId=domain) == "ResourceInUse"
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ana")
    sagemaker.delete_domain(DomainId=domain)


def test_a_user_profile_of_no_domain_is_refused(sagemaker: Any) -> None:
    code = refusal(sagemaker.create_user_profile, DomainId="d-nowhere", UserProfileName="ana")
    assert code == "ValidationException"


def test_a_user_profile_is_updated_setting_by_setting(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "profiles")
    key = {"DomainId": domain, "UserProfileName": "ana"}
    sagemaker.create_user_profile(**key, UserSettings={"ExecutionRole": ROLE})
    sagemaker.update_user_profile(**key, UserSettings={"SecurityGroups": ["sg-1"]})
    described = sagemaker.describe_user_profile(**key)
    assert described["UserSettings"] == {"ExecutionRole": ROLE, "SecurityGroups": ["sg-1"]}
    assert described["Status"] == "Updating"
    assert described["HomeEfsFileSystemUid"].isdigit()
    assert refusal(sagemaker.create_user_profile, **key) == "ResourceInUse"


def test_user_profiles_are_listed_page_by_page(sagemaker: Any) -> None:
    domain, other = create_domain(sagemaker, "paged"), create_domain(sagemaker, "not-paged")
    for name in ("ana", "ben", "cleo"):
        sagemaker.create_user_profile(DomainId=domain, UserProfileName=name)
    sagemaker.create_user_profile(DomainId=other, UserProfileName="dan")
    first = sagemaker.list_user_profiles(DomainIdEquals=domain, MaxResults=2)
    second = sagemaker.list_user_profiles(DomainIdEquals=domain, MaxResults=2, NextToken=first["NextToken"])
    assert [each["UserProfileName"] for each in first["UserProfiles"]] == ["ana", "ben"]
    assert [each["UserProfileName"] for each in second["UserProfiles"]] == ["cleo"]
    assert "NextToken" not in second
    (found,) = sagemaker.list_user_profiles(DomainIdEquals=domain, UserProfileNameContains="cle")["UserProfiles"]
    assert found["UserProfileName"] == "cleo"
    backwards = sagemaker.list_user_profiles(DomainIdEquals=domain, SortOrder="Descending")["UserProfiles"]
    assert [each["UserProfileName"] for each in backwards] == ["cleo", "ben", "ana"]


def test_a_token_that_no_list_gave_is_refused(sagemaker: Any) -> None:
    assert refusal(sagemaker.list_user_profiles, NextToken="?") == "ValidationException"


def test_a_private_space_has_an_owner_who_exists(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "spaces")
    private = {
        "DomainId": domain,
        "SpaceName": "lab",
        "OwnershipSettings": {"OwnerUserProfileName": "ana"},
        "SpaceSharingSettings": {"SharingType": "Private"},
    }
    assert refusal(sagemaker.create_space, **private) == "ValidationException"
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
    sagemaker.create_space(**private)
    described = sagemaker.describe_space(DomainId=domain, SpaceName="lab")
    assert described["OwnershipSettings"] == {"OwnerUserProfileName": "ana"}
    assert refusal(sagemaker.delete_user_profile, DomainId=domain, UserProfileName="ana") == "ResourceInUse"


def test_a_deleted_app_stays_to_be_seen_and_gives_its_name_free(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "apps")
    sagemaker.create_space(DomainId=domain, SpaceName="lab")
    app = {"DomainId": domain, "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default"}
    arn = sagemaker.create_app(**app)["AppArn"]
    assert arn.endswith(f":app/{domain}/lab/jupyterlab/default")
    assert refusal(sagemaker.delete_space, DomainId=domain, SpaceName="lab") == "ResourceInUse"
    sagemaker.delete_app(**app)
    assert [sagemaker.describe_app(**app)["Status"] for _ in range(3)] == ["Deleting", "Deleted", "Deleted"]
    assert refusal(sagemaker.delete_app, **app) == "ResourceNotFound"
    sagemaker.create_app(**app)
    assert sagemaker.describe_app(**app)["Status"] == "Pending"


def test_an_app_is_in_one_place(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "nowhere")
    code = refusal(sagemaker.create_app, DomainId=domain, AppType="JupyterLab", AppName="default")
    assert code == "ValidationException"


def test_a_lifecycle_configuration_that_a_domain_names_is_not_deleted(sagemaker: Any) -> None:
    content = base64.b64encode(b"echo started").decode()
    arn = sagemaker.create_studio_lifecycle_config(
        StudioLifecycleConfigName="named",
        StudioLifecycleConfigAppType="JupyterLab",
        StudioLifecycleConfigContent=content,
    )["StudioLifecycleConfigArn"]
    create_domain(sagemaker, "names", DefaultUserSettings={"JupyterLabAppSettings": {"LifecycleConfigArns": [arn]}})
    assert refusal(sagemaker.delete_studio_lifecycle_config, StudioLifecycleConfigName="named") == "ResourceInUse"


def test_lifecycle_configurations_are_listed_by_the_type_of_app(sagemaker: Any) -> None:
    for app_type in ("JupyterLab", "CodeEditor"):
        sagemaker.create_studio_lifecycle_config(
            StudioLifecycleConfigName=f"for-{app_type}",
            StudioLifecycleConfigAppType=app_type,
            StudioLifecycleConfigContent="ZQ==",
        )
    listed = sagemaker.list_studio_lifecycle_configs(AppTypeEquals="CodeEditor", NameContains="for")
    (found,) = listed["StudioLifecycleConfigs"]
    assert found["StudioLifecycleConfigName"] == "for-CodeEditor"
    sagemaker.delete_studio_lifecycle_config(StudioLifecycleConfigName="for-CodeEditor")
    code = refusal(sagemaker.describe_studio_lifecycle_config, StudioLifecycleConfigName="for-CodeEditor")
    assert code == "ResourceNotFound"
