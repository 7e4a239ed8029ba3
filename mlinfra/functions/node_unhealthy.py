"""A node was not as its cluster expects, and left: tell its owner. It stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.contract import Event
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.once import Once
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import IncompleteRunError
from mlinfra.functions.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ABOUT = "unhealthy_node"


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda passes both
    """Tell of a node that found another driver, another CUDA version or fewer GPUs than it should have.

    All nodes of a cluster boot one image, and mostly fail alike: one reason is told once an hour.

    Args:
        event: `Training Node Unhealthy`, as EventBridge delivers it.
        context: Lambda's, not used.

    Returns:
        The cluster, the decision (`told` or `nothing`) and the reason.

    Raises:
        ValueError: where it is another event, or a wrong one.
        IncompleteRunError: where somebody could not be told. Lambda then delivers the event again.
    """
    settings = Settings.read(dry_run_by_default=False)
    cluster, instance_id, reason = _unhealthy_node(event)
    if not cluster.startswith(settings.prefix):
        return _outcome(cluster, "nothing", f"it is none of {settings.prefix}")
    now = clock.now()
    clients = Clients()
    teller = Teller(clients, settings, "node-unhealthy", now)
    once = Once(Records(clients, settings.table), teller)
    if not once.first_time(cluster, _ABOUT, _in_this_hour(reason, now)):
        return _outcome(cluster, "nothing", "the same was told in this hour")
    told = teller.tell(
        Event.NODE_LEFT,
        cluster=cluster,
        tags=_tags(clients, teller, cluster),
        what=f"its node {instance_id} is not as expected and leaves",
        why=f"{reason}. The cluster is one node smaller, and no node takes its place: it would boot the same image. "
        f"Nodes that leave for the same reason in this hour are not told one by one",
        instance_id=instance_id,
    )
    if not told:
        once.take_back(cluster, _ABOUT, _in_this_hour(reason, now))
        raise IncompleteRunError("; ".join(teller.undelivered))
    return _outcome(cluster, "told", reason)


def _unhealthy_node(event: Mapping[str, Any]) -> tuple[str, str, str]:
    if (event.get("source"), event.get("detail-type")) != (Event.NODE_SOURCE, Event.NODE_UNHEALTHY):
        message = f"this is no {Event.NODE_UNHEALTHY!r} of {Event.NODE_SOURCE}: {event}"
        raise ValueError(message)
    try:
        detail = event["detail"]
        return str(detail["cluster"]), str(detail["instance_id"]), str(detail["reason"])
    except (KeyError, TypeError) as error:
        message = f"this event does not say which node of which cluster left, and why: {error!r}: {event}"
        raise ValueError(message) from error


def _tags(clients: Clients, teller: Teller, cluster: str) -> Mapping[str, str]:
    """Whose cluster it is. Where nobody can say so, those are told who are told of everything."""
    try:
        return Fleet(clients).tags_of_group(cluster)
    except FAILURES as error:
        teller.log("Owner Not Found", cluster=cluster, why=error_code(error))
        return {}


def _in_this_hour(reason: str, now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H} {reason}"


def _outcome(cluster: str, decision: str, reason: str) -> dict[str, str]:
    return {"cluster": cluster, "decision": decision, "reason": reason}
