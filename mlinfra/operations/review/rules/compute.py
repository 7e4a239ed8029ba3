"""Training clusters that would be replaced, shrunk, or restarted under what runs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items, number
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

GONE: Final = Rule(
    "MLR401",
    Level.HOLD,
    "A cluster is destroyed or replaced: its nodes are terminated, with all that runs on them.",
    "Wait until nothing runs on it (mlinfra clusters), or undo the change of what forces it.",
)
SHRUNK: Final = Rule(
    "MLR402",
    Level.HOLD,
    "A cluster is made smaller: AWS terminates nodes that are too many.",
    "Wait until nothing runs on it, or leave its size and let it be scaled in when it is idle.",
)
REFRESHED: Final = Rule(
    "MLR403",
    Level.HOLD,
    "The nodes of a cluster are replaced one after the other, by an instance refresh or an update of Batch.",
    "Wait until nothing runs on it, or take `instance_refresh` out: new nodes then follow the new template, running "
    "ones stay.",
)
RESTARTED: Final = Rule(
    "MLR404",
    Level.HOLD,
    "An instance is stopped, changed and started again.",
    "Wait until nothing runs on it.",
)
UNPROTECTED: Final = Rule(
    "MLR405",
    Level.WARNING,
    "New nodes of a cluster are no longer protected from scale-in.",
    "Leave `protect_from_scale_in` on where jobs run for hours.",
)
LATER: Final = Rule(
    "MLR406",
    Level.NOTE,
    "A launch template changes: nodes that are launched from then on follow it, running ones stay.",
    "Stop and start the cluster when nothing runs on it, if its nodes shall follow at once.",
)
RULES: Final = (GONE, SHRUNK, REFRESHED, RESTARTED, UNPROTECTED, LATER)

CLUSTERS: Final[Mapping[str, str]] = {
    "aws_autoscaling_group": "the auto scaling group",
    "aws_batch_compute_environment": "the compute environment of AWS Batch",
    "aws_batch_job_queue": "the job queue of AWS Batch, with the jobs that wait in it,",
    "aws_ec2_fleet": "the fleet",
    "aws_eks_cluster": "the Kubernetes cluster",
    "aws_eks_node_group": "the group of Kubernetes nodes",
    "aws_instance": "the instance, with what is on its root volume,",
    "aws_sagemaker_cluster": "the HyperPod cluster",
    "aws_spot_fleet_request": "the spot fleet",
    "aws_spot_instance_request": "the spot instance",
}
_SIZES: Final[Mapping[str, tuple[str, ...]]] = {
    "aws_autoscaling_group": ("max_size", "desired_capacity"),
    "aws_batch_compute_environment": ("compute_resources.0.max_vcpus", "compute_resources.0.desired_vcpus"),
    "aws_eks_node_group": ("scaling_config.0.max_size", "scaling_config.0.desired_size"),
}
_ALWAYS_REFRESH: Final = ("launch_template", "launch_configuration", "mixed_instances_policy")
"""A change of these always starts the refresh that a group declares (AWS provider 5, aws_autoscaling_group, read
2026-11-26)."""
_STOPPED_TO_CHANGE: Final = ("instance_type", "user_data", "user_data_base64")
"""What EC2 changes only on a stopped instance, so that the provider stops it."""


def look(plan: Plan) -> Iterator[Finding]:
    """Findings about clusters whose work would be lost."""
    for change in plan.changes:
        words = CLUSTERS.get(change.type)
        if words and change.destroys:
            verb = "is destroyed" if change.kind is Kind.DESTROY else "is replaced"
            by = f", forced by {listed(change.forced_by)}" if change.forced_by else ""
            yield GONE.at(plan.stack, change, f"{words[0].upper()}{words[1:]} {_name(change)} {verb}{by}.")
        elif change.kind is Kind.UPDATE:
            yield from _updated(plan, change)


def cluster_name(change: Change) -> str | None:
    """The name of the auto scaling group that a change is about, as it is now; None: it is about no group."""
    name = change.old("name") if change.type == "aws_autoscaling_group" else None
    return name if isinstance(name, str) and not change.is_sensitive("name") else None


def _name(change: Change) -> str:
    return change.name("name", "compute_environment_name", "node_group_name", "cluster_name", "tags.Name", "id")


def _updated(plan: Plan, change: Change) -> Iterator[Finding]:
    for path in _SIZES.get(change.type, ()):
        if _is_lower(change.old(path), change.new(path)):
            text = f"`{path}` of {_name(change)} goes {change.shown(path)}."
            yield SHRUNK.at(plan.stack, change, text)
    if change.type == "aws_autoscaling_group":
        yield from _group(plan, change)
    elif change.type == "aws_launch_template" and _is_other_template(change):
        yield LATER.at(plan.stack, change, f"{_name(change)} changes: {listed(_template_changes(change))}.")
    elif change.type == "aws_instance":
        stopped = [path for path in _STOPPED_TO_CHANGE if path in change.before and change.differs(path)]
        if stopped:
            yield RESTARTED.at(plan.stack, change, f"{_name(change)} is stopped to change {listed(stopped)}.")
    elif change.type == "aws_batch_compute_environment":
        yield from _batch(plan, change)
    elif change.type == "aws_eks_node_group":
        rolled = [path for path in ("launch_template", "version", "release_version") if _really_differs(change, path)]
        if rolled:
            yield REFRESHED.at(
                plan.stack, change, f"The nodes of {_name(change)} are replaced: {listed(rolled)} change."
            )


def _group(plan: Plan, change: Change) -> Iterator[Finding]:
    refresh = items(change.new("instance_refresh"))
    if refresh and isinstance(refresh[0], dict):
        triggers = {*_ALWAYS_REFRESH, *map(str, items(refresh[0].get("triggers")))}
        changed = [name for name in change.changed_attributes() if name in triggers]
        if changed:
            text = f"{_name(change)} starts an instance refresh, as {listed(changed)} changes."
            yield REFRESHED.at(plan.stack, change, text)
    if change.old("protect_from_scale_in") is True and change.new("protect_from_scale_in") is not True:
        yield UNPROTECTED.at(plan.stack, change, f"New nodes of {_name(change)} can be taken by scale-in.")


def _batch(plan: Plan, change: Change) -> Iterator[Finding]:
    if change.old("state") == "ENABLED" and change.new("state") == "DISABLED":
        yield SHRUNK.at(plan.stack, change, f"{_name(change)} is disabled: it takes no more jobs.")
    if change.new("update_policy.0.terminate_jobs_on_update") is True and _really_differs(change, "compute_resources"):
        text = f"{_name(change)} changes, and its update policy lets Batch end the jobs that run."
        yield REFRESHED.at(plan.stack, change, text)


def _is_lower(before: Any, after: Any) -> bool:  # noqa: ANN401
    was, is_ = number(before), number(after)
    return was is not None and after is not UNKNOWN and is_ is not None and is_ < was


def _really_differs(change: Change, path: str) -> bool:
    return path in change.before and path in set(change.changed_attributes())


_OF_THE_TEMPLATE_ITSELF: Final = frozenset({"latest_version", "default_version", "tags", "tags_all", "description"})


def _template_changes(change: Change) -> list[str]:
    return [name for name in change.changed_attributes() if name not in _OF_THE_TEMPLATE_ITSELF]


def _is_other_template(change: Change) -> bool:
    return bool(_template_changes(change))
