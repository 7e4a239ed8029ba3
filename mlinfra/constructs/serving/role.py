"""The role that SageMaker runs a model with, and nothing more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import iam_role, iam_role_policy
from mlinfra.constructs.parts import policy_document, statement, trust_policy, workload_role
from mlinfra.constructs.serving.configuration import configuration_prefix
from mlinfra.constructs.serving.locations import ServingLocations
from mlinfra.declarations import IMAGE, Asynchronous, Serverless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra._cdk import Construct
    from mlinfra.constructs.parts import Statement
    from mlinfra.declarations import Endpoint, Environment


def serving_role(scope: Construct, environment: Environment, endpoint: Endpoint) -> iam_role.IamRole:
    """A role that SageMaker may assume, for this account alone."""
    return workload_role(
        scope,
        "role",
        environment=environment,
        name=environment.names.endpoint_role(endpoint),
        description=f"Execution role of the endpoint {environment.names.endpoint(endpoint)}. Owner: {endpoint.owner}.",
        trust=trust_policy(
            "sagemaker.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": environment.account_id}},
        ),
    )


def serving_policy(
    scope: Construct,
    role: iam_role.IamRole,
    environment: Environment,
    endpoint: Endpoint,
    *,
    lake_key_arn: str,
    key_arn: str,
    topic_arns: Sequence[str],
) -> iam_role_policy.IamRolePolicy:
    """Attach the permissions of the endpoint to `role`.

    Source: SageMaker developer guide, "How to use SageMaker AI execution roles" (CreateModel), read
    2026-11-26.

    Args:
        scope: the endpoint's construct.
        role: the endpoint's.
        environment: its environment.
        endpoint: as it is declared.
        lake_key_arn: the key of the data lake.
        key_arn: the key of the topics.
        topic_arns: the topics that it tells of asynchronous requests.
    """
    statements = [
        *_pull_images(environment, endpoint),
        *_read_models(environment, endpoint),
        *_write_data(environment, endpoint),
        *_use_keys(environment, endpoint, lake_key_arn=lake_key_arn, key_arn=key_arn),
        *_report(environment, endpoint),
    ]
    if not isinstance(endpoint.hosting, Serverless):
        statements += [*_attach_to_network(environment), _read_rollback_alarms(environment, endpoint)]
    if topic_arns:
        statements.append(statement("PublishRequestResults", actions=["sns:Publish"], resources=list(topic_arns)))
    return iam_role_policy.IamRolePolicy(
        scope, "policy", name="serve", role=role.name, policy=policy_document(*statements)
    )


def _pull_images(environment: Environment, endpoint: Endpoint) -> list[Statement]:
    matches = [IMAGE.match(environment.names.image_uri(each.image)) for each in endpoint.all_variants]
    repositories = sorted(
        {
            f"arn:aws:ecr:{match['region']}:{match['account']}:repository/{match['repository']}"
            for match in matches
            if match
        }
    )
    return [
        # It knows no resource (service authorization reference of Amazon ECR, read 2026-11-26).
        statement("LogInToRegistry", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        statement(
            "PullImages",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=repositories,
        ),
    ]


def _read_models(environment: Environment, endpoint: Endpoint) -> list[Statement]:
    bucket = f"arn:aws:s3:::{ServingLocations.of(environment, endpoint).models}"
    models = sorted({each.model for each in endpoint.all_variants if each.model})
    if not models:
        return []
    return [
        statement(
            "ListModels",
            actions=["s3:ListBucket"],
            resources=[bucket],
            conditions={"StringLike": {"s3:prefix": [f"{model}/*" for model in models]}},
        ),
        # All versions of a model: what an alarm brings back is the one before.
        statement("ReadModels", actions=["s3:GetObject"], resources=[f"{bucket}/{model}/*" for model in models]),
    ]


def _write_data(environment: Environment, endpoint: Endpoint) -> list[Statement]:
    locations = ServingLocations.of(environment, endpoint)
    raw, processed = (f"arn:aws:s3:::{bucket}/{locations.prefix}" for bucket in (locations.raw, locations.processed))
    statements = []
    if endpoint.capture_percent:
        statements.append(statement("Capture", actions=["s3:PutObject"], resources=[f"{raw}/captured/*"]))
    if isinstance(endpoint.hosting, Asynchronous):
        statements += [
            statement("ReadRequests", actions=["s3:GetObject"], resources=[f"{raw}/requests/*"]),
            statement(
                "WriteResults",
                actions=["s3:AbortMultipartUpload", "s3:PutObject"],
                resources=[f"{processed}/results/*", f"{processed}/failures/*"],
            ),
        ]
    return statements


def _use_keys(environment: Environment, endpoint: Endpoint, *, lake_key_arn: str, key_arn: str) -> list[Statement]:
    asynchronous = isinstance(endpoint.hosting, Asynchronous)
    writes = bool(endpoint.capture_percent) or asynchronous
    reads = asynchronous or any(each.model for each in endpoint.all_variants)
    actions = [*(["kms:Decrypt"] if reads or writes else []), *(["kms:GenerateDataKey"] if writes else [])]
    statements = []
    if actions:
        statements.append(
            statement(
                "UseKeyOfLake",
                actions=actions,
                resources=[lake_key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
            )
        )
    if asynchronous:
        statements.append(
            statement(
                "UseKeyOfTopics",
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=[key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"sns.{environment.region}.amazonaws.com"}},
            )
        )
    return statements


def _report(environment: Environment, endpoint: Endpoint) -> list[Statement]:
    here = f"{environment.region}:{environment.account_id}"
    group = f"arn:aws:logs:{here}:log-group:/aws/sagemaker/Endpoints/{environment.names.endpoint(endpoint)}"
    return [
        statement(
            "WriteLog",
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            resources=[group, f"{group}:*"],
        ),
        # It knows no resource (service authorization reference of CloudWatch, read 2026-11-24).
        statement(
            "Metrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}},
        ),
    ]


def _read_rollback_alarms(environment: Environment, endpoint: Endpoint) -> Statement:
    # Automatic rollback requires it on the alarms that it is configured with (SageMaker developer guide, "Auto-Rollback
    # Configuration and Monitoring", read 2026-11-29). Alarms are named after their configuration.
    here = f"{environment.region}:{environment.account_id}"
    return statement(
        "ReadRollbackAlarms",
        actions=["cloudwatch:DescribeAlarms"],
        resources=[f"arn:aws:cloudwatch:{here}:alarm:{configuration_prefix(environment, endpoint)}*"],
    )


def _attach_to_network(environment: Environment) -> list[Statement]:
    here = f"arn:aws:ec2:{environment.region}:{environment.account_id}"
    return [
        statement(
            "AttachToNetwork",
            actions=[
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            resources=[f"{here}:network-interface/*", f"{here}:security-group/*", f"{here}:subnet/*"],
        ),
        # None of these knows a resource (service authorization reference of Amazon EC2, read 2026-11-24).
        statement(
            "DescribeNetwork",
            actions=[
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
        ),
    ]
