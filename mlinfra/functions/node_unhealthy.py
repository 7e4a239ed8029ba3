"""Handler for unhealthy nodes: notifies the owner of the cluster. It stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.contract import Event
from mlinfra.functions.deduplication import Deduplication
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.notifications import Notifier
from mlinfra.functions.ownership import is_of_environment
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import IncompleteRunError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ABOUT = "unhealthy_node"


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda passes both
    """Notify the owner about a node with an unexpected driver or CUDA version, or with missing GPUs.

    All nodes of a cluster boot the same image and mostly fail alike: each reason is reported once an hour.

    Args:
        event: `Training Node Unhealthy`, as EventBridge delivers it.
        context: Lambda's, not used.

    Returns:
        The cluster, the decision and the reason.

    Raises:
        ValueError: if the event is of another type or malformed.
        IncompleteRunError: if the notification was not delivered. Lambda then delivers the event again.
    """
    settings = Settings.read(dry_run_by_default=False)
    cluster, instance_id, reason = _unhealthy_node(event)
    consequence, action = _consequence(event["detail"])
    if not cluster.startswith(settings.prefix):
        return _outcome(
            cluster,
            "nothing",
            f"its name does not begin with {settings.prefix!r}, the prefix of this environment's clusters",
        )
    now = clock.now()
    clients = Clients()
    notifier = Notifier(clients, settings, "node-unhealthy", now)
    deduplication = Deduplication(Records(clients, settings.table), notifier)
    tags = _tags(clients, notifier, cluster)
    if not is_of_environment(tags, settings):
        return _outcome(cluster, "nothing", "its tags name another environment")
    if not deduplication.claim(cluster, _ABOUT, _in_this_hour(reason, now)):
        return _outcome(cluster, "nothing", "the same reason was already reported in this hour")
    told = notifier.notify(
        Event.NODE_LEFT,
        cluster=cluster,
        tags=tags,
        what=f"node {instance_id} is unhealthy and is removed",
        why=f"{reason}. {consequence}. Further nodes with the same reason are not reported for the rest of this hour",
        action=action,
        instance_id=instance_id,
        fault=_fault(event["detail"]),
    )
    if not told:
        deduplication.release(cluster, _ABOUT, _in_this_hour(reason, now))
        raise IncompleteRunError("; ".join(notifier.undelivered))
    return _outcome(cluster, "told", reason)


def _unhealthy_node(event: Mapping[str, Any]) -> tuple[str, str, str]:
    if (event.get("source"), event.get("detail-type")) != (Event.NODE_SOURCE, Event.NODE_UNHEALTHY):
        message = f"expected an event {Event.NODE_UNHEALTHY!r} from {Event.NODE_SOURCE}, got: {event}"
        raise ValueError(message)
    try:
        detail = event["detail"]
        return str(detail["cluster"]), str(detail["instance_id"]), str(detail["reason"])
    except (KeyError, TypeError) as error:
        message = f"the event lacks a cluster, an instance id or a reason: {error!r}: {event}"
        raise ValueError(message) from error


def _fault(detail: Mapping[str, Any]) -> str:
    return "hardware" if detail.get("fault") == "hardware" else "image"


def _consequence(detail: Mapping[str, Any]) -> tuple[str, str]:
    """The effect of the fault on the cluster, and the action of its owner."""
    if _fault(detail) == "image":
        why = (
            "This is an image fault: the node terminates itself and is not replaced, since a new node would boot the "
            "same image. The desired capacity of the cluster is lowered by one"
        )
        return why, (
            "To fix it, correct the image, driver or CUDA version in the experiment's declaration, deploy, and start "
            "the cluster again."
        )
    if detail.get("replaced") is True:
        why = "This is a hardware fault: the node terminates itself and is replaced by a new node"
        return why, "No action is needed, unless the same fault is reported again."
    why = (
        "This is a hardware fault: the node terminates itself and is not replaced, since the cluster reached its "
        "limit of replacements for this day, or the records could not be read. The desired capacity of the cluster "
        "is lowered by one"
    )
    return why, (
        "To get the missing node, start the cluster again. If the fault is reported again, contact AWS Support."
    )


def _tags(clients: Clients, notifier: Notifier, cluster: str) -> Mapping[str, str]:
    """The tags of the cluster. Empty if they cannot be read: then only `alert_emails` are notified."""
    try:
        return Fleet(clients).tags_of_group(cluster)
    except FAILURES as error:
        notifier.log("Owner Not Found", cluster=cluster, why=error_code(error))
        return {}


def _in_this_hour(reason: str, now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H} {reason}"


def _outcome(cluster: str, decision: str, reason: str) -> dict[str, str]:
    return {"cluster": cluster, "decision": decision, "reason": reason}
