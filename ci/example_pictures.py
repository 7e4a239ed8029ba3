"""Pictures of the examples that are projects: which resources a box shows. `python -m ci.examples` draws them."""

from __future__ import annotations

import calendar
import json
from typing import TYPE_CHECKING

from ci.diagrams.drawing import drawings
from ci.diagrams.graph import Node, Picture, first

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ci.diagrams.graph import Resource


def _count(kind: str, singular: str) -> Callable[[Sequence[Resource]], str]:
    def note(found: Sequence[Resource]) -> str:
        count = sum(each.type == kind for each in found)
        return f"{count} {singular}" if count == 1 else f"{count} {singular}s"

    return note


def _cluster(found: Sequence[Resource]) -> str:
    return f"{first(found, 'autoscaling_group')['max_size']} x {first(found, 'launch_template')['instance_type']}"


def _block(found: Sequence[Resource]) -> str:
    """From when to when: `30 11 1 12 *` is 11:30 on December 1."""
    times = []
    for each in found:
        minute, hour, day, month, _ = each.body["recurrence"].split()
        times.append((int(month), int(day), f"{int(hour):02}:{int(minute):02}"))
    begin, end = (f"{calendar.month_abbr[month]} {day} {time}" for month, day, time in sorted(times))
    return f"{begin} to {end} UTC"


def _batch(found: Sequence[Resource]) -> str:
    compute = first(found, "batch_compute_environment")["compute_resources"]
    return f"0 to {compute['max_vcpus']} vCPUs of {', '.join(compute['instance_type'])}"


def _shares(found: Sequence[Resource]) -> str:
    """AWS Batch has weights: a team with half the weight has twice the share."""
    weights = first(found, "batch_scheduling_policy")["fair_share_policy"]["share_distribution"]
    return ", ".join(f"{each['share_identifier']} {1 / each['weight_factor']:g}" for each in weights)


def _job(found: Sequence[Resource]) -> str:
    definition = first(found, "batch_job_definition")
    nodes = json.loads(definition["node_properties"])["numNodes"] if "node_properties" in definition else 1
    return f"{nodes} nodes" if nodes > 1 else "1 node, an array of jobs"


def _variant(found: Sequence[Resource]) -> str:
    (variant,) = first(found, "sagemaker_endpoint_configuration")["production_variants"]
    return f"{variant['initial_instance_count']} x {variant['instance_type']}"


def _canary(found: Sequence[Resource]) -> str:
    policy = first(found, "sagemaker_endpoint")["deployment_config"]["blue_green_update_policy"]
    routing = policy["traffic_routing_configuration"]
    return f"{routing['canary_size']['value']}% for {routing['wait_interval_in_seconds'] // 60} minutes, then all"


def _idle(found: Sequence[Resource]) -> str:
    settings = first(found, "sagemaker_domain")["default_user_settings"]["jupyter_lab_app_settings"]
    minutes = settings["app_lifecycle_management"]["idle_settings"]["idle_timeout_in_minutes"]
    return f"idle apps end after {minutes} minutes"


def _lake(environment: str = "dev", title: str = "Data lake") -> Node:
    return Node(
        title,
        (f"{environment}-data/data-lake/*", f"{environment}-data/parameter-data-lake-key-arn"),
        note=_count("s3_bucket", "bucket"),
    )


def _network(environment: str = "dev", title: str = "Network") -> Node:
    return Node(
        title,
        (f"{environment}-foundation/network/*", f"{environment}-foundation/parameter-private-subnet-ids"),
        note=_count("subnet", "subnet"),
    )


def _alerts() -> Node:
    return Node(
        "Alert topic",
        ("dev-foundation/alerts/*",),
        types=("sns_topic",),
        note="e-mail",
        changed_by=("sns:Publish",),
        verb="notifies",
    )


def _training(experiment: str, *more: Node) -> tuple[Node, ...]:
    shutdown = "dev-training/shutdown"
    return (
        *more,
        Node("Janitor", (f"{shutdown}/janitor/*",), note="at the expiry and the spend limit"),
        Node("Job finished", (f"{shutdown}/job-watch/*",), note="after the last job"),
        Node(
            f"Cluster {experiment}",
            (f"dev-training/{experiment}/*",),
            types=(
                "autoscaling_group",
                "launch_template",
                "iam_*",
                "security_group",
                "placement_group",
                "ssm_parameter",
            ),
            note=_cluster,
            changed_by=("autoscaling:SetDesiredCapacity",),
            verb="stops",
        ),
        Node("Records", (f"{shutdown}/records/*",), note="runs, jobs, notices", changed_by=("dynamodb:UpdateItem",)),
        _alerts(),
        _lake(),
        _network(),
    )


def _region(environment: str) -> tuple[Node, ...]:
    endpoint = f"{environment}-serving/endpoint-ranker"
    return (
        Node(f"{environment}-ranker", (f"{endpoint}/*",), note=_variant),
        _lake(environment, f"Data lake of {environment}"),
        _network(environment, f"Network of {environment}"),
    )


PICTURES = {
    "recommender_project": Picture(
        "picture",
        (
            "The cluster two-tower of two nodes: it uses the network and the data lake. The janitor "
            "and the function for finished jobs stop it, write records and notify through the alert "
            "topic. The model registry keeps the versions."
        ),
        _training("two-tower", Node("Model registry", ("dev-data/model*",), note="versions of two-tower")),
    ),
    "llm_fine_tune": Picture(
        "picture",
        (
            "The cluster fine-tune of two nodes, which the Capacity Block starts and ends. It uses "
            "the data lake and the network. Functions stop it, record notices of EC2, and notify "
            "through the alert topic."
        ),
        _training(
            "fine-tune",
            Node("Capacity Block", ("dev-training/fine-tune/capacity-block/*",), note=_block),
            Node("Interruption", ("dev-training/shutdown/interruption/*",), note="on notices of EC2"),
        ),
    ),
    "canary_endpoint": Picture(
        "picture",
        (
            "The endpoint ranker, which moves traffic to a new fleet in steps and back on two "
            "rollback alarms. The fleet uses the model from the data lake, the network and a security"
            " group."
        ),
        (
            Node("Endpoint ranker", ("dev-serving/endpoint-ranker/endpoint",), note=_canary),
            Node("Fleet", ("dev-serving/endpoint-ranker/configuration",), note=_variant),
            Node(
                "Rollback alarms",
                ("dev-serving/endpoint-ranker/alarms/rollback-*",),
                note=_count("cloudwatch_metric_alarm", "alarm"),
            ),
            Node(
                "Model",
                ("dev-serving/endpoint-ranker/model-*", "dev-serving/endpoint-ranker/role"),
                note="image and data",
            ),
            Node("Scaling", ("dev-serving/endpoint-ranker/scaling-*",), note="by requests"),
            Node("Security group", ("dev-serving/endpoint-ranker/security-group",), note="HTTPS out"),
            _lake(),
            _network(),
        ),
    ),
    "training_queue": Picture(
        "picture",
        (
            "Three queues, spot, on demand and multi-node, with their nodes in the network and the "
            "shares of the teams. The jobs sweep and grid use the data lake."
        ),
        (
            Node("Job sweep", ("dev-team/queue/job-sweep/*",), note=_job),
            Node("Job grid", ("dev-team/queue/job-grid/*",), note=_job),
            Node("Shares", ("dev-team/queue/scheduling-policy",), note=_shares),
            *(
                Node(f"Queue {name}", (f"dev-team/queue/{name}-queue", f"dev-team/queue/{name}/*"), note=_batch)
                for name in ("spot", "on-demand", "multi-node")
            ),
            _lake(),
            _network(),
        ),
    ),
    "studio": Picture(
        "picture",
        (
            "Twenty profiles and 21 spaces in one domain with idle shutdown. The roles of the teams "
            "use the data lake, and the domain uses the network."
        ),
        (
            Node("Spaces", ("dev-studio/studio/space-*",), note=_count("sagemaker_space", "space")),
            Node("People", ("dev-studio/studio/user-*",), note=_count("sagemaker_user_profile", "profile")),
            Node("Domain", ("dev-studio/studio/domain",), note=_idle),
            Node("Roles of teams", ("dev-studio/studio/role*",), note=_count("iam_role", "role")),
            Node("Security group", ("dev-studio/studio/security-group",), note="HTTPS and NFS out"),
            _lake(),
            _network(),
        ),
    ),
    "second_region": Picture(
        "picture",
        (
            "The endpoint in two regions, each with a data lake and a network of its own. No arrow "
            "leads from one region to the other."
        ),
        (*_region("prod"), *_region("prod-eu-west-1")),
    ),
}
"""The picture of each project, beside its README."""


def picture(project: str, stacks: Path) -> str:
    """The SVG file of a project.

    Args:
        project: the name of its folder.
        stacks: the folder with a folder for each of its stacks, beside the manifest.

    Raises:
        DiagramError: if a box shows what the stacks do not contain.
    """
    (drawing,) = drawings(stacks, [PICTURES[project]]).values()
    return drawing
