"""Role of a cluster's nodes, with their permissions before any data is granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import iam_role, iam_role_policy
from mlinfra.constructs.parts import KEY_USE, all_values_in, policy_document, statement, trust_policy, workload_role
from mlinfra.constructs.training.image_pulls import pull_statements
from mlinfra.functions.contract import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra._cdk import Construct
    from mlinfra.declarations import Environment, Experiment


def node_role(scope: Construct, *, environment: Environment, name: str, tags: Mapping[str, str]) -> iam_role.IamRole:
    """A role for EC2 instances, without permissions."""
    return workload_role(
        scope,
        "role",
        environment=environment,
        name=f"{name}-node",
        trust=trust_policy("ec2.amazonaws.com"),
        tags=tags,
    )


def attach_policy(scope: Construct, role: iam_role.IamRole, document: str) -> iam_role_policy.IamRolePolicy:
    """Attach the policy `document` to `role`."""
    return iam_role_policy.IamRolePolicy(scope, "policy", name="node", role=role.name, policy=document)


def node_policy(environment: Environment, experiment: Experiment, *, key_arn: str) -> str:
    """The policy of a cluster's nodes, as JSON.

    Args:
        environment: the environment of the cluster.
        experiment: the experiment of the cluster.
        key_arn: the KMS key of the table of records.
    """
    name = environment.names.cluster(experiment)
    here = f"{environment.region}:{environment.account_id}"
    log_group = f"arn:aws:logs:{here}:log-group:{log_group_name(environment, experiment)}"
    return policy_document(
        *_session_manager(here),
        statement(
            "Metrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": [Metric.NAMESPACE, Metric.NODE_NAMESPACE]}},
        ),
        statement(
            "Logs",
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[log_group, f"{log_group}:*"],
        ),
        statement(
            "OwnParameters",
            actions=["ssm:GetParameter", "ssm:GetParameters"],
            resources=[f"arn:aws:ssm:{here}:parameter{parameter_name(environment, experiment, '*')}"],
        ),
        statement(
            "PublishMaster",
            actions=["ssm:PutParameter"],
            resources=[f"arn:aws:ssm:{here}:parameter{parameter_name(environment, experiment, 'master')}"],
        ),
        statement(
            "OwnGroup",
            actions=[
                "autoscaling:SetInstanceProtection",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            resources=[f"arn:aws:autoscaling:{here}:autoScalingGroup:*:autoScalingGroupName/{name}"],
        ),
        # No resource-level permissions. The CloudWatch agent reads the name of its group from the tags of its instance.
        statement(
            "DescribeGroupsAndTags",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "ec2:DescribeTags",
            ],
            resources=["*"],
        ),
        *pull_statements(environment.account_id),
        statement(
            "Events",
            actions=["events:PutEvents"],
            resources=[f"arn:aws:events:{here}:event-bus/default"],
            conditions=all_values_in("events:source", [Event.JOB_SOURCE, Event.NODE_SOURCE]),
        ),
        statement(
            "OwnRecords",
            actions=["dynamodb:Query", "dynamodb:UpdateItem"],
            resources=[f"arn:aws:dynamodb:{here}:table/{environment.names.records_table}"],
            conditions=all_values_in("dynamodb:LeadingKeys", [name]),
        ),
        statement(
            "KeyOfRecords",
            # Source: DynamoDB developer guide, "Authorizing use of your customer managed key", read 2026-11-24.
            actions=KEY_USE,
            resources=[key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"dynamodb.{environment.region}.amazonaws.com"}},
        ),
    )


def _session_manager(here: str) -> list[dict[str, object]]:
    """The permissions that Session Manager needs on a node, and no others.

    AWS's managed policy for it, AmazonSSMManagedInstanceCore, can also read every parameter of the account. Source:
    Systems Manager user guide, "Add Session Manager permissions to an existing IAM role".

    Args:
        here: the region and the account, as in ARNs.
    """
    return [
        statement(
            "RegisterWithSystemsManager",
            actions=["ssm:UpdateInstanceInformation"],
            resources=[f"arn:aws:ec2:{here}:instance/*"],
        ),
        # These actions have no resource-level permissions.
        statement(
            "SessionManager",
            actions=[
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            resources=["*"],
        ),
    ]


def parameter_name(environment: Environment, experiment: Experiment, name: str) -> str:
    """The SSM parameter `name` of a cluster."""
    return environment.names.parameter("training", f"{experiment.name}/{name}")


def log_group_name(environment: Environment, experiment: Experiment) -> str:
    """The log group of the boot, the guard and the runs of a cluster's nodes."""
    return environment.names.cluster_log_group(experiment)
