"""Handler for the look, idle nodes and idle alarms: stops clusters that are idle. Layer 3 of docs/adr/0009."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Event, Metric
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.look import Look, assess_cluster
from mlinfra.functions.notifications import Notifier
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import Shutdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda passes both
    """Stop every cluster of the environment that is known to be idle or above its bound; or that of the event only.

    Args:
        event: `Scheduled Event`, as EventBridge delivers it every 5 minutes. Or `Training Node Idle` of a node guard.
            Or an idle alarm, as CloudWatch passes it to a function that is an alarm action, or as EventBridge delivers
            `CloudWatch Alarm State Change`.
        context: Lambda's, not used.

    Returns:
        For an alarm and a node: the cluster, the decision (`stopped`, `would_stop`, `left` or `nothing`) and the
        reason. For the schedule: these for each cluster, and the count of each decision.

    Raises:
        ValueError: if the event is none of these, names no cluster, or the alarm is not about exactly one auto scaling
            group.
        DescribeFailedError: if the state of the cluster could not be read. It is left running, a notification is
            sent, and Lambda retries.
        IncompleteRunError: at the end, if a notification was not delivered.
    """
    settings = Settings.read(dry_run_by_default=False)
    if (event.get("source"), event.get("detail-type")) == (Event.SCHEDULE_SOURCE, Event.SCHEDULED):
        return Look(settings, Clients(), clock.now()).run()
    if (event.get("source"), event.get("detail-type")) == (Event.NODE_SOURCE, Event.NODE_IDLE):
        return Look(settings, Clients(), clock.now()).run_for(_cluster_of_node(event))
    alarm = _alarm(event)
    cluster = _cluster(alarm)
    state = alarm["state"]["value"]
    if state != "ALARM":
        return {"cluster": cluster, "decision": "nothing", "reason": f"the state of the alarm is {state}"}
    now = clock.now()
    clients = Clients()
    fleet, records = Fleet(clients), Records(clients, settings.table)
    shutdown = Shutdown(clients, settings, records, Notifier(clients, settings, "idle", now), now)
    return shutdown.process(
        cluster,
        "its idle alarm is in ALARM state",
        lambda: assess_cluster(clients, fleet, records, settings, cluster),
    )


def _cluster_of_node(event: Mapping[str, Any]) -> str:
    try:
        return str(event["detail"]["cluster"])
    except (KeyError, TypeError) as error:
        message = f"the event lacks a cluster: {error!r}: {event}"
        raise ValueError(message) from error


def _alarm(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that both ways of delivery share.

    Sources: CloudWatch user guide, "Invoke a Lambda function from an alarm" and "Alarm events and
    EventBridge", read 2026-11-24.
    """
    alarm = event.get("alarmData") or event.get("detail")
    if event.get("source") != "aws.cloudwatch" or not isinstance(alarm, dict) or "value" not in alarm.get("state", {}):
        message = f"expected a state change of a CloudWatch alarm, got: {event}"
        raise ValueError(message)
    return alarm


def _cluster(alarm: Mapping[str, Any]) -> str:
    groups = set(_groups(alarm))
    if len(groups) != 1:
        message = f"the alarm must be about one auto scaling group, but is about {len(groups)}: {alarm}"
        raise ValueError(message)
    return groups.pop()


def _groups(alarm: Mapping[str, Any]) -> Iterator[str]:
    for query in alarm.get("configuration", {}).get("metrics", ()):
        dimensions = query.get("metricStat", {}).get("metric", {}).get("dimensions", {})
        if Metric.GROUP in dimensions:
            yield dimensions[Metric.GROUP]
