"""Trust policy and permissions of the role that runs training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import CiRoles, Lustre, Pipeline, Queue, RegisteredModel, TrainingJobs
from mlinfra.checks.wildcards import wildcards
from tests.conftest import an_environment, an_experiment
from tests.iam import allowed, denied

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

PIPELINE = Pipeline(
    provider="gitlab", project="ml/platform", url="https://gitlab.example.com", training=TrainingJobs(tags="v*")
)
HERE = "us-east-1:111111111111"
NODE = f"arn:aws:ec2:{HERE}:instance/i-0123456789abcdef0"
GROUP = f"arn:aws:autoscaling:{HERE}:autoScalingGroup:1:autoScalingGroupName"
MODELS = "arn:aws:s3:::recsys-dev-models-111111111111-us-east-1"
OWN_NODE = {"ssm__resourceTag/Project": "recsys", "ssm__resourceTag/Environment": "dev"}
STOPPABLE = {"aws__ResourceTag/AutoStop": "true", "aws__ResourceTag/Environment": "dev"}
COMPUTE = {"kms__ResourceAliases": ["alias/recsys-dev-compute"], "kms__ViaService": "dynamodb.us-east-1.amazonaws.com"}
KEY = f"arn:aws:kms:{HERE}:key/1"


def made(synth: Synth, **changes: Any) -> Template:
    model = RegisteredModel(name="two-tower", owner="ana@example.com", description="Which items a user may like.")
    given = {"pipeline": PIPELINE, "experiments": [an_experiment()], "models": [model], **changes}
    return synth.constructs(lambda stack: CiRoles(stack, "ci-roles"), environment=an_environment(**given), inputs={})


def roles(config: Template) -> dict[str, Any]:
    return {each["name"].rpartition("-")[2]: each for each in config.resources("aws_iam_role").values()}


def policy(config: Template, use: str = "train") -> dict[str, Any]:
    policies = config.resources("aws_iam_role_policy").values()
    (found,) = (json.loads(each["policy"]) for each in policies if each["name"] == f"{use}-limits")
    result: dict[str, Any] = found
    return result


def test_a_pipeline_without_training_has_no_role_for_it(synth: Synth) -> None:
    config = made(synth, pipeline=PIPELINE.model_copy(update={"training": None}))
    assert set(roles(config)) == {"plan", "drift", "apply"}


def test_the_role_trusts_the_declared_refs_and_has_no_managed_policy(synth: Synth) -> None:
    config = made(synth)
    train = roles(config)["train"]
    (trust,) = json.loads(train["assume_role_policy"])["Statement"]
    assert trust["Condition"] == PIPELINE.training_claims
    assert train["max_session_duration"] == 6 * 3600
    attached = config.resources("aws_iam_role_policy_attachment").values()
    assert not [each for each in attached if "train" in each["role"]]


def test_the_policy_fits_into_a_role(synth: Synth) -> None:
    """10,240 characters without white space are the limit of all inline policies of a role."""
    queues = [Queue(name="ranking", owner="ana@example.com", gpu="A10G", max_nodes=2, teams={"ranking": 1})]
    config = made(synth, queues=queues, experiments=[an_experiment(nodes=2)])
    assert len(json.dumps(policy(config), separators=(",", ":"))) < 10_240


@pytest.mark.parametrize(
    ("action", "tags", "environment", "allows"),
    [
        ("ec2:CreateCapacityReservation", "Request", "dev", True),
        ("ec2:CreateCapacityReservation", "Request", "prod", False),
        ("ec2:CreateCapacityReservation", "Resource", "dev", False),
        ("ec2:CancelCapacityReservation", "Resource", "dev", True),
        ("ec2:CancelCapacityReservation", "Resource", "prod", False),
        ("ec2:ModifyCapacityReservation", "Resource", "dev", False),
    ],
)
def test_it_holds_capacity_while_nodes_that_work_together_start(
    synth: Synth, action: str, tags: str, environment: str, *, allows: bool
) -> None:
    reservation = f"arn:aws:ec2:{HERE}:capacity-reservation/cr-0123456789abcdef0"
    context = {f"aws__{tags}Tag/Project": "recsys", f"aws__{tags}Tag/Environment": environment}
    together = policy(made(synth, experiments=[an_experiment(nodes=2)]))
    assert allowed(together, action, reservation, **context) is allows
    alone = policy(made(synth, experiments=[an_experiment(nodes=2, gang=False)]))
    assert not allowed(alone, action, reservation, **context)


def test_no_statement_has_a_wildcard_without_a_condition(synth: Synth) -> None:
    assert list(wildcards(made(synth).document)) == []


@pytest.mark.parametrize(
    ("action", "resource", "context", "allows"),
    [
        ("ssm:SendCommand", f"arn:aws:ssm:{HERE}:document/recsys-dev-start-run", {}, True),
        ("ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RunShellScript", OWN_NODE, False),
        ("ssm:SendCommand", f"arn:aws:ssm:{HERE}:document/recsys-prod-start-run", {}, False),
        ("ssm:SendCommand", NODE, OWN_NODE, True),
        ("ssm:SendCommand", NODE, OWN_NODE | {"ssm__resourceTag/Environment": "prod"}, False),
        ("ssm:SendCommand", NODE, {}, False),
        ("ssm:StartSession", NODE, OWN_NODE, False),
        ("autoscaling:SetDesiredCapacity", f"{GROUP}/recsys-dev-two-tower-v2", STOPPABLE, True),
        ("autoscaling:SetDesiredCapacity", f"{GROUP}/recsys-prod-two-tower-v2", STOPPABLE, False),
        ("autoscaling:SetDesiredCapacity", f"{GROUP}/recsys-dev-two-tower-v2", {}, False),
        ("autoscaling:CreateAutoScalingGroup", f"{GROUP}/recsys-dev-two-tower-v2", STOPPABLE, False),
        ("ec2:TerminateInstances", NODE, STOPPABLE, True),
        ("ec2:TerminateInstances", NODE, {"aws__ResourceTag/AutoStop": "false"}, False),
        ("ec2:RunInstances", NODE, {}, False),
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:table/recsys-dev-clusters", {}, True),
        ("dynamodb:DeleteItem", f"arn:aws:dynamodb:{HERE}:table/recsys-dev-clusters", {}, False),
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:table/recsys-dev-tfstate-lock", {}, False),
        ("kms:Decrypt", KEY, COMPUTE, True),
        ("kms:Decrypt", KEY, COMPUTE | {"kms__ViaService": "s3.us-east-1.amazonaws.com"}, False),
        ("kms:Decrypt", KEY, COMPUTE | {"kms__ResourceAliases": ["alias/recsys-dev-tfstate"]}, False),
        ("s3:PutObject", f"{MODELS}/two-tower-v2/code/9f86.tar.gz", {}, True),
        ("s3:PutObject", f"{MODELS}/two-tower-v2/runs/20261129-120000-ab12/run.json", {}, True),
        ("s3:GetObject", f"{MODELS}/two-tower-v2/runs/20261129-120000-ab12/outputs/metrics.json", {}, True),
        ("s3:GetObject", f"{MODELS}/other/runs/20261129-120000-ab12/run.json", {}, False),
        ("s3:DeleteObject", f"{MODELS}/two-tower-v2/runs/20261129-120000-ab12/run.json", {}, False),
        ("s3:GetObject", "arn:aws:s3:::recsys-dev-raw-111111111111-us-east-1/users.parquet", {}, False),
        ("s3:GetObject", "arn:aws:s3:::recsys-dev-tfstate-111111111111-us-east-1/recsys/dev/x", {}, False),
        ("s3:ListBucket", MODELS, {"s3__prefix": "two-tower-v2/runs/20261129-120000-ab12/"}, True),
        ("s3:ListBucket", MODELS, {"s3__prefix": "mlflow/"}, False),
        ("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/mlinfra/recsys/dev/training/two-tower-v2:*", {}, True),
        ("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/recsys-dev-janitor:*", {}, False),
        (
            "sagemaker:CreateModelPackage",
            f"arn:aws:sagemaker:{HERE}:model-package-group/recsys-dev-two-tower",
            {},
            True,
        ),
        (
            "sagemaker:CreateModelPackage",
            f"arn:aws:sagemaker:{HERE}:model-package-group/recsys-dev-two-tower",
            {"sagemaker__ModelApprovalStatus": "Approved"},
            False,
        ),
        ("sagemaker:UpdateModelPackage", f"arn:aws:sagemaker:{HERE}:model-package/recsys-dev-two-tower/1", {}, False),
        ("sagemaker:CreateTrainingJob", f"arn:aws:sagemaker:{HERE}:training-job/x", {}, False),
        ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-queue/recsys-dev-ranking", {}, False),
        ("iam:PassRole", f"arn:aws:iam::{HERE[-12:]}:role/recsys-dev-two-tower-v2-node", {}, False),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:token", {}, False),
    ],
)
def test_the_role_starts_runs_on_the_clusters_of_its_environment_only(
    synth: Synth, action: str, resource: str, context: dict[str, Any], *, allows: bool
) -> None:
    assert allowed(policy(made(synth)), action, resource, **context) is allows


def test_an_environment_with_a_queue_lets_the_role_submit_jobs_to_it(synth: Synth) -> None:
    queues = [Queue(name="ranking", owner="ana@example.com", gpu="A10G", max_nodes=2, teams={"ranking": 1})]
    train = policy(made(synth, queues=queues))
    assert allowed(train, "batch:SubmitJob", f"arn:aws:batch:{HERE}:job-queue/recsys-dev-ranking")
    assert allowed(train, "logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/batch/recsys-dev-ranking:*")
    definition = f"arn:aws:batch:{HERE}:job-definition/recsys-dev-ranking-runs-0123"
    assert allowed(train, "batch:RegisterJobDefinition", definition)
    assert not allowed(train, "batch:RegisterJobDefinition", definition.replace("-runs-", "-two-tower-"))
    job = f"arn:aws:batch:{HERE}:job/1"
    assert allowed(train, "batch:TerminateJob", job, **{"aws__ResourceTag/Environment": "dev"})
    assert not allowed(train, "batch:TerminateJob", job, **{"aws__ResourceTag/Environment": "prod"})


def test_the_role_passes_the_roles_of_runs_to_tasks_only(synth: Synth) -> None:
    queues = [Queue(name="ranking", owner="ana@example.com", gpu="A10G", max_nodes=2, teams={"ranking": 1})]
    train = policy(made(synth, queues=queues))
    to_tasks, to_machines = ({"iam__PassedToService": f"{each}.amazonaws.com"} for each in ("ecs-tasks", "ec2"))
    for role in ("recsys-dev-ranking-run", "recsys-dev-ranking-exec"):
        assert allowed(train, "iam:PassRole", f"arn:aws:iam::111111111111:role/{role}", **to_tasks)
        assert not allowed(train, "iam:PassRole", f"arn:aws:iam::111111111111:role/{role}", **to_machines)
    assert not allowed(train, "iam:PassRole", "arn:aws:iam::111111111111:role/recsys-dev-ranking-node", **to_tasks)


def test_the_role_starts_clusters_whose_lustre_file_system_was_removed(synth: Synth) -> None:
    mark = f"arn:aws:ssm:{HERE}:parameter/mlinfra/recsys/dev/training/removed-file-systems/two-tower-v2"
    assert not allowed(policy(made(synth)), "ssm:DeleteParameter", mark)
    with_lustre = made(synth, experiments=[an_experiment(lustre=Lustre(zone="raw"))])
    assert allowed(policy(with_lustre), "ssm:DeleteParameter", mark)


def test_an_apply_cannot_change_the_role(synth: Synth) -> None:
    apply = policy(made(synth), "apply")
    for action in ("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole"):
        assert denied(apply, action, "arn:aws:iam::111111111111:role/recsys-dev-ci-train"), action
