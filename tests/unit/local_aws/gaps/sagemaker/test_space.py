"""SageMaker Studio spaces."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import create_domain


def test_a_private_space_requires_an_existing_owner(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "spaces")
    private = {
        "DomainId": domain,
        "SpaceName": "lab",
        "OwnershipSettings": {"OwnerUserProfileName": "ana"},
        "SpaceSharingSettings": {"SharingType": "Private"},
    }
    assert error_code(sagemaker.create_space, **private) == "ValidationException"
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
    sagemaker.create_space(**private)
    described = sagemaker.describe_space(DomainId=domain, SpaceName="lab")
    assert described["OwnershipSettings"] == {"OwnerUserProfileName": "ana"}
    assert error_code(sagemaker.delete_user_profile, DomainId=domain, UserProfileName="ana") == "ResourceInUse"
