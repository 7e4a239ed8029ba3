"""Tags of a cluster: its owner, and the rules for stopping it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.declarations import CapacityBlock
from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment


def cluster_tags(environment: Environment, experiment: Experiment) -> dict[str, str]:
    """The tags of the group, the nodes and the volumes of `experiment`, in addition to those of every resource.

    Args:
        environment: the environment of the cluster.
        experiment: the experiment of the cluster.
    """
    return (
        _capacity_block(experiment)
        | _file_system(experiment)
        | {
            "Name": environment.names.cluster(experiment),
            Tag.EXPERIMENT: experiment.name,
            Tag.OWNER: experiment.owner,
            Tag.EXPIRES: experiment.expires.isoformat(),
            Tag.SPEND_LIMIT_USD: f"{environment.spend_limit_usd(experiment):.2f}",
            Tag.NODES: str(experiment.nodes),
            Tag.STOP_WHEN_IDLE: "true" if experiment.stop_when_idle else "false",
            Tag.IDLE_MINUTES: str(environment.idle_minutes),
            Tag.IDLE_GPU_PERCENT: f"{environment.idle_gpu_percent:g}",
            Tag.STALLED_MINUTES: str(environment.stalled_minutes),
            Tag.SILENCE_MINUTES: str(environment.silence_minutes),
            Tag.EXPIRY_GRACE_HOURS: str(environment.expiry_grace_hours),
            Tag.PAUSE_MINUTES: str(environment.pause_minutes),
            Tag.VACANT_MINUTES: str(environment.vacancy_minutes),
            Tag.WAIT_FOR_NODES_MINUTES: str(experiment.wait_for_nodes_minutes),
            Tag.GANG: "true" if experiment.gang else "false",
        }
    )


def _capacity_block(experiment: Experiment) -> dict[str, str]:
    purchase = experiment.purchase
    if not isinstance(purchase, CapacityBlock):
        return {}
    price = {} if purchase.usd_per_hour is None else {Tag.NODE_USD_PER_HOUR: f"{purchase.usd_per_hour:.4f}"}
    return {Tag.CAPACITY_BLOCK: purchase.reservation_id} | price


def _file_system(experiment: Experiment) -> dict[str, str]:
    return {Tag.KEEP_HOURS: str(experiment.lustre.keep_hours)} if experiment.lustre else {}
