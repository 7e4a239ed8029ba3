"""Requests that the console lockdown allows and denies, as a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import AcceleratorStop, ConsoleLockdown, Governance, Pipeline, Tracking
from mlinfra.catalog.managed_actions import LEFT_OPEN, MANAGED_ACTIONS, managed_actions_of
from mlinfra.constructs.account.console_lockdown import FUNCTIONS_THAT_CHANGE, SIZE_LIMIT
from tests.conftest import ROOT, an_environment
from tests.iam import denied

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import Synth, Template

PIPELINE = Pipeline(provider="gitlab", project="ml/platform")
DEV = an_environment(pipeline=PIPELINE)
PROD = an_environment(name="prod", account_id="333333333333", pipeline=PIPELINE)
GLASS = "arn:aws:iam::*:role/break-glass"
SSO = "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_BreakGlass_*"


def made(synth: Synth, **changes: Any) -> Template:
    arguments: dict[str, Any] = {
        "environments": [DEV, PROD],
        "target_ids": ["ou-ab12-cd34ef56"],
        "break_glass_roles": [GLASS, SSO],
    }
    arguments |= changes
    return synth.constructs(lambda stack: ConsoleLockdown(stack, "lockdown", **arguments), inputs=arguments)


def contents(config: Template) -> list[str]:
    return [each["content"] for each in config.resources("aws_organizations_policy").values()]


def refused(config: Template, who: str, action: str, *, service: bool = False) -> bool:
    """True if any of the policies denies the request of `who`."""
    return any(
        denied(
            json.loads(content),
            action,
            aws__PrincipalArn=who,
            aws__PrincipalIsAWSService="true" if service else "false",
        )
        for content in contents(config)
    )


ADMIN = "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1a2b3c"
BREAK_GLASS_PERSON = (
    "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_BreakGlass_9"
)
DEV_ROLE = "arn:aws:iam::111111111111:role/recsys-dev"


@pytest.mark.parametrize(
    ("who", "action", "is_refused"),
    [
        # People, whatever else they may do.
        (ADMIN, "s3:PutBucketPolicy", True),
        (ADMIN, "s3:DeleteBucket", True),
        (ADMIN, "ec2:AuthorizeSecurityGroupIngress", True),
        (ADMIN, "iam:CreateRole", True),
        (ADMIN, "iam:PutRolePolicy", True),
        (ADMIN, "autoscaling:UpdateAutoScalingGroup", True),
        (ADMIN, "sagemaker:DeleteEndpoint", True),
        (ADMIN, "lambda:UpdateFunctionCode", True),
        (ADMIN, "kms:ScheduleKeyDeletion", True),
        ("arn:aws:iam::111111111111:user/ana", "ec2:DeleteVpc", True),
        ("arn:aws:iam::111111111111:root", "s3:PutBucketPolicy", True),
        # Names that only look alike, or are of another account.
        ("arn:aws:iam::111111111111:role/recsys-dev-ci-apply-2", "s3:PutBucketPolicy", True),
        ("arn:aws:iam::222222222222:role/recsys-dev-ci-apply", "s3:PutBucketPolicy", True),
        ("arn:aws:iam::111111111111:role/x/break-glass", "s3:PutBucketPolicy", True),
        (f"{DEV_ROLE}-ci-plan", "s3:PutBucketPolicy", True),
        # The pipelines, those in an emergency, and services.
        (f"{DEV_ROLE}-ci-apply", "s3:PutBucketPolicy", False),
        ("arn:aws:iam::333333333333:role/recsys-prod-ci-apply", "sagemaker:UpdateEndpoint", False),
        ("arn:aws:iam::111111111111:role/break-glass", "s3:PutBucketPolicy", False),
        (BREAK_GLASS_PERSON, "iam:PutRolePolicy", False),
        (
            "arn:aws:iam::111111111111:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            "ec2:CreateLaunchTemplateVersion",
            False,
        ),
        # What stops clusters and endpoints.
        (f"{DEV_ROLE}-janitor", "autoscaling:UpdateAutoScalingGroup", False),
        (f"{DEV_ROLE}-endpoint-watch", "sagemaker:DeleteEndpoint", False),
        # Work goes on.
        (f"{DEV_ROLE}-two-tower-v2-node", "s3:PutObject", False),
        (f"{DEV_ROLE}-two-tower-v2-node", "autoscaling:SetInstanceProtection", False),
        (f"{DEV_ROLE}-two-tower-v2-node", "ssm:PutParameter", False),
        (f"{DEV_ROLE}-studio-ranking", "sagemaker:CreateApp", False),
        (f"{DEV_ROLE}-studio-ranking", "sagemaker:UpdateSpace", False),
        (ADMIN, "autoscaling:SetDesiredCapacity", False),
        (ADMIN, "dynamodb:PutItem", False),
        (ADMIN, "s3:ListBucket", False),
        (ADMIN, "sagemaker:UpdateModelPackage", False),
        (ADMIN, "kms:CreateGrant", False),
        (ADMIN, "ecr:PutImage", False),
    ],
)
def test_each_principal_is_denied_or_allowed_each_action(
    synth: Synth, who: str, action: str, *, is_refused: bool
) -> None:
    assert refused(made(synth), who, action) is is_refused


ACCOUNT = "arn:aws:iam::111111111111:role"


@pytest.mark.parametrize(
    ("who", "is_refused"),
    [
        (f"{ACCOUNT}/AWSControlTowerExecution", False),
        (f"{ACCOUNT}/AWSCloudFormationStackSetExecutionRole", False),
        (f"{ACCOUNT}/stacksets-exec-0123456789abcdef0123456789abcdef", False),
        (f"{ACCOUNT}/AWSControlTowerExecution-2", True),
        (f"{ACCOUNT}/x/AWSControlTowerExecution", True),
        (ADMIN, True),
    ],
)
def test_roles_of_control_tower_and_stack_sets_can_be_exempt(synth: Synth, who: str, *, is_refused: bool) -> None:
    exempt = made(synth, also_exempt=[*ConsoleLockdown.CONTROL_TOWER_ROLES, *ConsoleLockdown.STACK_SETS_ROLES])
    assert refused(exempt, who, "s3:PutBucketPolicy") is is_refused
    assert refused(made(synth), who, "s3:PutBucketPolicy"), "they are not exempt by default"


@pytest.mark.parametrize(
    "action",
    [
        "s3:PutBucketAcl",
        "s3:PutAccountPublicAccessBlock",
        "autoscaling:BatchPutScheduledUpdateGroupAction",
        "autoscaling:SuspendProcesses",
        "logs:PutSubscriptionFilter",
        "lambda:CreateFunctionUrlConfig",
        "dynamodb:PutResourcePolicy",
        "events:PutPermission",
        "iam:UntagRole",
        "cloudwatch:SetAlarmState",
        "ec2:CreateVpcPeeringConnection",
    ],
)
def test_other_ways_to_the_same_change_are_locked(synth: Synth, action: str) -> None:
    assert refused(made(synth), ADMIN, action)


@pytest.mark.parametrize(
    "action",
    [
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateHyperParameterTuningJob",
        "sagemaker:CreateTransformJob",
        "sagemaker:CreatePipeline",
        "sagemaker:StartPipelineExecution",
        "sagemaker:CreateExperiment",
        "sagemaker:CreatePresignedDomainUrl",
        "sagemaker:CreatePresignedMlflowTrackingServerUrl",
        "sagemaker:PutRecord",
        "sagemaker:CreateImageVersion",
        "iam:PassRole",
        "athena:StartQueryExecution",
        "glue:CreateTable",
        "batch:SubmitJob",
        "ssm:StartSession",
    ],
)
def test_the_work_of_sagemaker_users_stays_open(synth: Synth, action: str) -> None:
    assert not refused(made(synth), f"{DEV_ROLE}-studio-ranking", action)


@pytest.mark.parametrize("registers", [True, False])
def test_mlflow_creates_groups_if_it_registers_models_automatically(synth: Synth, *, registers: bool) -> None:
    tracked = an_environment(pipeline=PIPELINE, tracking=Tracking(automatic_model_registration=registers))
    config = made(synth, environments=[tracked])
    assert refused(config, f"{DEV_ROLE}-tracking", "sagemaker:CreateModelPackageGroup") is not registers


def test_a_service_of_aws_is_not_denied(synth: Synth) -> None:
    assert not refused(made(synth), "cloudtrail.amazonaws.com", "s3:PutBucketPolicy", service=True)


def test_every_policy_fits_and_together_they_have_every_action_once(synth: Synth) -> None:
    policies = contents(made(synth))
    assert len(policies) == 3
    assert all(len(each) <= SIZE_LIMIT for each in policies)
    actions = [action for each in policies for action in json.loads(each)["Statement"][0]["Action"]]
    assert sorted(actions) == list(managed_actions_of(MANAGED_ACTIONS))


def test_each_policy_is_attached_to_each_target(synth: Synth) -> None:
    config = made(synth, target_ids=["ou-ab12-cd34ef56", "111111111111"])
    assert len(config.resources("aws_organizations_policy_attachment")) == 3 * 2


def test_only_what_is_managed_is_locked(synth: Synth) -> None:
    config = made(synth, resource_types=["aws_s3_bucket"])
    (content,) = contents(config)
    assert json.loads(content)["Statement"][0]["Action"] == sorted(MANAGED_ACTIONS["aws_s3_bucket"])


def test_no_declared_role_is_denied_what_it_needs(synth: Synth, synthesized: Path) -> None:
    """Whatever a role of mlinfra is allowed, it still can do: functions, nodes, Studio, endpoints."""
    accounts = {"dev": "111111111111", "staging": "222222222222", "prod": "333333333333"}
    stop = Governance(accelerator_stop=AcceleratorStop(roles=["recsys-jobs"]))
    environments = [
        an_environment(name=name, account_id=account_id, pipeline=PIPELINE, governance=stop)
        for name, account_id in accounts.items()
    ]
    config = made(synth, environments=environments)
    seen = 0
    for path in sorted(synthesized.glob("*/cdk.tf.json")):
        account_id = accounts.get(path.parent.name.partition("-")[0])
        if account_id is None:
            continue
        block = json.loads(path.read_text())["resource"]
        names = {key: each["name"] for key, each in block.get("aws_iam_role", {}).items()}
        for each in block.get("aws_iam_role_policy", {}).values():
            name = names[each["role"].split(".")[1]]
            for statement in json.loads(each["policy"])["Statement"]:
                if statement["Effect"] == "Deny":
                    continue
                for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
                    seen += 1
                    who = f"arn:aws:iam::{account_id}:role/{name}"
                    assert not refused(config, who, action.removesuffix("*")), f"{name}: {action}"
    assert seen > 300


def test_functions_exempted_from_the_lockdown_exist(synthesized: Path) -> None:
    block = [json.loads(path.read_text())["resource"] for path in synthesized.glob("dev-*/cdk.tf.json")]
    names = {each["name"] for config in block for each in config.get("aws_iam_role", {}).values()}
    assert {f"recsys-dev-{function}" for function in FUNCTIONS_THAT_CHANGE} <= names


def test_the_table_knows_every_type_that_is_declared_here(synthesized: Path) -> None:
    emitted = {kind for path in synthesized.glob("*/cdk.tf.json") for kind in json.loads(path.read_text())["resource"]}
    assert emitted - MANAGED_ACTIONS.keys() == set(), "add them to mlinfra/catalog/managed_actions.py"


def test_the_table_knows_every_type_that_a_construct_can_make() -> None:
    text = (ROOT / "mlinfra" / "_cdk" / "aws.py").read_text(encoding="utf-8")
    modules = {line.split()[0] for line in text.splitlines() if " as " in line and line.startswith("        ")}
    made_by_constructs = {f"aws_{each}" for each in modules if not each.startswith(("data_aws_", "organizations_"))}
    assert made_by_constructs - {"aws_provider"} - MANAGED_ACTIONS.keys() == set()
    assert MANAGED_ACTIONS.keys() - made_by_constructs == set(), "nothing makes them any more"


def test_exempted_actions_are_not_denied_and_have_a_reason() -> None:
    locked = set(managed_actions_of(MANAGED_ACTIONS))
    assert not locked & LEFT_OPEN.keys()
    assert all(len(reason) > 20 for reason in LEFT_OPEN.values())
    assert not any("*" in action for action in locked)


def test_reading_is_never_locked() -> None:
    verbs = {action.partition(":")[2] for action in managed_actions_of(MANAGED_ACTIONS)}
    assert not [verb for verb in verbs if verb.startswith(("Describe", "Get", "List", "BatchGet"))]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"environments": []}, "environments: the list is empty. Expected: the environments in the locked accounts."),
        ({"environments": [an_environment()]}, "environments: 'dev' has no pipeline, so no principal could change it"),
        ({"target_ids": []}, "it is empty. Expected: accounts"),
        (
            {"target_ids": ["ou-x"]},
            "'ou-x' is not a valid target. Expected: accounts (12 digits, as text), units (ou-...) or",
        ),
        ({"break_glass_roles": []}, "missing, so no principal could fix a broken pipeline"),
        ({"break_glass_roles": ["arn:aws:iam::*:role/*"]}, "'arn:aws:iam::*:role/*' does not name a role"),
        ({"break_glass_roles": ["break-glass"]}, "break_glass_roles: 'break-glass' does not name a role. Expected:"),
        ({"break_glass_roles": ["arn:aws:iam::111111111111:user/ana"]}, "does not name a role"),
        ({"also_exempt": ["arn:aws:iam::*:role/*"]}, "also_exempt: 'arn:aws:iam::*:role/*' does not name a role"),
        ({"name": "a/b"}, "name='a/b' is not a valid policy name. Expected: 1 to 120 letters"),
        (
            {"resource_types": ["aws_mystery"]},
            "no actions are listed for aws_mystery. Expected: types of mlinfra/catalog",
        ),
        (
            {"resource_types": ["aws_sagemaker_space"]},
            "the lockdown requires 0 policies of 5120 characters. Expected: 1 to 4",
        ),
    ],
)
def test_invalid_arguments_are_refused(synth: Synth, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  the message is compared in full below
        made(synth, **changes)
    assert message in str(error.value)


def test_more_environments_than_fit_are_refused(synth: Synth) -> None:
    def several(count: int) -> list[Any]:
        return [
            an_environment(name=f"dev-{number}", account_id=f"{number:012d}", pipeline=PIPELINE)
            for number in range(count)
        ]

    with pytest.raises(ValueError, match="the lockdown requires 5 policies of 5120 characters"):
        made(synth, environments=several(10))
    with pytest.raises(ValueError, match="leave no space for an action in a policy of 5120 characters"):
        made(synth, environments=several(40))
