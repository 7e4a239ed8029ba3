"""Which permissions boundaries an environment can declare."""

from __future__ import annotations

import pytest

from mlinfra.errors import DeclarationError
from tests.conftest import an_environment


def test_the_default_is_the_policy_that_mlinfra_creates() -> None:
    environment = an_environment()
    assert environment.has_own_boundary
    assert environment.boundary_arn == "arn:aws:iam::111111111111:policy/recsys-dev-boundary"


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::111111111111:policy/teams/workloads", "arn:aws:iam::aws:policy/PowerUserAccess", None]
)
def test_another_policy_or_none_is_accepted(arn: str | None) -> None:
    environment = an_environment(permissions_boundary=arn)
    assert not environment.has_own_boundary
    assert environment.boundary_arn == arn


@pytest.mark.parametrize("text", ["workloads", "", "arn:aws:iam::111111111111:role/workloads", "MLINFRA"])
def test_what_is_not_a_policy_is_refused(text: str) -> None:
    with pytest.raises(
        DeclarationError, match=rf"permissions_boundary: '{text}' is not the ARN of a policy\. Expected: "
    ):
        an_environment(permissions_boundary=text)


def test_a_policy_of_another_account_is_refused() -> None:
    with pytest.raises(
        DeclarationError,
        match=r"is a policy of another account, which IAM does not accept\. Expected: a policy of 111111111111",
    ):
        an_environment(permissions_boundary="arn:aws:iam::222222222222:policy/workloads")


def test_the_same_environment_in_another_region_has_its_own_boundary() -> None:
    other = an_environment().in_region("eu-west-1")
    assert other.boundary_arn == "arn:aws:iam::111111111111:policy/recsys-dev-eu-west-1-boundary"
