"""SageMaker domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE, create_domain

if TYPE_CHECKING:
    from collections.abc import Callable


KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def test_the_creation_of_a_domain_returns_its_id(sagemaker: Any) -> None:
    created = sagemaker.create_domain(
        DomainName="with-id", AuthMode="IAM", VpcId="vpc-1", SubnetIds=["subnet-1"], DefaultUserSettings={}
    )
    assert created["DomainArn"].endswith(f":domain/{created['DomainId']}")
    assert created["DomainId"].startswith("d-")


def test_a_domain_is_pending_before_it_is_in_service(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "pending")
    statuses = [sagemaker.describe_domain(DomainId=domain)["Status"] for _ in range(3)]
    assert statuses == ["Pending", "InService", "InService"]


def test_a_domain_is_described_as_requested(sagemaker: Any) -> None:
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
def test_home_directories_are_kept_unless_the_deletion_says_delete(
    client: Callable[..., Any], sagemaker: Any, policy: str | None, *, stays: bool
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
    assert error_code(sagemaker.describe_domain, DomainId=domain) == "ResourceNotFound"
    assert error_code(sagemaker.delete_domain, DomainId=domain) == "ResourceNotFound"


def test_a_duplicate_domain_is_refused(sagemaker: Any) -> None:
    create_domain(sagemaker, "once")
    with pytest.raises(ClientError, match="already exists") as caught:
        create_domain(sagemaker, "once")
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_domain_that_has_user_profiles_is_not_deleted(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "inhabited")
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
    assert error_code(sagemaker.delete_domain, DomainId=domain) == "ResourceInUse"
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ana")
    sagemaker.delete_domain(DomainId=domain)
