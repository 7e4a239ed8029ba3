"""Which roles are reported for their permissions boundary."""

from __future__ import annotations

import pytest

from mlinfra.checks.boundaries import roles_without_boundary

OWN = "arn:aws:iam::111111111111:policy/recsys-dev-boundary"


def problems(**role: str) -> list[str]:
    config = {"resource": {"aws_iam_role": {"worker": {"name": "recsys-dev-worker"} | role}}}
    return [each.text for each in roles_without_boundary(config, OWN, except_for=["recsys-dev-ci-apply"])]


def test_a_role_without_a_boundary_is_reported_with_the_remedy() -> None:
    assert problems() == [
        (
            "aws_iam_role.worker has no permissions boundary, and the role for applies cannot create it. Expected: "
            f"permissions_boundary=environment.boundary_arn, which is {OWN}; or declare the environment with "
            "permissions_boundary=None, if no role shall have one."
        )
    ]


def test_a_role_with_another_boundary_is_reported() -> None:
    (problem,) = problems(permissions_boundary="arn:aws:iam::aws:policy/AdministratorAccess")
    assert "has the permissions boundary arn:aws:iam::aws:policy/AdministratorAccess" in problem


@pytest.mark.parametrize(
    "role",
    [
        {"permissions_boundary": OWN},
        {"permissions_boundary": "${aws_iam_policy.boundary.arn}"},
        {"name": "recsys-dev-ci-apply"},
    ],
)
def test_other_roles_are_not_reported(role: dict[str, str]) -> None:
    assert problems(**role) == []
