"""Synthesis in tests: as in a deployment, with all validations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra import DataLake, EncryptionKey, Environment, MlStack
from mlinfra._cdk.aws import iam_role
from mlinfra.testing import example_environment
from mlinfra.testing.synthesis import SynthesisError

if TYPE_CHECKING:
    from mlinfra.app import MlApp
    from mlinfra.testing.synthesis import Synth


class KeyStack(MlStack):
    def __init__(self, scope: MlApp, environment: Environment) -> None:
        super().__init__(scope, environment, "keys")
        EncryptionKey(self, "key", name="compute", description="Encrypts volumes.", services=["ec2"])


def test_a_class_of_a_stack(synth: Synth) -> None:
    template = synth(KeyStack, example_environment(name="prod"))
    assert template.stack == "prod-keys"
    template.has_resource("aws_kms_key", count=1)


def test_all_stacks_of_an_app(synth: Synth) -> None:
    def build(app: MlApp) -> None:
        for name in ("dev", "prod"):
            KeyStack(app, example_environment(name=name))

    assert list(synth.app(build)) == ["dev-keys", "prod-keys"]


def test_a_failed_validation_is_an_assertion_with_its_problem(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        iam_role.IamRole(stack, "role", name="unlimited", assume_role_policy="{}")

    with pytest.raises(SynthesisError, match=r"aws_iam_role\.role has no permissions boundary"):
        synth.constructs(build)


def test_an_error_of_a_construct_stays_what_it_is(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        DataLake(stack, "lake", zones=["raw", "Nonsense"])

    with pytest.raises(ValueError, match="Nonsense"):
        synth.constructs(build)
