"""SageMaker notebook instances."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_message
from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE


def create(sagemaker: Any, name: str, **more: Any) -> None:
    request = {"InstanceType": "ml.t3.medium", "RoleArn": ROLE, **more}
    sagemaker.create_notebook_instance(NotebookInstanceName=name, **request)


def status(sagemaker: Any, name: str) -> str:
    described = sagemaker.describe_notebook_instance(NotebookInstanceName=name)
    return str(described["NotebookInstanceStatus"])


def test_a_notebook_instance_passes_through_the_statuses_of_aws(sagemaker: Any) -> None:
    create(sagemaker, "lives")
    assert [status(sagemaker, "lives") for _ in range(2)] == ["Pending", "InService"]
    sagemaker.stop_notebook_instance(NotebookInstanceName="lives")
    assert [status(sagemaker, "lives") for _ in range(2)] == ["Stopping", "Stopped"]
    sagemaker.start_notebook_instance(NotebookInstanceName="lives")
    assert [status(sagemaker, "lives") for _ in range(2)] == ["Pending", "InService"]
    sagemaker.stop_notebook_instance(NotebookInstanceName="lives")
    sagemaker.delete_notebook_instance(NotebookInstanceName="lives")
    assert status(sagemaker, "lives") == "Deleting"
    assert error_message(sagemaker.describe_notebook_instance, NotebookInstanceName="lives") == "RecordNotFound"


def test_a_running_notebook_instance_is_neither_changed_nor_deleted(sagemaker: Any) -> None:
    create(sagemaker, "running")
    for call in (sagemaker.update_notebook_instance, sagemaker.delete_notebook_instance):
        message = error_message(call, NotebookInstanceName="running")
        assert message.startswith("Status (InService) not in ([Failed, Stopped]). Unable to transition to")


def test_a_stopped_notebook_instance_is_changed(sagemaker: Any) -> None:
    create(sagemaker, "changed", LifecycleConfigName="start", VolumeSizeInGB=20)
    sagemaker.stop_notebook_instance(NotebookInstanceName="changed")
    sagemaker.update_notebook_instance(
        NotebookInstanceName="changed",
        InstanceType="ml.g5.xlarge",
        VolumeSizeInGB=50,
        DisassociateLifecycleConfig=True,
    )
    described = sagemaker.describe_notebook_instance(NotebookInstanceName="changed")
    assert (described["InstanceType"], described["VolumeSizeInGB"]) == ("ml.g5.xlarge", 50)
    assert "NotebookInstanceLifecycleConfigName" not in described


def test_a_notebook_instance_returns_the_defaults_of_aws(sagemaker: Any) -> None:
    create(sagemaker, "defaults", SubnetId="subnet-1", SecurityGroupIds=["sg-1"])
    described = sagemaker.describe_notebook_instance(NotebookInstanceName="defaults")
    assert described["RootAccess"] == "Enabled"
    assert described["PlatformIdentifier"].startswith("notebook-al2")
    assert described["InstanceMetadataServiceConfiguration"] == {"MinimumInstanceMetadataServiceVersion": "1"}
    assert described["NetworkInterfaceId"].startswith("eni-")


def test_an_instance_type_not_supported_by_notebooks_is_refused(sagemaker: Any) -> None:
    request = {"NotebookInstanceName": "never", "InstanceType": "ml.x1.large", "RoleArn": ROLE}
    assert "Member must satisfy enum value set" in error_message(sagemaker.create_notebook_instance, **request)
