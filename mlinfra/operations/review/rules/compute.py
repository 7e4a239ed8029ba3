"""Training clusters that are destroyed, replaced, reduced or restarted, with their running jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.contract import Tag
from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items, number
from mlinfra.operations.review.escaping import listed
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

DESTROYED: Final = Rule(
    "MLR401",
    Level.HOLD,
    "A cluster is destroyed or replaced. Its nodes are terminated, with all running jobs.",
    "Wait until no jobs run on it (mlinfra clusters), or undo the change that forces the replacement.",
)
SHRUNK: Final = Rule(
    "MLR402",
    Level.HOLD,
    "The size of a cluster is reduced. AWS terminates surplus nodes, with all running jobs.",
    "Wait until no jobs run on it, or keep its size: it is scaled in when it is idle.",
)
REFRESHED: Final = Rule(
    "MLR403",
    Level.HOLD,
    "The nodes of a cluster are replaced one after the other, by an instance refresh or an update of AWS Batch.",
    "Wait until no jobs run on it, or remove `instance_refresh`: then only new nodes use the new template.",
)
RESTARTED: Final = Rule(
    "MLR404",
    Level.HOLD,
    "An instance is stopped, changed and started again.",
    "Wait until no jobs run on it.",
)
UNPROTECTED: Final = Rule(
    "MLR405",
    Level.WARNING,
    "New nodes of a cluster are no longer protected from scale-in.",
    "Keep `protect_from_scale_in` for clusters with jobs of several hours.",
)
LATER: Final = Rule(
    "MLR406",
    Level.NOTE,
    "A launch template changes. It applies to new nodes; running nodes keep the old one.",
    "To apply it to all nodes now, stop and start the cluster while no jobs run on it.",
)
EMPTY: Final = Rule(
    "MLR409",
    Level.NOTE,
    "A cluster without nodes is destroyed.",
    "None: no jobs run on it.",
)
RULES: Final = (DESTROYED, SHRUNK, REFRESHED, RESTARTED, UNPROTECTED, LATER, EMPTY)

CLUSTERS: Final[Mapping[str, str]] = {
    "aws_autoscaling_group": "the auto scaling group",
    "aws_batch_compute_environment": "the compute environment of AWS Batch",
    "aws_batch_job_queue": "the job queue of AWS Batch, with its waiting jobs,",
    "aws_ec2_fleet": "the fleet",
    "aws_eks_cluster": "the Kubernetes cluster",
    "aws_eks_node_group": "the group of Kubernetes nodes",
    "aws_instance": "the instance, with the data on its root volume,",
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
"""Changes of these attributes always start the declared instance refresh (AWS provider 5, aws_autoscaling_group, read
2026-11-26)."""
_STOPPED_TO_CHANGE: Final = ("instance_type", "user_data", "user_data_base64")
"""Attributes that EC2 changes on stopped instances only. The provider stops the instance to change them."""
TYPES: Final = frozenset({*CLUSTERS, *_SIZES, "aws_launch_template"})
"""The types that this module checks."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check changes that interrupt or terminate running jobs."""
    for change in plan.changes:
        words = CLUSTERS.get(change.type)
        if is_ended(change):
            yield EMPTY.at(plan.stack, change, f"The auto scaling group {_name(change)} is destroyed. It has no nodes.")
        elif words and change.destroys:
            verb = "is destroyed" if change.kind is Kind.DESTROY else "is replaced"
            by = f", forced by {listed(change.forced_by)}" if change.forced_by else ""
            yield DESTROYED.at(plan.stack, change, f"{words[0].upper()}{words[1:]} {_name(change)} {verb}{by}.")
        elif change.kind is Kind.UPDATE:
            yield from _updated(plan, change)


def cluster_name(change: Change) -> str | None:
    """The present name of a changed auto scaling group. None: the resource is of another type."""
    name = change.old("name") if change.type == "aws_autoscaling_group" else None
    return name if isinstance(name, str) and not change.is_sensitive("name") else None


def is_ended(change: Change) -> bool:
    """True for an auto scaling group that is destroyed, and has no nodes."""
    is_group = change.type == "aws_autoscaling_group" and change.kind is Kind.DESTROY
    # The plan's values are those of AWS at the time of the plan.
    return is_group and number(change.old("desired_capacity")) == 0


def ended_experiments(plan: Plan) -> frozenset[str]:
    """The experiments whose clusters are destroyed, and have no nodes."""
    blocks = (tag for change in plan.changes if is_ended(change) for tag in items(change.old("tag")))
    return frozenset(
        str(tag.get("value")) for tag in blocks if isinstance(tag, dict) and tag.get("key") == Tag.EXPERIMENT
    )


def _name(change: Change) -> str:
    return change.name("name", "compute_environment_name", "node_group_name", "cluster_name", "tags.Name", "id")


def _updated(plan: Plan, change: Change) -> Iterator[Finding]:
    for path in _SIZES.get(change.type, ()):
        if _is_lower(change.old(path), change.new(path)):
            text = f"`{path}` of {_name(change)} is reduced {change.shown(path)}."
            yield SHRUNK.at(plan.stack, change, text)
    if change.type == "aws_autoscaling_group":
        yield from _group(plan, change)
    elif change.type == "aws_launch_template" and _template_changes(change):
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
                plan.stack,
                change,
                f"The nodes of {_name(change)} are replaced, because these attributes change: {listed(rolled)}.",
            )


def _group(plan: Plan, change: Change) -> Iterator[Finding]:
    refresh = items(change.new("instance_refresh"))
    if refresh and isinstance(refresh[0], dict):
        triggers = {*_ALWAYS_REFRESH, *map(str, items(refresh[0].get("triggers")))}
        changed = [name for name in change.changed_attributes() if name in triggers]
        if changed:
            text = f"An instance refresh of {_name(change)} starts, because these attributes change: {listed(changed)}."
            yield REFRESHED.at(plan.stack, change, text)
    if change.old("protect_from_scale_in") is True and change.new("protect_from_scale_in") is not True:
        yield UNPROTECTED.at(plan.stack, change, f"New nodes of {_name(change)} can be terminated by scale-in.")


def _batch(plan: Plan, change: Change) -> Iterator[Finding]:
    if change.old("state") == "ENABLED" and change.new("state") == "DISABLED":
        yield SHRUNK.at(plan.stack, change, f"{_name(change)} is disabled, and accepts no more jobs.")
    if change.new("update_policy.0.terminate_jobs_on_update") is True and _really_differs(change, "compute_resources"):
        text = f"{_name(change)} changes, and its update policy terminates running jobs."
        yield REFRESHED.at(plan.stack, change, text)


def _is_lower(before: Any, after: Any) -> bool:  # noqa: ANN401
    was, is_ = number(before), number(after)
    return was is not None and after is not UNKNOWN and is_ is not None and is_ < was


def _really_differs(change: Change, path: str) -> bool:
    return path in change.before and path in set(change.changed_attributes())


_IRRELEVANT_TO_NODES: Final = frozenset({"latest_version", "default_version", "tags", "tags_all", "description"})


def _template_changes(change: Change) -> list[str]:
    return [name for name in change.changed_attributes() if name not in _IRRELEVANT_TO_NODES]
