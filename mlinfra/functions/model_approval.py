"""A version of a model waits for approval, is approved or is rejected: tell its owner and the platform."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Approval, Event, Tag, Variable
from mlinfra.functions.telling import NOBODY, log, publish

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHAT = {
    Approval.PENDING: "waits for approval",
    Approval.APPROVED: "is approved",
    Approval.REJECTED: "is rejected",
}


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda passes both
    """Tell people of the version that an event is about.

    SageMaker may send several events for one change, and people then hear of it several times. An
    error of AWS is raised: Lambda delivers the event again, and keeps what it gives up on.

    Args:
        event: `SageMaker Model Package State Change`, as EventBridge delivers it.
        context: Lambda's, not used.

    Returns:
        The version's ARN, its approval and whose model it is.

    Raises:
        ValueError: where it is another event, or a wrong one, or the topic is not set.
    """
    topic = os.environ.get(Variable.TOPIC)
    if not topic:
        message = f"{Variable.TOPIC} is not set: it is the ARN of the topic that people listen on"
        raise ValueError(message)
    group, version, arn, approval = _changed_version(event)
    clients = Clients()
    owner = _owner(clients, arn)
    name = f"{group} version {version}"
    log(Event.MODEL_PACKAGE_CHANGED, version=arn, approval=approval, whose=owner)
    lines = [f"{name} {_WHAT[approval]}.", "", f"Whose: {owner}.", f"Version: {arn}"]
    if why := event["detail"].get("ApprovalDescription"):
        lines.append(f"Why: {why}")
    publish(clients, topic, subject=f"{name} {_WHAT[approval]}", message="\n".join(lines), owner=owner)
    return {"version": arn, "approval": approval, "whose": owner}


def _changed_version(event: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """The group's name, the version's number and ARN, and its approval."""
    if (event.get("source"), event.get("detail-type")) != (Event.SAGEMAKER_SOURCE, Event.MODEL_PACKAGE_CHANGED):
        message = f"this is no {Event.MODEL_PACKAGE_CHANGED!r} of {Event.SAGEMAKER_SOURCE}: {event}"
        raise ValueError(message)
    try:
        detail = event["detail"]
        arn, approval = str(detail["ModelPackageArn"]), str(detail["ModelApprovalStatus"])
        _, group, version = arn.rsplit("/", 2)
    except (KeyError, TypeError, ValueError) as error:
        message = f"this event does not say which version of a model it is about: {error!r}: {event}"
        raise ValueError(message) from error
    if approval not in _WHAT:
        message = f"{approval!r} is no approval that is known: {event}"
        raise ValueError(message)
    return group, version, arn, approval


def _owner(clients: Clients, version_arn: str) -> str:
    """Who answers for the model, as the tags of its group say."""
    group_arn = version_arn.rpartition("/")[0].replace(":model-package/", ":model-package-group/", 1)
    pages = clients.sagemaker.get_paginator("list_tags").paginate(ResourceArn=group_arn)
    tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    return tags.get(Tag.OWNER) or NOBODY
