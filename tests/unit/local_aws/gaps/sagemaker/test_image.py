"""SageMaker images and their versions."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import refusal
from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE


def test_the_versions_of_an_image_count_up_and_have_aliases(sagemaker: Any) -> None:
    image = {"ImageName": "training"}
    sagemaker.create_image(**image, RoleArn=ROLE)
    for number in (1, 2):
        sagemaker.create_image_version(**image, BaseImage=f"repository:{number}", Aliases=[f"v{number}"])
    assert sagemaker.describe_image_version(**image)["Version"] == 2
    assert sagemaker.describe_image_version(**image, Alias="v1")["BaseImage"] == "repository:1"
    sagemaker.update_image_version(**image, Version=1, AliasesToAdd=["old"], AliasesToDelete=["v1"])
    assert sagemaker.list_aliases(**image)["SageMakerImageVersionAliases"] == ["old", "v2"]
    sagemaker.delete_image_version(**image, Version=2)
    assert sagemaker.describe_image_version(**image, Version=2)["ImageVersionStatus"] == "DELETING"
    assert refusal(sagemaker.describe_image_version, **image, Version=2)["Code"] == "ResourceNotFound"
    sagemaker.create_image_version(**image, BaseImage="repository:3")
    newest_first = sagemaker.list_image_versions(**image, SortBy="VERSION")["ImageVersions"]
    assert [each["Version"] for each in newest_first] == [3, 1]


def test_an_image_is_deleted_with_its_versions(sagemaker: Any) -> None:
    image = {"ImageName": "short-lived"}
    assert refusal(sagemaker.create_image_version, **image, BaseImage="repository:1")["Code"] == "ResourceNotFound"
    sagemaker.create_image(**image, RoleArn=ROLE, Description="Going")
    sagemaker.create_image_version(**image, BaseImage="repository:1")
    sagemaker.update_image(**image, DeleteProperties=["Description"], DisplayName="Gone")
    described = sagemaker.describe_image(**image)
    assert (described["ImageStatus"], described["DisplayName"]) == ("UPDATING", "Gone")
    assert "Description" not in described
    sagemaker.delete_image(**image)
    assert refusal(sagemaker.describe_image_version, **image)["Code"] == "ResourceNotFound"
