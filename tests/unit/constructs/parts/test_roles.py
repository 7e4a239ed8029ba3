"""The limit of roles of workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.constructs.parts import trust_policy, workload_role
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({}, "arn:aws:iam::111111111111:policy/recsys-dev-boundary"),
        (
            {"permissions_boundary": "arn:aws:iam::111111111111:policy/workloads"},
            "arn:aws:iam::111111111111:policy/workloads",
        ),
        ({"permissions_boundary": None}, None),
    ],
)
def test_a_role_has_the_boundary_of_its_environment(
    synth: Synth, declared: dict[str, str | None], given: str | None
) -> None:
    def build(stack: MlStack) -> None:
        workload_role(
            stack,
            "role",
            environment=stack.environment,
            name="recsys-dev-x",
            trust=trust_policy("lambda.amazonaws.com"),
        )

    config = synth.constructs(build, environment=an_environment(**declared))
    assert config.one("aws_iam_role").get("permissions_boundary") == given
