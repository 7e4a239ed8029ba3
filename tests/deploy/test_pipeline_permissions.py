"""The pipeline's roles at work, on a local AWS that enforces IAM: exactly their permissions plan and apply."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import boto3
import pytest
from botocore.exceptions import ClientError

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations.terraform.terraform import Terraform
from mlinfra.testing import StackTerraform, Template
from mlinfra.testing.terraform import TerraformProgram
from mlinfra.variables import in_force
from tests.conftest import ROOT, an_environment, an_experiment
from tests.deploy.attached_provider import provider_on_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra import Environment
    from tests.deploy.attached_provider import Installed

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("pipeline-permissions")]

APPLIED = ("foundation", "data", "training", "governance")
ISSUER = "https://gitlab.example.com"
Use = Literal["plan", "drift", "apply"]
USES: tuple[Use, ...] = get_args(Use)


@dataclass(frozen=True)
class Account:
    """An account with the remote state and the pipeline's roles, which an administrator has applied."""

    environment: Environment
    stacks: Path
    programs: dict[Use, TerraformProgram]
    """Terraform with the credentials of each role, attached to a provider with these credentials."""

    def credentials(self, use: Use, *, branch: str = "main") -> dict[str, str]:
        """The credentials that a job on `branch` gets for its token."""
        claims = {"iss": ISSUER, "aud": ISSUER, "sub": f"project_path:ml/platform:ref_type:branch:ref:{branch}"}
        parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({}, claims, {}))
        session = boto3.client("sts", region_name="us-east-1").assume_role_with_web_identity(
            RoleArn=self.environment.names.ci_role_arn(use), RoleSessionName="job", WebIdentityToken=".".join(parts)
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }

    def terraform(self, component: str, use: Use) -> Terraform:
        """Terraform in a stack, with the credentials of a role."""
        program = self.programs[use]
        return Terraform(self.stacks / f"dev-{component}", program.executable, changes=program.changes)

    def client(self, service: str, use: Use) -> Any:
        """A client with the credentials of a role."""
        given = self.credentials(use)
        return boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=given["AWS_SESSION_TOKEN"],
        )


@pytest.fixture(scope="module")
def account(
    own_terraform: TerraformProgram, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("pipeline")
    environment = synthesized(folder)
    with (
        serving(log=folder / "log", enforce_iam=True) as server,
        in_force({**client_variables(server), **own_terraform.changes, "GOGC": "400"}),
    ):
        account = Account(environment, folder / "stacks", {})
        administrator = StackTerraform(own_terraform, folder / "administrator", ROOT)
        administrator.apply(Template.read(account.stacks / "dev-state"))
        with ExitStack() as providers:
            for use in USES:
                own = tmp_path_factory.mktemp(use)
                attaching = providers.enter_context(provider_on_request(own, installed, own_terraform.changes))
                changes = {**attaching, **account.credentials(use)}
                account.programs[use] = TerraformProgram(Path(attaching["TERRAFORM_BINARY_NAME"]), changes)
            yield account


def synthesized(folder: Path) -> Environment:
    """Write the stacks. The roles are in the stack of the state, so that the apply role applies all of the others."""
    from mlinfra import (
        AcceleratorStop,
        AnomalyAlert,
        CiRoles,
        CostExportSettings,
        Governance,
        MlApp,
        Pipeline,
        SlackChannel,
        SpendBudget,
    )
    from mlinfra.stacks.data import DataStack
    from mlinfra.stacks.foundation import FoundationStack
    from mlinfra.stacks.governance import GovernanceStack
    from mlinfra.stacks.state import StateStack
    from mlinfra.stacks.training import TrainingStack

    environment = an_environment(
        account_id="123456789012",
        emulated=True,
        protect_data=False,
        availability_zones=2,
        sizes={"small": "g4dn.xlarge"},
        experiments=[an_experiment(gpu="T4")],
        image_repositories=["ranker"],
        governance=Governance(
            budgets=[SpendBudget(by="owner", value="ana@example.com", monthly_usd=500, notify=["ana@example.com"])],
            accelerator_stop=AcceleratorStop(roles=["recsys-dev-jobs"], notify=["ana@example.com"]),
            anomalies=AnomalyAlert(),
            activate_cost_allocation_tags=["Environment", "Owner"],
            cost_export=CostExportSettings(),
            slack=SlackChannel(workspace_id="T0123ABCD", channel_id="C0456EFGH"),
        ),
    )
    pipeline = Pipeline(provider="gitlab", project="ml/platform", url=ISSUER)
    app = MlApp(ROOT, outdir=folder)
    state = StateStack(app, environment)
    CiRoles(state, "ci-roles", environment=environment.model_copy(update={"pipeline": pipeline}))
    data = DataStack(app, environment)
    governance = GovernanceStack(app, environment)
    for stack in (state, data, governance):
        for node in stack.node.find_all():
            node.node.try_remove_child("lifecycle")  # the AWS provider waits a minute for the rules
    FoundationStack(app, environment)
    TrainingStack(app, environment)
    app.synth()
    return environment


@pytest.fixture(scope="module")
def applied(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The account with the stacks that the plan role has planned and the apply role has applied."""
    plans = tmp_path_factory.mktemp("plans")

    def deploy(component: str) -> None:
        planning = account.terraform(component, "plan")
        planning.init()
        assert planning.plan(plans / component, lock=False)
        account.terraform(component, "apply").apply(plans / component)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(deploy, ("foundation", "data")))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(deploy, ("training", "governance")))
    return account


def refusal(call: Callable[..., object], **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value)


def test_jobs_of_another_branch_get_the_plan_role_only(account: Account) -> None:
    assert account.credentials("plan", branch="feature")
    for use in ("drift", "apply"):
        with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
            account.credentials(use, branch="feature")


def test_second_plans_by_the_plan_role_and_the_drift_role_find_nothing_to_do(applied: Account, tmp_path: Path) -> None:
    plans: list[tuple[str, Use]] = [*((component, "plan") for component in APPLIED), ("data", "drift")]

    def changes(plan: tuple[str, Use]) -> bool:
        component, use = plan
        return applied.terraform(component, use).plan(tmp_path / f"{component}-{use}", lock=False)

    with ThreadPoolExecutor(2) as pool:
        assert dict(zip(plans, pool.map(changes, plans), strict=True)) == dict.fromkeys(plans, False)


def test_every_role_of_a_workload_has_the_boundary(applied: Account) -> None:
    iam = boto3.client("iam", region_name="us-east-1")
    names = [each["RoleName"] for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]]
    limits = {
        name: iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        for name in names
        if name.startswith("recsys-dev-") and "-ci-" not in name and not name.endswith("-budget-actions")
    }
    assert len(limits) > 5
    assert set(limits.values()) == {applied.environment.boundary_arn}


def test_the_plan_role_locks_and_writes_no_state(account: Account) -> None:
    names = account.environment.names
    lock = {"TableName": names.lock_table, "Item": {"LockID": {"S": "x"}}}
    assert "not authorized to perform: dynamodb:PutItem" in refusal(account.client("dynamodb", "plan").put_item, **lock)
    state = {"Bucket": names.state_bucket, "Key": names.state_key("data"), "Body": b"{}"}
    assert "not authorized to perform: s3:PutObject" in refusal(account.client("s3", "plan").put_object, **state)


def test_the_plan_role_stores_plans_once_and_the_apply_role_alone_reads_them(account: Account) -> None:
    bucket = account.environment.names.state_bucket
    plan = {"Bucket": bucket, "Key": "_plans/dev-data/1a2b/9f86.zip"}
    planning, applying = account.client("s3", "plan"), account.client("s3", "apply")
    assert "s3:PutObject" in refusal(planning.put_object, **plan, Body=b"plan")
    planning.put_object(**plan, Body=b"plan", IfNoneMatch="*")
    assert "PreconditionFailed" in refusal(planning.put_object, **plan, Body=b"forged", IfNoneMatch="*")
    state = {"Bucket": bucket, "Key": "recsys/dev/us-east-1/data/other"}
    assert "s3:PutObject" in refusal(planning.put_object, **state, Body=b"state", IfNoneMatch="*")
    for use in ("plan", "drift"):
        assert "explicit deny" in refusal(account.client("s3", use).get_object, **plan)
    assert applying.get_object(**plan)["Body"].read() == b"plan"


def test_the_apply_role_creates_no_role_without_the_boundary(account: Account) -> None:
    iam = account.client("iam", "apply")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            },
        }
    )
    role = {"RoleName": "recsys-dev-escalation", "AssumeRolePolicyDocument": trust}
    assert "is not authorized to perform: iam:CreateRole" in refusal(iam.create_role, **role)
    iam.create_role(**role, PermissionsBoundary=account.environment.boundary_arn)
    name = role["RoleName"]
    assert "explicit deny" in refusal(iam.delete_role_permissions_boundary, RoleName=name)
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert "explicit deny" in refusal(iam.put_role_permissions_boundary, RoleName=name, PermissionsBoundary=everything)
    assert "iam:AttachRolePolicy" in refusal(iam.attach_role_policy, RoleName=name, PolicyArn=everything)
    iam.delete_role(RoleName=name)


def test_the_apply_role_changes_neither_the_boundary_nor_the_roles_of_the_pipeline(account: Account) -> None:
    iam = account.client("iam", "apply")
    boundary = account.environment.boundary_arn
    assert iam.get_policy(PolicyArn=boundary)["Policy"]["PolicyName"] == "recsys-dev-boundary"
    anything = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    assert "explicit deny" in refusal(
        iam.create_policy_version, PolicyArn=boundary, PolicyDocument=anything, SetAsDefault=True
    )
    assert "explicit deny" in refusal(iam.delete_policy, PolicyArn=boundary)
    change = {"RoleName": "recsys-dev-ci-apply", "PolicyName": "more", "PolicyDocument": anything}
    assert "explicit deny" in refusal(iam.put_role_policy, **change)
