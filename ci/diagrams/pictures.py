"""The pictures, and the pages that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci.diagrams.graph import Node, Picture, first

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci.diagrams.graph import Resource

CLUSTER = "two-tower-v2"
_TRAINING = "dev-training/"
_SHUTDOWN = f"{_TRAINING}shutdown/"
_KEY_PARAMETER = "dev-data/parameter-data-lake-key-arn"


def _count(singular: str, plural: str = "") -> Callable[[Sequence[Resource]], str]:
    def note(found: Sequence[Resource]) -> str:
        return f"{len(found)} {singular if len(found) == 1 else plural or singular + 's'}"

    return note


def _value(kind: str, name: str) -> Callable[[Sequence[Resource]], str]:
    """A value of the first resource of a type."""

    def note(found: Sequence[Resource]) -> str:
        return str(first(found, kind)[name])

    return note


def _schedule(found: Sequence[Resource]) -> str:
    """When the rules of a function invoke it: `rate(5 minutes)` is every 5 minutes."""
    rules = [each.body for each in found if each.type == "cloudwatch_event_rule"]
    rates = [each["schedule_expression"][5:-1] for each in rules if "schedule_expression" in each]
    words = [f"every {each.removeprefix('1 ')}" for each in rates]
    return ", ".join([*words, *(["on events"] if len(rules) > len(rates) else [])])


def _nodes(found: Sequence[Resource]) -> str:
    group = first(found, "autoscaling_group")
    template = first(found, "launch_template")
    return f"0 to {group['max_size']} nodes, {template['instance_type']}"


def _quiet_hours(found: Sequence[Resource]) -> str:
    action = first(found, "autoscaling_schedule")
    minute, hour, *_ = action["recurrence"].split()
    return f"size 0 at {int(hour):02}:{int(minute):02}, {action['time_zone']}"


def _stack(component: str, purpose: str) -> Node:
    return Node(f"dev-{component}", (f"dev-{component}/*",), note=lambda found: f"{purpose}: {len(found)} resources")


PLATFORM = Picture(
    "platform",
    "The seven stacks of an environment. Each arrow leads from a stack to one that it reads values from: training, "
    "serving and studio use the data lake and the network; the state is below all of them.",
    (
        _stack("training", "clusters, shutdown"),
        _stack("serving", "endpoints"),
        _stack("studio", "notebooks"),
        _stack("governance", "budgets, dashboard"),
        _stack("data", "data lake, models"),
        _stack("foundation", "network, keys, alerts"),
        _stack("state", "state, locks"),
    ),
    of_stacks=True,
)

TRAINING = Picture(
    "training-cluster",
    f"The cluster {CLUSTER} and the four layers that stop it: quiet hours by a schedule, a function for finished jobs, "
    "one for idle nodes, which an alarm invokes too, and the hourly janitor. The functions read and write the table of "
    "records, and notify owners through the alert topic.",
    (
        Node(
            "Quiet hours",
            (f"{_SHUTDOWN}{CLUSTER}-quiet-hours/*",),
            note=_quiet_hours,
        ),
        Node("Job finished", (f"{_SHUTDOWN}job-watch/*",), note=_schedule),
        Node("Idle", (f"{_SHUTDOWN}idle-stop/*",), note=_schedule),
        Node("Janitor", (f"{_SHUTDOWN}janitor/*",), note=_schedule),
        Node("GPU alarm", (f"{_SHUTDOWN}{CLUSTER}-idle/idle",), note=_value("cloudwatch_metric_alarm", "metric_name")),
        Node(
            f"Cluster {CLUSTER}",
            (f"{_TRAINING}{CLUSTER}/*",),
            note=_nodes,
            changed_by=("autoscaling:SetDesiredCapacity",),
            verb="stops",
        ),
        Node("Records", (f"{_SHUTDOWN}records/*",), note="clusters, jobs, costs", changed_by=("dynamodb:UpdateItem",)),
        Node(
            "Alert topic",
            ("dev-foundation/*",),
            types=("sns_topic",),
            note="owners of clusters",
            changed_by=("sns:Publish",),
            verb="notifies",
        ),
        Node(
            "Data lake", ("dev-data/data-lake/*", "dev-data/parameter-data-lake-key-arn"), note="raw, features, models"
        ),
    ),
)


def _zone(name: str) -> Node:
    def note(found: Sequence[Resource]) -> str:
        rules = first(found, "s3_bucket_lifecycle_configuration")["rule"]
        days = [
            f"{move['storage_class']} after {move['days']} d" for rule in rules for move in rule.get("transition", ())
        ]
        return ", ".join(days) or "STANDARD"

    return Node(f"Zone {name}", (f"dev-data/data-lake/{name}/*",), note=note)


DATA_LAKE = Picture(
    "data-lake",
    "The data lake: the zones raw, processed, features and models are buckets that are encrypted with one key and "
    "write access logs to another bucket. Clusters, endpoints and the feature store use the zones and the key.",
    (
        Node("Clusters", (f"{_TRAINING}*/role/data-lake-*",), note=_count("grant of roles", "grants of roles")),
        Node(
            "Feature store", ("dev-data/feature-store/*",), note=_value("sagemaker_feature_group", "feature_group_name")
        ),
        Node("Endpoints", ("dev-serving/endpoint-*",), note=_value("sagemaker_endpoint", "name")),
        _zone("raw"),
        _zone("processed"),
        _zone("features"),
        _zone("models"),
        Node(
            "Key", ("dev-data/data-lake/key/*", "dev-data/parameter-data-lake-key-arn"), note="KMS, one for all zones"
        ),
        Node("Access logs", ("dev-data/data-lake/access-logs/*",), note="one bucket for all zones"),
    ),
)

SERVING = Picture(
    "serving",
    "An endpoint: its configuration names the model, alarms on errors and latency roll an update back, scaling adds "
    "instances for the backlog, and a daily function deletes or reports an endpoint that is unused.",
    (
        Node(
            "Scaling",
            ("dev-serving/endpoint-*/scaling-*",),
            note=lambda found: (
                f"{first(found, 'appautoscaling_target')['min_capacity']} to "
                f"{first(found, 'appautoscaling_target')['max_capacity']} instances"
            ),
        ),
        Node("Watch", ("dev-serving/watch/*",), note=_schedule),
        Node(
            "Endpoint",
            ("dev-serving/endpoint-*/endpoint",),
            note=_value("sagemaker_endpoint", "name"),
            changed_by=("sagemaker:DeleteEndpoint",),
            verb="ends unused",
        ),
        Node(
            "Rollback alarms",
            ("dev-serving/endpoint-*/alarms/rollback-*",),
            note=_count("alarm"),
        ),
        Node("Configuration", ("dev-serving/endpoint-*/configuration",), note="variants, output"),
        Node("Model", ("dev-serving/endpoint-*/model-*",), note="image and model data"),
        Node("Role", ("dev-serving/endpoint-*/role", "dev-serving/endpoint-*/policy"), note="reads its model data"),
        Node("Security group", ("dev-serving/endpoint-*/security-group",), note="HTTPS to the network only"),
        Node("Result topics", ("dev-serving/endpoint-*/topics/*",), types=("sns_topic",), note="succeeded, failed"),
    ),
)

PICTURES = (PLATFORM, TRAINING, DATA_LAKE, SERVING)
PAGES = {
    "platform": "docs/concepts.md",
    "training-cluster": "docs/training-clusters.md",
    "data-lake": "docs/data-lake.md",
    "serving": "docs/serving.md",
}
"""The page of each picture."""
