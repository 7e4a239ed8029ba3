"""Trust policies and permissions of the roles of pipelines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ci.refresh_actions import table
from mlinfra import CiRoles, Environment, MlStack, Pipeline
from mlinfra._cdk import App
from mlinfra.checks.wildcards import wildcards
from mlinfra.constructs.account.ci_permissions import ATTACHABLE, PASSED_TO
from mlinfra.local_aws.permissions.policies import Request, decide
from mlinfra.stacks.foundation import FoundationStack
from mlinfra.testing import Template
from tests.conftest import ROOT, an_environment
from tests.iam import allowed, denied, managed_policies

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import Synth

PIPELINE = Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com")
ISSUER = "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com"
KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
OWN = "arn:aws:iam::111111111111:role/recsys-dev"
BOUNDARY = "arn:aws:iam::111111111111:policy/recsys-dev-boundary"
LIMITED = {"iam__PermissionsBoundary": BOUNDARY}
OTHER = {"iam__PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}


def made(synth: Synth, **changes: Any) -> Template:
    environment = an_environment(pipeline=PIPELINE.model_copy(update=changes))
    return synth.constructs(lambda stack: CiRoles(stack, "ci-roles"), environment=environment, inputs={})


def role(config: Template, use: str) -> dict[str, Any]:
    (found,) = (each for each in config.resources("aws_iam_role").values() if each["name"].endswith(f"-ci-{use}"))
    result: dict[str, Any] = found
    return result


def policy(config: Template, use: str) -> dict[str, Any]:
    policies = config.resources("aws_iam_role_policy").values()
    (found,) = (json.loads(each["policy"]) for each in policies if each["name"] == f"{use}-limits")
    result: dict[str, Any] = found
    return result


def managed(config: Template) -> set[str]:
    return {each["policy_arn"] for each in config.resources("aws_iam_role_policy_attachment").values()}


def test_jobs_assume_the_roles_with_an_oidc_token(synth: Synth) -> None:
    trust = json.loads(role(made(synth), "apply")["assume_role_policy"])["Statement"]
    assert trust == [
        {
            "Effect": "Allow",
            "Principal": {"Federated": ISSUER},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": PIPELINE.apply_claims("dev"),
        }
    ]
    made(synth).has_no_resource("aws_iam_access_key")


def test_the_identity_provider_is_created(synth: Synth) -> None:
    issuer = made(synth).one("aws_iam_openid_connect_provider")
    assert issuer["url"] == "https://gitlab.example.com"
    assert issuer["client_id_list"] == ["https://gitlab.example.com"]


def test_an_existing_identity_provider_is_not_created_again(synth: Synth) -> None:
    config = made(synth, create_provider=False)
    config.has_no_resource("aws_iam_openid_connect_provider")
    assert not allowed(policy(config, "apply"), "iam:TagOpenIDConnectProvider", ISSUER)
    assert json.loads(role(config, "plan")["assume_role_policy"])["Statement"][0]["Principal"]["Federated"] == ISSUER


def test_a_plan_has_one_hour_and_an_apply_as_many_as_declared(synth: Synth) -> None:
    config = made(synth, apply_session_hours=4)
    assert role(config, "plan")["max_session_duration"] == 3600
    assert role(config, "drift")["max_session_duration"] == 3600
    assert role(config, "apply")["max_session_duration"] == 4 * 3600


def test_managed_policies_are_attached_after_the_permissions_boundary(synth: Synth) -> None:
    config = made(synth)
    assert managed(config) == {"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/PowerUserAccess"}
    for attachment in config.resources("aws_iam_role_policy_attachment").values():
        assert "limits" in attachment["depends_on"][0]


def test_no_statement_has_a_wildcard_without_a_condition(synth: Synth) -> None:
    assert list(wildcards(made(synth).document)) == []


STATE = "arn:aws:s3:::recsys-dev-tfstate-111111111111-us-east-1"
TABLES = "arn:aws:dynamodb:us-east-1:111111111111:table"
PARAMETERS = "arn:aws:ssm:us-east-1:111111111111:parameter"


@pytest.mark.parametrize("use", ["plan", "drift", "apply"])
@pytest.mark.parametrize(
    ("action", "resource", "refused"),
    [
        ("s3:GetObject", f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate", False),
        ("s3:GetObject", f"{STATE}/recsys/prod/us-east-1/data/terraform.tfstate", True),
        ("s3:GetObject", "arn:aws:s3:::recsys-dev-raw-111111111111-us-east-1/users.parquet", True),
        ("s3:GetBucketPolicy", "arn:aws:s3:::recsys-dev-raw-111111111111-us-east-1", False),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:111111111111:secret:token", True),
        ("ssm:GetParameter", f"{PARAMETERS}/mlinfra/recsys/dev/foundation/vpc-id", False),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1::parameter/aws/service/deeplearning/ami/x86_64/x", False),
        ("ssm:GetParameter", f"{PARAMETERS}/wandb/token", True),
        ("dynamodb:GetItem", f"{TABLES}/recsys-dev-tfstate-lock", False),
        ("dynamodb:Query", f"{TABLES}/recsys-dev-clusters", False),
        ("dynamodb:Scan", f"{TABLES}/users", True),
        ("dynamodb:DescribeTable", f"{TABLES}/users", False),
        ("logs:StartLiveTail", "arn:aws:logs:us-east-1:111111111111:log-group:x", True),
        ("logs:GetLogEvents", "arn:aws:logs:us-east-1:111111111111:log-group:x", True),
        ("sagemaker:CreatePresignedDomainUrl", "arn:aws:sagemaker:us-east-1:111111111111:user-profile/d/ana", True),
        ("lambda:GetFunction", "arn:aws:lambda:us-east-1:111111111111:function:recsys-dev-idle", False),
    ],
)
def test_no_role_reads_data_or_secrets(synth: Synth, use: str, action: str, resource: str, *, refused: bool) -> None:
    assert denied(policy(made(synth), use), action, resource) is refused


def test_the_plan_role_decrypts_the_state_and_changes_nothing(synth: Synth) -> None:
    plan = policy(made(synth), "plan")
    assert allowed(plan, "kms:Decrypt", KEY, kms__ResourceAliases=["alias/recsys-dev-tfstate"])
    assert not allowed(plan, "kms:Decrypt", KEY, kms__ResourceAliases=["alias/recsys-dev-data-lake"])
    assert not allowed(plan, "kms:Decrypt", KEY)
    granted = {
        action
        for each in plan["Statement"]
        if each["Effect"] == "Allow"
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert granted == {
        "bcm-data-exports:GetExport",
        "bcm-data-exports:ListTagsForResource",
        "glue:GetPartitionIndexes",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:PutObject",
        "sagemaker:GetModelPackageGroupPolicy",
    }


def test_the_plan_role_stores_plans_encrypted_and_once(synth: Synth) -> None:
    plan = policy(made(synth), "plan")
    stored = f"{STATE}/_plans/dev-data/1a2b/9f86.zip"
    assert allowed(plan, "s3:PutObject", stored, **{"s3__if-none-match": "*"})
    assert not allowed(plan, "s3:PutObject", stored)
    state = f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate"
    assert not allowed(plan, "s3:PutObject", state, **{"s3__if-none-match": "*"})
    key = {"kms__ResourceAliases": ["alias/recsys-dev-tfstate"]}
    assert allowed(plan, "kms:GenerateDataKey", KEY, kms__ViaService="s3.us-east-1.amazonaws.com", **key)
    assert not allowed(plan, "kms:GenerateDataKey", KEY, kms__ViaService="dynamodb.us-east-1.amazonaws.com", **key)
    assert not allowed(plan, "kms:GenerateDataKey", KEY, **key)
    assert denied(plan, "s3:GetObject", stored)


def test_the_apply_role_alone_reads_stored_plans(synth: Synth) -> None:
    config = made(synth)
    stored = f"{STATE}/_plans/dev-data/1a2b/9f86.zip"
    assert not denied(policy(config, "apply"), "s3:GetObject", stored)
    drift = policy(config, "drift")
    assert denied(drift, "s3:GetObject", stored)
    assert not allowed(drift, "s3:PutObject", stored, **{"s3__if-none-match": "*"})


def test_read_only_access_lacks_what_the_plan_role_adds() -> None:
    """moto contains AWS's managed policies. The statement can be removed once ReadOnlyAccess has the action."""
    document = managed_policies()["ReadOnlyAccess"]["Document"]
    assert not allowed(document, "sagemaker:GetModelPackageGroupPolicy")
    assert allowed(document, "sagemaker:DescribeModelPackageGroup")
    assert allowed(document, "logs:StartLiveTail")


def test_the_plan_role_reads_policies_of_model_package_groups(synth: Synth) -> None:
    plan = policy(made(synth), "plan")
    group = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group"
    assert allowed(plan, "sagemaker:GetModelPackageGroupPolicy", f"{group}/recsys-dev-ranker")
    assert not allowed(plan, "sagemaker:GetModelPackageGroupPolicy", f"{group}/recsys-prod-ranker")


def test_the_drift_role_trusts_one_branch_and_writes_no_parameter_but_the_baseline(
    synth: Synth,
) -> None:
    config = made(synth)
    trust = json.loads(role(config, "drift")["assume_role_policy"])["Statement"][0]
    assert trust["Condition"] == PIPELINE.drift_claims
    drift = policy(config, "drift")
    parameters = "arn:aws:ssm:us-east-1:111111111111:parameter/mlinfra/recsys/dev"
    assert allowed(drift, "ssm:PutParameter", f"{parameters}/drift/data")
    assert not allowed(drift, "ssm:PutParameter", f"{parameters}/data/commit")
    assert not allowed(drift, "ssm:PutParameter", "arn:aws:ssm:us-east-1:111111111111:parameter/mlinfra/recsys/prod/x")
    assert allowed(drift, "sns:Publish", "arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts")


def test_the_drift_role_alone_writes_the_baseline_of_audits(synth: Synth) -> None:
    config = made(synth)
    baseline = f"{STATE}/_audit/baseline.json.gz"
    drift, plan = policy(config, "drift"), policy(config, "plan")
    assert allowed(drift, "s3:PutObject", baseline)
    assert not denied(drift, "s3:GetObject", baseline)
    assert not allowed(drift, "s3:PutObject", f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate")
    assert not allowed(plan, "s3:PutObject", baseline)
    assert denied(plan, "s3:GetObject", baseline)


def test_the_plan_role_cannot_declare_drift_as_known(synth: Synth) -> None:
    plan = policy(made(synth), "plan")
    parameters = "arn:aws:ssm:us-east-1:111111111111:parameter/mlinfra/recsys/dev"
    assert not allowed(plan, "ssm:PutParameter", f"{parameters}/drift/data")
    assert not allowed(plan, "sns:Publish", "arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts")


def test_the_plan_role_reads_the_variables_of_every_function(synthesized: Path) -> None:
    """Lambda leaves out variables that cannot be decrypted, and a plan would set them again."""
    seen = 0
    for foundation in sorted(synthesized.glob("*-foundation/cdk.tf.json")):
        config = Template.read(foundation.parent)
        if not config.find("aws_iam_openid_connect_provider"):
            continue
        plan = policy(config, "plan")
        environment = foundation.parent.name.removesuffix("-foundation")
        (account,) = config.document["provider"]["aws"][0]["allowed_account_ids"]
        for path in sorted(synthesized.glob(f"{environment}-*/cdk.tf.json")):
            block = json.loads(path.read_text())["resource"]
            aliases = {
                each["target_key_id"].replace(".key_id}", ".arn}"): each["name"]
                for each in block.get("aws_kms_alias", {}).values()
            }
            for each in block.get("aws_lambda_function", {}).values():
                # A key of another stack is the one that the foundation hands over.
                alias = aliases.get(each["kms_key_arn"], f"alias/recsys-{environment}-compute")
                key = f"arn:aws:kms:us-east-1:{account}:key/1"
                assert allowed(plan, "kms:Decrypt", key, kms__ResourceAliases=[alias]), each["function_name"]
                seen += 1
    assert seen


@pytest.mark.parametrize(
    ("action", "resource", "context", "allows"),
    [
        ("iam:CreateRole", f"{OWN}-janitor", LIMITED, True),
        ("iam:CreateRole", f"{OWN}-janitor", {}, False),
        ("iam:CreateRole", f"{OWN}-janitor", OTHER, False),
        ("iam:CreateRole", "arn:aws:iam::111111111111:role/admin", LIMITED, False),
        ("iam:PutRolePolicy", f"{OWN}-janitor", LIMITED, True),
        ("iam:PutRolePolicy", f"{OWN}-janitor", {}, False),
        ("iam:PutRolePermissionsBoundary", f"{OWN}-janitor", LIMITED, True),
        ("iam:PutRolePermissionsBoundary", f"{OWN}-janitor", OTHER, False),
        ("iam:DeleteRolePermissionsBoundary", f"{OWN}-janitor", LIMITED, False),
        ("iam:DeleteRolePolicy", f"{OWN}-of-an-earlier-version", {}, True),
        ("iam:DetachRolePolicy", f"{OWN}-of-an-earlier-version", {"iam__PolicyARN": ATTACHABLE[0]}, True),
        ("iam:GetPolicyVersion", BOUNDARY, {}, True),
        ("iam:TagPolicy", BOUNDARY, {}, True),
        ("iam:CreatePolicyVersion", BOUNDARY, {}, False),
        ("iam:SetDefaultPolicyVersion", BOUNDARY, {}, False),
        ("iam:DeletePolicy", BOUNDARY, {}, False),
        ("iam:PutRolePolicy", f"{OWN}-ci-apply", {}, False),
        ("iam:UpdateAssumeRolePolicy", f"{OWN}-ci-apply", {}, False),
        ("iam:UpdateAssumeRolePolicy", f"{OWN}-ci-plan", {}, False),
        ("iam:UpdateAssumeRolePolicy", f"{OWN}-ci-drift", {}, False),
        ("iam:DeleteRolePolicy", f"{OWN}-ci-apply", {}, False),
        ("iam:PutRolePolicy", f"{OWN}-eu-west-1-ci-apply", {}, False),
        ("iam:TagRole", f"{OWN}-ci-apply", {}, True),
        ("iam:UpdateRoleDescription", f"{OWN}-janitor", {}, True),
        ("iam:UpdateRoleDescription", f"{OWN}-ci-apply", {}, False),
        ("iam:GetOpenIDConnectProvider", ISSUER, {}, True),
        ("iam:TagOpenIDConnectProvider", ISSUER, {}, True),
        ("iam:TagOpenIDConnectProvider", "arn:aws:iam::111111111111:oidc-provider/other.example.com", {}, False),
        ("iam:AddClientIDToOpenIDConnectProvider", ISSUER, {}, False),
        ("iam:AttachRolePolicy", f"{OWN}-x-node", {"iam__PolicyARN": ATTACHABLE[0]} | LIMITED, True),
        ("iam:AttachRolePolicy", f"{OWN}-x-node", {"iam__PolicyARN": ATTACHABLE[0]}, False),
        (
            "iam:AttachRolePolicy",
            f"{OWN}-x-node",
            {"iam__PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"} | LIMITED,
            False,
        ),
        ("iam:PassRole", f"{OWN}-janitor", {"iam__PassedToService": "lambda.amazonaws.com"}, True),
        ("iam:PassRole", f"{OWN}-janitor", {"iam__PassedToService": "glue.amazonaws.com"}, False),
        ("iam:PassRole", "arn:aws:iam::111111111111:role/admin", {"iam__PassedToService": "ec2.amazonaws.com"}, False),
        ("iam:CreateInstanceProfile", "arn:aws:iam::111111111111:instance-profile/recsys-dev-x-node", {}, True),
    ],
)
def test_the_apply_role_creates_roles_of_its_environment_only(
    synth: Synth, action: str, resource: str, context: dict[str, str], *, allows: bool
) -> None:
    assert allowed(policy(made(synth), "apply"), action, resource, **context) is allows


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateUser", "arn:aws:iam::111111111111:user/x"),
        ("iam:CreateAccessKey", "arn:aws:iam::111111111111:user/x"),
        ("iam:CreateOpenIDConnectProvider", ISSUER),
        ("organizations:LeaveOrganization", "*"),
        ("sts:AssumeRole", "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole"),
        ("cloudtrail:StopLogging", "arn:aws:cloudtrail:us-east-1:111111111111:trail/x"),
        ("ssm:StartSession", "arn:aws:ec2:us-east-1:111111111111:instance/i-1"),
        ("ssm:CreateAssociation", "arn:aws:ssm:us-east-1:111111111111:document/x"),
        ("ssm:StartAutomationExecution", "arn:aws:ssm:us-east-1:111111111111:automation-definition/x:1"),
        ("ec2-instance-connect:SendSerialConsoleSSHPublicKey", "arn:aws:ec2:us-east-1:111111111111:instance/i-1"),
        ("ec2-instance-connect:OpenTunnel", "arn:aws:ec2:us-east-1:111111111111:instance-connect-endpoint/x"),
        ("ec2:EnableSerialConsoleAccess", "*"),
        ("ecs:ExecuteCommand", "arn:aws:ecs:us-east-1:111111111111:task/x/1"),
        ("s3:DeleteObjectVersion", f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate"),
        ("s3:PutLifecycleConfiguration", STATE),
        ("s3:PutBucketVersioning", STATE),
        ("s3:PutBucketPolicy", STATE),
        ("s3:DeleteBucketPolicy", STATE),
        ("s3:PutReplicationConfiguration", STATE),
        ("kms:DeleteAlias", "arn:aws:kms:us-east-1:111111111111:alias/recsys-dev-tfstate"),
        ("kms:UpdateAlias", "arn:aws:kms:us-east-1:111111111111:alias/recsys-dev-tfstate"),
    ],
)
def test_the_apply_role_cannot_escalate_its_permissions(synth: Synth, action: str, resource: str) -> None:
    assert denied(policy(made(synth), "apply"), action, resource)


@pytest.mark.parametrize(
    ("declared", "context", "allows"),
    [
        ("arn:aws:iam::111111111111:policy/workloads", LIMITED, False),
        (
            "arn:aws:iam::111111111111:policy/workloads",
            {"iam__PermissionsBoundary": "arn:aws:iam::111111111111:policy/workloads"},
            True,
        ),
        (None, {}, True),
    ],
)
def test_the_apply_role_creates_roles_with_the_declared_boundary(
    synth: Synth, declared: str | None, context: dict[str, str], *, allows: bool
) -> None:
    environment = an_environment(pipeline=PIPELINE, permissions_boundary=declared)
    config = synth.constructs(lambda stack: CiRoles(stack, "ci-roles"), environment=environment)
    assert allowed(policy(config, "apply"), "iam:CreateRole", f"{OWN}-janitor", **context) is allows
    assert not allowed(policy(config, "apply"), "iam:CreatePolicyVersion", str(declared))


@pytest.mark.parametrize("action", ["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"])
def test_the_apply_role_keeps_the_key_of_the_state_and_changes_others(synth: Synth, action: str) -> None:
    apply = policy(made(synth), "apply")
    assert denied(apply, action, KEY, kms__ResourceAliases=["alias/recsys-dev-tfstate"])
    assert not denied(apply, action, KEY, kms__ResourceAliases=["alias/recsys-dev-data-lake"])
    assert not denied(apply, action, KEY)


def test_the_apply_role_writes_and_locks_the_state(synth: Synth) -> None:
    apply = policy(made(synth), "apply")
    assert not denied(apply, "s3:PutObject", f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate")
    assert not denied(apply, "s3:DeleteObject", f"{STATE}/recsys/dev/us-east-1/data/terraform.tfstate.tflock")
    assert not denied(apply, "dynamodb:PutItem", f"{TABLES}/recsys-dev-tfstate-lock")


def test_an_inline_policy_fits_into_its_role(synth: Synth) -> None:
    """IAM counts 10,240 characters for all inline policies of a role together, without white space."""
    for use in ("plan", "drift", "apply"):
        assert len(json.dumps(policy(made(synth), use), separators=(",", ":"))) <= 10_240


def test_an_environment_without_a_pipeline_is_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match="'dev' has pipeline=None, so no pipeline assumes its roles"):
        synth.constructs(lambda stack: CiRoles(stack, "ci-roles"))


def test_a_foundation_with_a_pipeline_has_both_roles(synth: Synth) -> None:
    names = {
        each["name"]
        for each in synth(FoundationStack, environment=an_environment(pipeline=PIPELINE))
        .resources("aws_iam_role")
        .values()
    }
    assert {"recsys-dev-ci-plan", "recsys-dev-ci-drift", "recsys-dev-ci-apply"} <= names


def test_a_foundation_without_a_pipeline_has_no_roles(synth: Synth) -> None:
    synth(FoundationStack).has_no_resource("aws_iam_openid_connect_provider")


def test_the_three_roles_are_at_hand(tmp_path: Path) -> None:
    environment: Environment = an_environment(pipeline=PIPELINE)
    stack = MlStack(App(outdir=str(tmp_path)), environment, "test")
    roles = CiRoles(stack, "ci-roles")
    assert roles.plan.name_input == "recsys-dev-ci-plan"
    assert roles.drift.name_input == "recsys-dev-ci-drift"
    assert roles.apply.name_input == "recsys-dev-ci-apply"
    assert roles.provider is not None


def test_the_apply_role_may_apply_every_declared_stack(synthesized: Path) -> None:
    """Managed policies and services that a construct newly uses have to be known to the role that applies."""
    for path in sorted(synthesized.glob("*/cdk.tf.json")):
        block = json.loads(path.read_text())["resource"]
        attached = {
            each["policy_arn"]
            for each in block.get("aws_iam_role_policy_attachment", {}).values()
            if "ci-roles" not in each["role"]
        }
        assert attached <= set(ATTACHABLE), path.parent.name
        for each in block.get("aws_iam_role", {}).values():
            assert each["name"].startswith("recsys-")
            principal = json.loads(each["assume_role_policy"])["Statement"][0]["Principal"]
            assert "Federated" in principal or principal["Service"] in PASSED_TO, each["name"]


READS = table()
"""The actions that the AWS provider calls in a refresh, by resource type."""

MANAGED = {use: "PowerUserAccess" if use == "apply" else "ReadOnlyAccess" for use in ("plan", "drift", "apply")}
"""The managed policies of the roles, as stored in moto: ReadOnlyAccess v190 of 2026-09-24, PowerUserAccess v12."""


def read_resource(action: str, body: dict[str, Any], *, prefix: str, account: str) -> str:
    """The ARN that a refresh of a resource reads, where a policy of a role depends on it."""
    if action.startswith("ssm:GetParameter"):
        name = str(body.get("name") or body.get("path")).lstrip("/")
        owner = "" if name.startswith("aws/service/") else account
        return f"arn:aws:ssm:us-east-1:{owner}:parameter/{name}"
    if action.startswith("iam:"):
        kinds = {
            "iam:GetPolicy": "policy",
            "iam:GetPolicyVersion": "policy",
            "iam:GetInstanceProfile": "instance-profile",
        }
        if action == "iam:GetOpenIDConnectProvider":
            return f"arn:aws:iam::{account}:oidc-provider/gitlab.example.com"
        return f"arn:aws:iam::{account}:{kinds.get(action, 'role')}/{prefix}-boundary"
    arns = {
        "glue:GetPartitionIndexes": f"arn:aws:glue:us-east-1:{account}:table/{prefix.replace('-', '_')}_billing/costs",
        "bcm-data-exports:GetExport": f"arn:aws:bcm-data-exports:us-east-1:{account}:export/{prefix}-costs",
        "bcm-data-exports:ListTagsForResource": f"arn:aws:bcm-data-exports:us-east-1:{account}:export/{prefix}-costs",
        "sagemaker:GetModelPackageGroupPolicy": (
            f"arn:aws:sagemaker:us-east-1:{account}:model-package-group/{prefix}-ranker"
        ),
    }
    return arns.get(action, "arn:aws:any:us-east-1:111111111111:thing")


def unreadable(config: Template, policies: list[dict[str, Any]], *, prefix: str, account: str) -> list[str]:
    """The read actions of resources and data sources that `policies` do not allow."""
    blocks = {
        **config.document.get("resource", {}),
        **{f"data.{name}": each for name, each in config.document.get("data", {}).items()},
    }
    found = []
    for kind, bodies in blocks.items():
        assert kind in READS, (
            f"{kind} has no entry in ci/refresh_actions.json. Apply one on the local AWS, plan it with "
            f"TF_LOG_PROVIDER=DEBUG TF_LOG_PATH=LOG, and run: python -m ci.refresh_actions LOG"
        )
        for action in READS[kind]:
            arns = {read_resource(action, each, prefix=prefix, account=account) for each in bodies.values()}
            found += [
                f"{kind}: {action} on {arn}" for arn in arns if decide(policies, Request(action, arn)) != "allowed"
            ]
    return found


@pytest.mark.parametrize("use", ["plan", "drift", "apply"])
def test_a_role_refreshes_every_synthesized_resource(synthesized: Path, use: str) -> None:
    base = managed_policies()[MANAGED[use]]["Document"]
    seen = set()
    for foundation in sorted(synthesized.glob("*-foundation/cdk.tf.json")):
        config = Template.read(foundation.parent)
        if not config.find("aws_iam_openid_connect_provider"):
            continue
        environment = foundation.parent.name.removesuffix("-foundation")
        (account,) = config.document["provider"]["aws"][0]["allowed_account_ids"]
        for path in sorted(synthesized.glob(f"{environment}-*/cdk.tf.json")):
            stack = Template.read(path.parent)
            problems = unreadable(stack, [base, policy(config, use)], prefix=f"recsys-{environment}", account=account)
            assert problems == [], path.parent.name
            seen |= set(stack.document["resource"])
    assert len(seen) > 50


OF_THE_ORGANIZATION = {"aws_organizations_policy", "aws_organizations_policy_attachment"}
"""Resources of the management account, which no role of an environment plans."""


@pytest.mark.parametrize("use", ["plan", "drift", "apply"])
def test_a_role_refreshes_the_resources_of_every_construct(synth: Synth, use: str) -> None:
    policies = [managed_policies()[MANAGED[use]]["Document"], policy(made(synth), use)]
    for path in sorted((ROOT / "tests" / "snapshots" / "__snapshots__" / "test_constructs").glob("*.json")):
        config = json.loads(path.read_text())
        kept = {kind: each for kind, each in config.get("resource", {}).items() if kind not in OF_THE_ORGANIZATION}
        stack = Template(path.stem, {**config, "resource": kept}, path.parent)
        assert unreadable(stack, policies, prefix="recsys-dev", account="111111111111") == [], path.stem


def test_a_resource_type_without_recorded_actions_is_named_with_the_remedy() -> None:
    config = Template("dev-test", {"resource": {"aws_new_thing": {"one": {}}}}, ROOT)
    with pytest.raises(AssertionError, match=r"aws_new_thing has no entry in ci/refresh_actions\.json\. Apply one on"):
        unreadable(config, [], prefix="recsys-dev", account="111111111111")
