"""An alarm says that a cluster is idle: look at every node again, and stop it. Layer 3 of docs/adr/0005."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Metric
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.look import gpu_histories, look
from mlinfra.functions.records import Records
from mlinfra.functions.settings import Settings
from mlinfra.functions.shutdown import Shutdown, refusal
from mlinfra.functions.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.functions.decision import Decision
    from mlinfra.functions.fleet import Target


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda passes both
    """Stop the cluster whose alarm went off, if all its nodes are known to be idle.

    Args:
        event: the alarm, as CloudWatch hands it to a function that is its action, or as EventBridge
            delivers `CloudWatch Alarm State Change`.
        context: Lambda's, not used.

    Returns:
        The cluster, the decision (`stopped`, `would_stop`, `left` or `nothing`) and the reason.

    Raises:
        ValueError: where the event is no alarm, or not one about one auto scaling group.
        LookFailedError: where AWS did not say what the cluster is like. It is left, that is told, and Lambda
            calls again.
        IncompleteRunError: at the end, where somebody could not be told what was done.
    """
    settings = Settings.read(dry_run_by_default=False)
    alarm = _alarm(event)
    cluster = _cluster(alarm)
    state = alarm["state"]["value"]
    if state != "ALARM":
        return {"cluster": cluster, "decision": "nothing", "reason": f"the alarm is {state}"}
    now = clock.now()
    clients = Clients()
    fleet, records = Fleet(clients), Records(clients, settings.table)
    shutdown = Shutdown(clients, settings, records, Teller(clients, settings, "idle", now), now)

    def look_now() -> tuple[Target, Decision] | None:
        target = fleet.group(cluster)
        if target is None:
            return None
        if refused := refusal(target, settings.prefix):
            return target, refused
        moment = clock.now()
        gpus = gpu_histories(clients, [target], moment)
        return target, look(target, records, gpus, moment).decision

    return shutdown.of_one(cluster, "its alarm says that it is idle", look_now)


def _alarm(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What both ways of delivery have in common.

    Sources: CloudWatch user guide, "Invoke a Lambda function from an alarm" and "Alarm events and
    EventBridge", read 2026-11-24.
    """
    alarm = event.get("alarmData") or event.get("detail")
    if event.get("source") != "aws.cloudwatch" or not isinstance(alarm, dict) or "value" not in alarm.get("state", {}):
        message = f"this is no change of an alarm: {event}"
        raise ValueError(message)
    return alarm


def _cluster(alarm: Mapping[str, Any]) -> str:
    groups = set(_groups(alarm))
    if len(groups) != 1:
        message = f"this alarm is about {len(groups)} auto scaling groups, and has to be about one: {alarm}"
        raise ValueError(message)
    return groups.pop()


def _groups(alarm: Mapping[str, Any]) -> Iterator[str]:
    for query in alarm.get("configuration", {}).get("metrics", ()):
        dimensions = query.get("metricStat", {}).get("metric", {}).get("dimensions", {})
        if Metric.GROUP in dimensions:
            yield dimensions[Metric.GROUP]
