"""Synthesis in tests: as in a deployment, with all validations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import DataLake, EncryptionKey, Environment, MlStack
from mlinfra._cdk.aws import iam_role
from mlinfra.testing import SynthesisError, example_environment

if TYPE_CHECKING:
    from mlinfra.app import MlApp
    from mlinfra.testing import Synth, Template


class KeyStack(MlStack):
    def __init__(self, scope: MlApp, environment: Environment) -> None:
        super().__init__(scope, environment, "keys")
        EncryptionKey(self, "key", name="compute", description="Encrypts volumes.", services=["ec2"])


def test_a_class_of_a_stack(synth: Synth) -> None:
    template = synth(KeyStack, example_environment(name="prod"))
    assert template.stack == "prod-keys"
    template.has_resource("aws_kms_key", count=1)


class TestInputs:
    """Stacks of equal inputs are synthesized once."""

    def build(self, synth: Synth, built: list[str], inputs: object, **changes: Any) -> Template:
        def build(stack: MlStack) -> None:
            built.append(stack.node.id)
            EncryptionKey(stack, "key", name="compute", description="Encrypts volumes.", services=["ec2"])

        return synth.constructs(build, example_environment(**changes), inputs=inputs)

    def test_equal_inputs_and_environments(self, synth: Synth) -> None:
        built: list[str] = []
        first, second = (self.build(synth, built, {"equal": 1}) for _ in range(2))
        assert first == second
        assert built == ["dev-test"]

    @pytest.mark.parametrize(
        ("inputs", "changes"), [({"other": True}, {}), ({"other": 1}, {"name": "prod"}), (None, {})]
    )
    def test_others_are_synthesized(self, synth: Synth, inputs: object, changes: dict[str, str]) -> None:
        built: list[str] = []
        self.build(synth, built, {"other": 1})
        before = len(built)
        self.build(synth, built, inputs, **changes)
        assert len(built) == before + 1

    def test_a_test_that_changes_its_template_changes_no_other(self, synth: Synth) -> None:
        built: list[str] = []
        self.build(synth, built, {"changed": 1}).document["resource"].clear()
        self.build(synth, built, {"changed": 1}).has_resource("aws_kms_key")
        assert len(built) == 1


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
