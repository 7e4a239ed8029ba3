"""Handler for changes of a model version's approval: notifies the model's owner and `alert_emails`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Approval, Event, Tag, Variable
from mlinfra.functions.notifications import UNKNOWN, log, publish

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHAT = {
    Approval.PENDING: "is waiting for approval",
    Approval.APPROVED: "was approved",
    Approval.REJECTED: "was rejected",
}


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda passes both
    """Notify about the model version in an event.

    SageMaker may send several events for one change; each is reported. Errors of AWS are raised: Lambda delivers the
    event again, and moves it to the dead-letter queue after the last attempt.

    Args:
        event: `SageMaker Model Package State Change`, as EventBridge delivers it.
        context: Lambda's, not used.

    Returns:
        The version's ARN, its approval, and the model's owner.

    Raises:
        ValueError: if the event is of another type or malformed, or the topic is not set.
    """
    topic = os.environ.get(Variable.TOPIC)
    if not topic:
        message = f"{Variable.TOPIC} is not set. It must be the ARN of the SNS topic for notifications."
        raise ValueError(message)
    group, version, arn, approval = _changed_version(event)
    clients = Clients()
    owner = _owner(clients, arn)
    name = f"{group} version {version}"
    log(Event.MODEL_PACKAGE_CHANGED, version=arn, approval=approval, whose=owner)
    lines = [f"{name} {_WHAT[approval]}.", "", f"Owner: {owner}.", f"Version: {arn}"]
    if why := event["detail"].get("ApprovalDescription"):
        lines.append(f"Reason: {why}")
    publish(clients, topic, subject=f"{name} {_WHAT[approval]}", message="\n".join(lines), owner=owner)
    return {"version": arn, "approval": approval, "whose": owner}


def _changed_version(event: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """The group's name, the version's number and ARN, and its approval."""
    if (event.get("source"), event.get("detail-type")) != (Event.SAGEMAKER_SOURCE, Event.MODEL_PACKAGE_CHANGED):
        message = f"expected an event {Event.MODEL_PACKAGE_CHANGED!r} from {Event.SAGEMAKER_SOURCE}, got: {event}"
        raise ValueError(message)
    try:
        detail = event["detail"]
        arn, approval = str(detail["ModelPackageArn"]), str(detail["ModelApprovalStatus"])
        _, group, version = arn.rsplit("/", 2)
    except (KeyError, TypeError, ValueError) as error:
        message = f"the event lacks a valid model version ARN or approval: {error!r}: {event}"
        raise ValueError(message) from error
    if approval not in _WHAT:
        message = f"{approval!r} is not a known approval status: {event}"
        raise ValueError(message)
    return group, version, arn, approval


def _owner(clients: Clients, version_arn: str) -> str:
    """The model's owner, from the tags of its group."""
    group_arn = version_arn.rpartition("/")[0].replace(":model-package/", ":model-package-group/", 1)
    pages = clients.sagemaker.get_paginator("list_tags").paginate(ResourceArn=group_arn)
    tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    return tags.get(Tag.OWNER) or UNKNOWN
