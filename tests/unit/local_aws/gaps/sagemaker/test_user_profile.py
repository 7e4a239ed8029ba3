"""SageMaker user profiles."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE, create_domain


def test_a_user_profile_in_an_unknown_domain_is_refused(sagemaker: Any) -> None:
    code = error_code(sagemaker.create_user_profile, DomainId="d-nowhere", UserProfileName="ana")
    assert code == "ValidationException"


def test_an_update_of_a_user_profile_keeps_other_settings(sagemaker: Any) -> None:
    domain = create_domain(sagemaker, "profiles")
    key = {"DomainId": domain, "UserProfileName": "ana"}
    sagemaker.create_user_profile(**key, UserSettings={"ExecutionRole": ROLE})
    sagemaker.update_user_profile(**key, UserSettings={"SecurityGroups": ["sg-1"]})
    described = sagemaker.describe_user_profile(**key)
    assert described["UserSettings"] == {"ExecutionRole": ROLE, "SecurityGroups": ["sg-1"]}
    assert described["Status"] == "Updating"
    assert described["HomeEfsFileSystemUid"].isdigit()
    assert error_code(sagemaker.create_user_profile, **key) == "ResourceInUse"


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


def test_an_invalid_token_is_refused(sagemaker: Any) -> None:
    assert error_code(sagemaker.list_user_profiles, NextToken="?") == "ValidationException"
