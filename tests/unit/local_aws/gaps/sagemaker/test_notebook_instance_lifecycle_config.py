"""Lifecycle configurations of SageMaker notebook instances."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_message


def test_a_lifecycle_configuration_is_changed_listed_and_tagged(sagemaker: Any) -> None:
    for name in ("prepare-a", "prepare-b"):
        sagemaker.create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=name,
            OnStart=[{"Content": "b25l"}],
            Tags=[{"Key": "Team", "Value": "ml"}],
        )
    sagemaker.update_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="prepare-a", OnStart=[{"Content": "dHdv"}]
    )
    described = sagemaker.describe_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="prepare-a")
    assert described["OnStart"] == [{"Content": "dHdv"}]
    tags = sagemaker.list_tags(ResourceArn=described["NotebookInstanceLifecycleConfigArn"])["Tags"]
    assert tags == [{"Key": "Team", "Value": "ml"}]
    first = sagemaker.list_notebook_instance_lifecycle_configs(NameContains="prepare", MaxResults=1)
    assert len(first["NotebookInstanceLifecycleConfigs"]) == 1
    assert first["NextToken"]
    message = error_message(
        sagemaker.update_notebook_instance_lifecycle_config, NotebookInstanceLifecycleConfigName="nowhere"
    )
    assert "does not exist" in message
