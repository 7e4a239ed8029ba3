"""How people and programs hear what a function did: a log line, an event, and a message to the topic."""

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

NOBODY: Final = "unknown"
"""Whose something is that does not say."""

_LONGEST_SUBJECT = 99
"""SNS takes subjects of fewer than 100 characters, none of which controls anything (API reference, Publish)."""


class Audience(Protocol):
    """The settings that say who hears of a run."""

    @property
    def topic(self) -> str | None:
        """The ARN of the SNS topic; None: nobody listens."""

    @property
    def dry_run(self) -> bool:
        """Whether people are spared."""


class Teller:
    """Tells about one run of one function."""

    def __init__(self, clients: Clients, settings: Audience, function: str, now: datetime) -> None:
        self._clients = clients
        self._topic = settings.topic
        self._dry_run = settings.dry_run
        self._function = function
        self._now = now
        self.undelivered: list[str] = []
        """What nobody but the log heard of, and why."""

    def tell(
        self,
        detail_type: str,
        *,
        cluster: str,
        tags: Mapping[str, str],
        what: str,
        why: str,
        usd_saved: float | None = None,
        **more: Any,  # noqa: ANN401  whatever JSON has
    ) -> bool:
        """Tell everybody. In a dry run people get no message: nothing happens that they could act on.

        Args:
            detail_type: the event's type, one of `contract.Event`.
            cluster: what it is about.
            tags: its tags, which say whose it is.
            what: what was done, in a few words.
            why: the reason, in a clause.
            usd_saved: what the stopped nodes would have cost in the next 24 hours. Default: nothing
                was stopped, or the price is unknown.
            more: what else there is to say.

        Returns:
            Whether the event and the message were taken.
        """
        detail = {
            "what": what,
            "cluster": cluster,
            "why": why,
            "whose": tags.get(Tag.OWNER) or NOBODY,
            "experiment": tags.get(Tag.EXPERIMENT) or NOBODY,
            "usd_saved": usd_saved,
            "at": clock.written(self._now),
            "function": self._function,
            "dry_run": self._dry_run,
        } | more
        self.log(detail_type, **detail)
        problems = [self._emit(detail_type, detail)]
        if self._topic and not self._dry_run:
            problems.append(self._publish(self._topic, detail))
        failed = [problem for problem in problems if problem]
        for problem in failed:
            self.undelivered.append(f"{cluster}: {problem}")
            self.log("Not Delivered", cluster=cluster, why=problem)
        return not failed

    def log(self, message: str, **fields: Any) -> None:  # noqa: ANN401
        """Write one line of JSON, which CloudWatch Logs takes apart by itself."""
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
            return f"no event: {error_code(error)}"
        if answer.get("FailedEntryCount"):
            return f"no event: {answer['Entries'][0].get('ErrorCode')}"
        return None

    def _publish(self, topic: str, detail: Mapping[str, Any]) -> str | None:
        subject = f"{detail['cluster']}: {detail['what']}"
        try:
            publish(self._clients, topic, subject=subject, message=_message(detail), owner=detail["whose"])
        except FAILURES as error:
            return f"no message: {error_code(error)}"
        return None


def log(message: str, **fields: Any) -> None:  # noqa: ANN401  whatever JSON has
    """Write one line of JSON, which CloudWatch Logs takes apart by itself."""
    sys.stdout.write(json.dumps({"message": message, **fields}, default=str) + "\n")


def publish(clients: Clients, topic: str, *, subject: str, message: str, owner: str) -> None:
    """Send people a message. It reaches everybody who gets everything, and `owner`.

    Args:
        clients: what to send it with.
        topic: the topic's ARN.
        subject: what it is about, in a few words; what SNS does not take of it is left out.
        message: the message.
        owner: the e-mail address of whose business it is.
    """
    printable = "".join(each for each in subject if each.isprintable())
    clients.sns.publish(
        TopicArn=topic,
        Subject=printable[:_LONGEST_SUBJECT],
        Message=message,
        MessageAttributes={Message.OWNER: {"DataType": "String", "StringValue": owner}},
    )


def _message(detail: Mapping[str, Any]) -> str:
    lines = [f"{detail['cluster']}: {detail['what']}.", "", f"Why: {detail['why']}.", f"Whose: {detail['whose']}."]
    if detail["experiment"] != NOBODY:
        lines.append(f"Experiment: {detail['experiment']}.")
    if detail["usd_saved"] is not None:
        lines.append(f"Saved in the next 24 hours: {detail['usd_saved']:.2f} USD.")
    if detail.get("delete_after"):
        lines.append(f"Volumes are kept until {detail['delete_after']}.")
    return "\n".join(lines)
