"""Resources of a model registry, access to versions, and notifications about approvals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest

from mlinfra import RegisteredModel
from mlinfra._cdk.aws import sqs_queue
from mlinfra.constructs.ml_assets.model_registry import ModelRegistry, ModelRegistryAccess
from mlinfra.constructs.parts.function import Function
from mlinfra.declarations.base import judging
from mlinfra.errors import DeclarationError
from mlinfra.functions.contract import Variable
from tests.conftest import an_environment
from tests.unit.constructs.grantee import Grantee

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

PREFIX = "arn:aws:sagemaker:us-east-1:111111111111"
GROUP_ARN = f"{PREFIX}:model-package-group/recsys-dev-ranker"
VERSION_ARNS = f"{PREFIX}:model-package/recsys-dev-ranker/*"


def a_model(**changes: Any) -> RegisteredModel:
    values = {"name": "ranker", "owner": "ana@example.com", "description": "In which order items are shown."}
    return RegisteredModel(**(values | changes))


def made(synth: Synth, *models: RegisteredModel, **changes: Any) -> Template:
    environment = an_environment(models=models or [a_model()], **changes)
    return synth.constructs(lambda stack: ModelRegistry(stack, "registry"), environment=environment, inputs={})


@pytest.mark.parametrize("reserved", [1, None])
def test_the_function_reserves_the_concurrency_of_its_environment(synth: Synth, reserved: Literal[1] | None) -> None:
    function = made(synth, reserved_concurrency=reserved).one("aws_lambda_function")
    assert function.get("reserved_concurrent_executions") == reserved


def granted(synth: Synth, grant: Callable[[ModelRegistryAccess, Any], None]) -> dict[str, Any]:
    """The statements that a grantee gets, by Sid."""

    def build(stack: MlStack) -> None:
        grant(ModelRegistryAccess(stack, "registry"), Grantee(stack))

    config = synth.constructs(build, environment=an_environment(models=[a_model(), a_model(name="two-tower")]))
    policy = json.loads(config.one("aws_iam_role_policy")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def listening(synth: Synth, **changes: Any) -> dict[str, Any]:
    """The event pattern of the rule that invokes a function of the user."""

    def build(stack: MlStack) -> None:
        function = Function(
            stack,
            "deploy",
            name="recsys-dev-deploy",
            handler="mlinfra.functions.janitor.handler",
            description="Deploys.",
            statements=[],
        )
        ModelRegistryAccess(stack, "registry").on_approval(function, **changes)

    config = synth.constructs(build, environment=an_environment(models=[a_model(), a_model(name="two-tower")]))
    rule = config.one("aws_cloudwatch_event_rule")
    assert rule["name"] == "recsys-dev-deploy"
    pattern: dict[str, Any] = json.loads(rule["event_pattern"])
    return pattern


class TestDeclaration:
    """`RegisteredModel`."""

    def test_names_in_an_environment_are_unique(self) -> None:
        with pytest.raises(DeclarationError, match=r"models: 'ranker' is declared twice; names must be unique\."):
            an_environment(models=[a_model(), a_model()])

    def test_a_name_that_gets_too_long_with_the_environments_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match=r"model package group name 'p+-dev-m+', 68 characters.*at most 63"):
            an_environment(project="p" * 24, models=[a_model(name="m" * 39)])

    def test_a_model_has_an_owner(self) -> None:
        with pytest.raises(DeclarationError, match=r"owner: 'ana'.*person responsible for the model"):
            a_model(owner="ana")

    def test_a_refused_model_does_not_hide_what_else_is_wrong(self) -> None:
        with judging(None) as judgement:
            an_environment(models=[a_model(name=None)], project="X")
        assert [error.subject for error in judgement.errors] == ["registeredmodel None", "environment 'dev'"]

    def test_trusted_accounts_are_unique_and_not_the_own_account(self) -> None:
        with pytest.raises(DeclarationError) as refused:
            an_environment(trusted_account_ids=["111111111111", "222222222222", "222222222222"])
        assert "trusted_account_ids: '111111111111' is this environment's own account" in str(refused.value)
        assert "trusted_account_ids: '222222222222' is declared twice; accounts must be unique." in str(refused.value)

    def test_image_repositories_are_unique(self) -> None:
        with pytest.raises(DeclarationError, match="image_repositories: 'ranker' is declared twice"):
            an_environment(image_repositories=["ranker", "ranker"])


def test_each_model_has_a_group_with_an_owner(synth: Synth) -> None:
    config = made(synth, a_model(), a_model(name="two-tower", owner="li@example.com"))
    groups = config.resources("aws_sagemaker_model_package_group").values()
    assert {each["model_package_group_name"]: each["tags"] for each in groups} == {
        "recsys-dev-ranker": {"Owner": "ana@example.com"},
        "recsys-dev-two-tower": {"Owner": "li@example.com"},
    }


def test_protected_groups_cannot_be_destroyed(synth: Synth) -> None:
    group = "aws_sagemaker_model_package_group"
    assert made(synth).one(group)["lifecycle"] == {"prevent_destroy": True}
    assert "lifecycle" not in made(synth, protect_data=False).one(group)


def test_other_principals_cannot_read_versions_by_default(synth: Synth) -> None:
    made(synth).has_no_resource("aws_sagemaker_model_package_group_policy")


def test_trusted_accounts_use_versions_and_do_not_approve_them(synth: Synth) -> None:
    config = made(synth, trusted_account_ids=["222222222222"])
    policy = json.loads(config.one("aws_sagemaker_model_package_group_policy")["resource_policy"])
    group, versions = policy["Statement"]
    assert (group["Resource"], group["Action"]) == (GROUP_ARN, "sagemaker:DescribeModelPackageGroup")
    assert versions["Resource"] == VERSION_ARNS
    assert versions["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root"]}
    assert versions["Action"] == [
        "sagemaker:CreateModel",
        "sagemaker:DescribeModelPackage",
        "sagemaker:ListModelPackages",
    ]


def test_every_approval_of_the_environments_models_is_notified(synth: Synth) -> None:
    config = made(synth)
    assert json.loads(config.one("aws_cloudwatch_event_rule")["event_pattern"]) == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": [{"prefix": "recsys-dev-"}],
            "ModelApprovalStatus": ["PendingManualApproval", "Approved", "Rejected"],
        },
    }
    function = config.one("aws_lambda_function")
    assert function["function_name"] == "recsys-dev-model-approval"
    assert function["environment"]["variables"] == {Variable.TOPIC: an_environment().names.alerts_topic_arn}


def test_the_function_may_find_owners_and_notify_only(synth: Synth) -> None:
    policy = json.loads(made(synth).one("aws_iam_role_policy")["policy"])
    statements = {each["Sid"]: each for each in policy["Statement"]}
    own = {"WriteLog", "SendDeadLetters", "Trace", "ReadVariables"}
    assert set(statements) == own | {"FindOwner", "PublishNotifications", "UseKeyOfTopic"}
    assert statements["FindOwner"]["Resource"] == f"{PREFIX}:model-package-group/recsys-dev-*"


def test_the_log_of_the_function_is_encrypted_with_the_given_or_an_own_key(synth: Synth) -> None:
    config = made(synth)
    key = config.address("aws_kms_key")
    assert config.one("aws_cloudwatch_log_group")["kms_key_id"] == f"${{{key}.arn}}"

    given = "arn:aws:kms:us-east-1:111111111111:key/1"
    config = synth.constructs(
        lambda stack: ModelRegistry(stack, "registry", key_arn=given), environment=an_environment(models=[a_model()])
    )
    assert config.one("aws_cloudwatch_log_group")["kms_key_id"] == given
    config.has_no_resource("aws_kms_key")


def test_a_function_is_started_by_approved_versions_of_any_model(synth: Synth) -> None:
    assert listening(synth)["detail"] == {
        "ModelPackageGroupName": [{"prefix": "recsys-dev-"}],
        "ModelApprovalStatus": ["Approved"],
    }


def test_a_function_can_wait_for_one_model(synth: Synth) -> None:
    assert listening(synth, models=["ranker"], approvals=["Rejected"])["detail"] == {
        "ModelPackageGroupName": ["recsys-dev-ranker"],
        "ModelApprovalStatus": ["Rejected"],
    }


def test_the_functions_queues_and_state_machines_of_a_user_receive_approvals(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        registry = ModelRegistryAccess(stack, "registry")
        registry.on_approval("arn:aws:lambda:us-east-1:111111111111:function:deploy:live", models=["ranker"])
        registry.on_approval("arn:aws:states:us-east-1:111111111111:stateMachine:deploy")
        registry.on_approval(sqs_queue.SqsQueue(stack, "approvals"), approvals=["Rejected"])

    config = synth.constructs(build, environment=an_environment(models=[a_model()]))
    rules = config.resources("aws_cloudwatch_event_rule").values()
    details = {each["name"]: json.loads(each["event_pattern"])["detail"] for each in rules}
    prefix = "recsys-dev-test-registry-on-approval"
    assert {name: each["ModelApprovalStatus"] for name, each in details.items()} == {
        f"{prefix}-function-deploy-live": ["Approved"],
        f"{prefix}-stateMachine-deploy": ["Approved"],
        f"{prefix}-approvals": ["Rejected"],
    }
    assert details[f"{prefix}-function-deploy-live"]["ModelPackageGroupName"] == ["recsys-dev-ranker"]


@pytest.mark.parametrize("approvals", [["approved"], []])
def test_an_approval_that_sagemaker_does_not_have_is_refused(synth: Synth, approvals: list[str]) -> None:
    with pytest.raises(ValueError, match=r"is not valid. Expected: one or more of PendingManualApproval, Approved"):
        listening(synth, approvals=approvals)


def test_a_model_that_is_not_declared_is_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"has no model 'users'. Expected: one of ranker, two-tower"):
        listening(synth, models=["users"])


def test_without_a_declaration_there_is_no_registry(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"'dev' declares no models. Expected: one or more RegisteredModel"):
        synth.constructs(lambda stack: ModelRegistry(stack, "registry"))


def test_readers_can_read_versions(synth: Synth) -> None:
    statements = granted(synth, lambda registry, to: registry.grant_read(to, models=["ranker"]))
    assert set(statements) == {"ReadGroups", "ReadVersions"}
    assert statements["ReadGroups"]["Resource"] == GROUP_ARN
    assert statements["ReadVersions"]["Resource"] == VERSION_ARNS
    assert "sagemaker:ListModelPackages" in statements["ReadVersions"]["Action"]


def test_who_registers_a_version_cannot_approve_it(synth: Synth) -> None:
    statements = granted(synth, lambda registry, to: registry.grant_register(to, models=["ranker"]))
    assert statements["Register"] == {
        "Sid": "Register",
        "Effect": "Allow",
        "Action": "sagemaker:CreateModelPackage",
        "Resource": [GROUP_ARN, VERSION_ARNS],
        "Condition": {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
    }
    assert "Approve" not in statements


def test_approvers_change_versions_and_register_none(synth: Synth) -> None:
    statements = granted(synth, lambda registry, to: registry.grant_approve(to))
    assert statements["Approve"]["Action"] == "sagemaker:UpdateModelPackage"
    assert len(statements["Approve"]["Resource"]) == 2
    assert "Register" not in statements
