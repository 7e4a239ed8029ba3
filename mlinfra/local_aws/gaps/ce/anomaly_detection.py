"""Gap: cost anomaly monitors and subscriptions.

moto has neither. In AWS, a monitor observes a dimension of the account or a custom part of it, and a
subscription sends notifications of the anomalies of its monitors: immediately by SNS, or daily or weekly by
e-mail. Source: Cost Explorer API reference, CreateAnomalyMonitor, GetAnomalyMonitors, UpdateAnomalyMonitor,
DeleteAnomalyMonitor, CreateAnomalySubscription, GetAnomalySubscriptions, UpdateAnomalySubscription and
DeleteAnomalySubscription, read 2026-11-24.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.ce.responses import CostExplorerResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, kept
from mlinfra.local_aws.mechanisms.pages import requested_page

Monitor = dict[str, Any]
Subscription = dict[str, Any]

_PAGE = 100
_INVALID = "ValidationException"


def is_open() -> bool:
    """True if moto has no anomaly monitors."""
    return not hasattr(CostExplorerResponse, "create_anomaly_monitor")


def close() -> None:
    """Close the gap: add the operations on monitors and subscriptions."""
    add_operations(
        CostExplorerResponse,
        create_anomaly_monitor,
        get_anomaly_monitors,
        update_anomaly_monitor,
        delete_anomaly_monitor,
        create_anomaly_subscription,
        get_anomaly_subscriptions,
        update_anomaly_subscription,
        delete_anomaly_subscription,
    )


def create_anomaly_monitor(self: CostExplorerResponse) -> ActionResult:
    """Create a monitor of a dimension of the account, or of a custom part of it."""
    request = checked_request(self, "CreateAnomalyMonitor")
    monitor: Monitor = request["AnomalyMonitor"]
    wanted = "MonitorDimension" if monitor["MonitorType"] == "DIMENSIONAL" else "MonitorSpecification"
    if wanted not in monitor or {"MonitorDimension", "MonitorSpecification"} <= monitor.keys():
        message = f"A monitor of type {monitor['MonitorType']} needs {wanted}, and no other."
        raise ApiError(code=_INVALID, message=message)
    arn = _new_arn(self, "anomalymonitor")
    today = utcnow().strftime("%Y-%m-%d")
    dates = {"CreationDate": today, "LastUpdatedDate": today, "LastEvaluatedDate": today}
    _monitors(self)[arn] = {**monitor, "MonitorArn": arn, **dates, "DimensionalValueCount": 0}
    self.ce_backend.tag_resource(arn, request.get("ResourceTags", []))
    return ActionResult({"MonitorArn": arn})


def get_anomaly_monitors(self: CostExplorerResponse) -> ActionResult:
    """Describe some or all monitors, in pages."""
    request = checked_request(self, "GetAnomalyMonitors")
    wanted = request.get("MonitorArnList", [])
    found = [_monitor(self, each) for each in wanted] if wanted else list(_monitors(self).values())
    some, token = _paged(request, found)
    return ActionResult({"AnomalyMonitors": some, "NextPageToken": token})


def update_anomaly_monitor(self: CostExplorerResponse) -> ActionResult:
    """Rename a monitor. Nothing else can change."""
    request = checked_request(self, "UpdateAnomalyMonitor")
    monitor = _monitor(self, request["MonitorArn"])
    monitor.update(request, LastUpdatedDate=utcnow().strftime("%Y-%m-%d"))
    return ActionResult({"MonitorArn": monitor["MonitorArn"]})


def delete_anomaly_monitor(self: CostExplorerResponse) -> EmptyResult:
    """Delete a monitor, and remove it from the subscriptions."""
    request = checked_request(self, "DeleteAnomalyMonitor")
    arn = _monitor(self, request["MonitorArn"])["MonitorArn"]
    del _monitors(self)[arn]
    for each in _subscriptions(self).values():
        each["MonitorArnList"] = [monitor for monitor in each["MonitorArnList"] if monitor != arn]
    self.ce_backend.tagger.delete_all_tags_for_resource(arn)
    return EmptyResult()


def create_anomaly_subscription(self: CostExplorerResponse) -> ActionResult:
    """Subscribe recipients to the anomalies of monitors."""
    request = checked_request(self, "CreateAnomalySubscription")
    subscription: Subscription = request["AnomalySubscription"]
    _require_deliverable(self, subscription)
    arn = _new_arn(self, "anomalysubscription")
    _subscriptions(self)[arn] = {
        **subscription,
        "SubscriptionArn": arn,
        "AccountId": self.current_account,
        "Subscribers": _confirmed(subscription["Subscribers"]),
    }
    self.ce_backend.tag_resource(arn, request.get("ResourceTags", []))
    return ActionResult({"SubscriptionArn": arn})


def get_anomaly_subscriptions(self: CostExplorerResponse) -> ActionResult:
    """Describe some or all subscriptions, or those of one monitor, in pages."""
    request = checked_request(self, "GetAnomalySubscriptions")
    wanted = request.get("SubscriptionArnList", [])
    found = [_subscription(self, each) for each in wanted] if wanted else list(_subscriptions(self).values())
    if "MonitorArn" in request:
        found = [each for each in found if request["MonitorArn"] in each["MonitorArnList"]]
    some, token = _paged(request, found)
    return ActionResult({"AnomalySubscriptions": some, "NextPageToken": token})


def update_anomaly_subscription(self: CostExplorerResponse) -> ActionResult:
    """Update a subscription."""
    request = checked_request(self, "UpdateAnomalySubscription")
    subscription = _subscription(self, request["SubscriptionArn"])
    # Threshold and ThresholdExpression replace each other.
    replaced = {"Threshold": "ThresholdExpression", "ThresholdExpression": "Threshold"}
    dropped = {replaced[name] for name in request.keys() & replaced.keys()}
    changed = {name: value for name, value in subscription.items() if name not in dropped} | request
    _require_deliverable(self, changed)
    changed["Subscribers"] = _confirmed(changed["Subscribers"])
    _subscriptions(self)[subscription["SubscriptionArn"]] = changed
    return ActionResult({"SubscriptionArn": subscription["SubscriptionArn"]})


def delete_anomaly_subscription(self: CostExplorerResponse) -> EmptyResult:
    """Delete a subscription."""
    request = checked_request(self, "DeleteAnomalySubscription")
    arn = _subscription(self, request["SubscriptionArn"])["SubscriptionArn"]
    del _subscriptions(self)[arn]
    self.ce_backend.tagger.delete_all_tags_for_resource(arn)
    return EmptyResult()


def _require_deliverable(response: CostExplorerResponse, subscription: Subscription) -> None:
    for arn in subscription["MonitorArnList"]:
        _monitor(response, arn)
    kinds = {each.get("Type") for each in subscription["Subscribers"]}
    immediate = subscription["Frequency"] == "IMMEDIATE"
    if not kinds or kinds != {"SNS" if immediate else "EMAIL"}:
        one = "one SNS topic" if immediate else "e-mail addresses"
        message = f"Subscribers of frequency {subscription['Frequency']} must be {one}."
        raise ApiError(code=_INVALID, message=message)
    if ("Threshold" in subscription) == ("ThresholdExpression" in subscription):
        message = "Give one of Threshold and ThresholdExpression."
        raise ApiError(code=_INVALID, message=message)


def _confirmed(subscribers: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"Status": "CONFIRMED", **each} for each in subscribers]


def _new_arn(response: CostExplorerResponse, kind: str) -> str:
    return f"arn:{response.partition}:ce::{response.current_account}:{kind}/{uuid.uuid4()}"


def _monitor(response: CostExplorerResponse, arn: str) -> Monitor:
    found = _monitors(response).get(arn)
    if found is None:
        raise ApiError(code="UnknownMonitorException", message=f"No monitor found with ARN {arn}")
    return found


def _subscription(response: CostExplorerResponse, arn: str) -> Subscription:
    found = _subscriptions(response).get(arn)
    if found is None:
        raise ApiError(code="UnknownSubscriptionException", message=f"No subscription found with ARN {arn}")
    return found


def _monitors(response: CostExplorerResponse) -> dict[str, Monitor]:
    return kept(response.ce_backend, "anomaly monitors", dict)


def _subscriptions(response: CostExplorerResponse) -> dict[str, Subscription]:
    return kept(response.ce_backend, "anomaly subscriptions", dict)


def _paged(request: dict[str, Any], found: list[Any]) -> tuple[list[Any], str | None]:
    return requested_page(request, found, default_size=_PAGE, token="NextPageToken")  # noqa: S106
