"""Notifications of a function's run: a log line, an EventBridge event, and a message to the SNS topic."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Event, Message, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlinfra.functions.clients import Clients

UNKNOWN: Final = "unknown"
"""The owner or experiment of a resource without that tag."""

_LONGEST_SUBJECT = 99
"""SNS accepts subjects of fewer than 100 characters, without control characters (API reference, Publish)."""


class NotificationSettings(Protocol):
    """The settings of a run that decide which notifications are sent."""

    @property
    def topic(self) -> str | None:
        """The ARN of the SNS topic. None: no messages are sent."""

    @property
    def dry_run(self) -> bool:
        """True in a dry run: no messages about changes are sent."""


class Notifier:
    """Sends the notifications of one run of one function."""

    def __init__(self, clients: Clients, settings: NotificationSettings, function: str, now: datetime) -> None:
        self._clients = clients
        self._topic = settings.topic
        self._dry_run = settings.dry_run
        self._function = function
        self._now = now
        self.undelivered: list[str] = []
        """The notifications that only the log has, each with the reason."""

    def notify(
        self,
        detail_type: str,
        *,
        cluster: str,
        tags: Mapping[str, str],
        what: str,
        why: str,
        action: str | None = None,
        usd_saved: float | None = None,
        in_dry_run: bool = False,
        **more: Any,  # noqa: ANN401  any JSON value
    ) -> bool:
        """Write the log line, and send the event and the message. A dry run sends a message only with `in_dry_run`.

        Args:
            detail_type: the event's type, one of `contract.Event`.
            cluster: the name of the cluster, endpoint or volume.
            tags: its tags, which name its owner and its experiment.
            what: the fact, in a few words: the message's subject after the name.
            why: the reason, as a clause without a full stop.
            action: what the owner can do, as a sentence; for the message only. Default: none.
            usd_saved: the cost of the stopped nodes over the next 24 hours, in USD. Default: nothing was stopped, or
                a price is unknown.
            in_dry_run: True: the message is sent in a dry run too, because it announces no change by this run.
                Default: False.
            more: further fields of the event.

        Returns:
            True if the event and the message were accepted.
        """
        detail = {
            "what": what,
            "cluster": cluster,
            "why": why,
            "whose": tags.get(Tag.OWNER) or UNKNOWN,
            "experiment": tags.get(Tag.EXPERIMENT) or UNKNOWN,
            "usd_saved": usd_saved,
            "at": clock.written(self._now),
            "function": self._function,
            "dry_run": self._dry_run,
        } | more
        self.log(detail_type, **detail)
        problems = [self._emit(detail_type, detail)]
        if self._topic and (in_dry_run or not self._dry_run):
            problems.append(self._publish(self._topic, detail, action))
        failed = [problem for problem in problems if problem]
        for problem in failed:
            self.undelivered.append(f"{cluster}: {problem}")
            self.log("Not Delivered", cluster=cluster, why=problem)
        return not failed

    def log(self, message: str, **fields: Any) -> None:  # noqa: ANN401
        """Write one line of JSON; CloudWatch Logs discovers its fields."""
        log(message, **fields)

    def _emit(self, detail_type: str, detail: Mapping[str, Any]) -> str | None:
        entry = {
            "Source": Event.SHUTDOWN_SOURCE,
            "DetailType": detail_type,
            "Detail": json.dumps(detail, default=str),
            "Time": self._now,
        }
        try:
            answer = self._clients.events.put_events(Entries=[entry])
        except FAILURES as error:
            return f"the event was not sent: {error_code(error)}"
        if answer.get("FailedEntryCount"):
            return f"the event was not sent: {answer['Entries'][0].get('ErrorCode')}"
        return None

    def _publish(self, topic: str, detail: Mapping[str, Any], action: str | None) -> str | None:
        subject = f"{detail['cluster']}: {detail['what']}"
        try:
            publish(self._clients, topic, subject=subject, message=_message(detail, action), owner=detail["whose"])
        except FAILURES as error:
            return f"the message was not sent: {error_code(error)}"
        return None


def log(message: str, **fields: Any) -> None:  # noqa: ANN401  any JSON value
    """Write one line of JSON; CloudWatch Logs discovers its fields."""
    sys.stdout.write(json.dumps({"message": message, **fields}, default=str) + "\n")


def publish(clients: Clients, topic: str, *, subject: str, message: str, owner: str) -> None:
    """Send a message to the subscribers of every message, and to `owner`.

    Args:
        clients: the AWS clients.
        topic: the topic's ARN.
        subject: the subject, in a few words. Control characters, and what exceeds 99 characters, are dropped.
        message: the message.
        owner: the owner's e-mail address, by which subscriptions are filtered.
    """
    printable = "".join(each for each in subject if each.isprintable())
    clients.sns.publish(
        TopicArn=topic,
        Subject=printable[:_LONGEST_SUBJECT],
        Message=message,
        MessageAttributes={Message.OWNER: {"DataType": "String", "StringValue": owner}},
    )


def command(name: str, tags: Mapping[str, str], options: str = "") -> str:
    """The `mlinfra clusters` command for the cluster with these tags; placeholders where a tag is missing.

    Args:
        name: the subcommand, such as `extend`.
        tags: the tags of the cluster.
        options: the options after environment and experiment. Default: none.
    """
    words = ["mlinfra clusters", name, tags.get(Tag.ENVIRONMENT) or "ENV", tags.get(Tag.EXPERIMENT) or "EXPERIMENT"]
    return " ".join([*words, options] if options else words)


def _message(detail: Mapping[str, Any], action: str | None) -> str:
    lines = [f"{detail['cluster']}: {detail['what']}.", "", f"Reason: {detail['why']}."]
    if detail.get("staying"):
        nodes = ", ".join(detail["staying"])
        lines.append(f"Still running until their protection from scale-in is removed: {nodes}.")
    if detail["usd_saved"] is not None:
        lines.append(f"Estimated savings over the next 24 hours: {detail['usd_saved']:.2f} USD.")
    if detail.get("delete_after"):
        lines.append(f"Its volumes are kept until {detail['delete_after']}, then deleted.")
    lines.append(f"Owner: {detail['whose']}.")
    if detail["experiment"] != UNKNOWN:
        lines.append(f"Experiment: {detail['experiment']}.")
    if action:
        lines += ["", action]
    return "\n".join(lines)
