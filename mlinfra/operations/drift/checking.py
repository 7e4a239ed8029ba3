"""A complete check for drift: detection, notifications, and the update of the baseline, in this order."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.operations.aws import account_of
from mlinfra.operations.drift.detection import Options, detect_drift, store_baseline
from mlinfra.operations.drift.notifications import WEBHOOK_VARIABLE, notify_slack, notify_sns
from mlinfra.operations.drift.rendering import to_message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.drift.baseline import Baseline
    from mlinfra.operations.drift.report import Report
    from mlinfra.operations.terraform import Progress

Notifier = Callable[[str, str], str]
"""Sends a subject and a text. Returns a description of the failure; empty: the message was delivered."""


@dataclass(frozen=True)
class CheckedDrift:
    """The result of a check, and its failed notifications."""

    report: Report
    undelivered: tuple[str, ...]
    """A description of each failed notification. Without failures the baseline was updated."""


def notifiers(environment: Environment, *, sns: bool = False) -> tuple[Notifier, ...]:
    """The notifiers of a run: Slack if `MLINFRA_SLACK_WEBHOOK` is set, and the alert topic of `environment`.

    Args:
        environment: the environment with the alert topic.
        sns: True to publish to the alert topic. Default: False.
    """
    found: list[Notifier] = []
    if url := os.environ.get(WEBHOOK_VARIABLE):
        found.append(lambda _subject, text: notify_slack(url, text))
    if sns:
        topic = environment.names.alerts_topic_arn
        found.append(lambda subject, text: notify_sns(account_of(environment), topic, subject, text))
    return tuple(found)


def check_drift(
    environment: Environment,
    root: Path,
    progress: Progress,
    *,
    options: Options | None = None,
    baseline: Baseline | None = None,
    notify: Sequence[Notifier] = (),
    publish: Callable[[Report], None] | None = None,
    detect: Callable[..., Report] = detect_drift,
) -> CheckedDrift:
    """Detect drift, send notifications of new and resolved drift, and update the baseline.

    The baseline is updated only after all notifications were delivered: otherwise the next run would consider drift as
    known that was never reported.

    Args:
        environment: the environment to check.
        root: the project, which may contain a `drift-ignore.yaml`.
        progress: shows the steps.
        options: the scope of the check.
        baseline: drift that was reported before. Default: none, and none is stored.
        notify: the notifiers. Default: none.
        publish: called with the report before notifications are sent. Default: the report is only returned.
        detect: detects drift. Default: `detect_drift`.

    Raises:
        OperationError: as `detect_drift`, or if the baseline cannot be written.
        DeclarationError: if the ignore list is invalid.
    """
    report = detect(environment, root, progress, options=options, baseline=baseline)
    if publish:
        publish(report)
    text = to_message(report)
    failures = (send(f"Drift in {report.environment}", text) for send in notify) if text else ()
    undelivered = tuple(filter(None, failures))
    if baseline and not undelivered:
        store_baseline(report, baseline)
    return CheckedDrift(report, undelivered)
