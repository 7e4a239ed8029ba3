"""Telling people of drift: through Slack and through SNS. What goes wrong here never changes what was found."""

from __future__ import annotations

import http
import logging
import queue
import socket
import threading
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.webhook import WebhookClient

if TYPE_CHECKING:
    from mlinfra.operations.aws import AwsAccount

WEBHOOK_VARIABLE = "MLINFRA_SLACK_WEBHOOK"
"""The environment variable with the URL of Slack's incoming webhook. Whoever has that URL can write there."""

_SECONDS = 10
_RETRIES = 2
_DEADLINE = 45
"""Seconds for all tries together: an endpoint may send its answer byte by byte, or ask to wait for an hour."""

_SUBJECT = 100
"""Characters, the most that SNS takes."""


def tell_slack(url: str, text: str, *, timeout: int = _SECONDS, deadline: float = _DEADLINE) -> str:
    """Send `text` to the incoming webhook at `url`, again where that is down or answers 429, 500 or 503.

    Args:
        url: the webhook. It is a secret: it is in no message and no log.
        text: what to say, as plain text.
        timeout: seconds that each try may wait. Default: 10.
        deadline: seconds that it may take in all. Default: 45.

    Returns:
        What went wrong, for people; empty where nothing did.
    """
    if not _is_url(url):
        return f"Slack was not told: {WEBHOOK_VARIABLE} is not a URL. Expected: https://hooks.slack.com/services/..."
    answers: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: answers.put(_send(url, text, timeout)), daemon=True).start()
    try:
        return answers.get(timeout=deadline)
    except queue.Empty:
        return f"Slack was not told: it did not take the message within {deadline:g} seconds."


def tell_sns(account: AwsAccount, topic_arn: str, subject: str, text: str) -> str:
    """Publish `text` to a topic.

    Returns:
        What went wrong, for people; empty where nothing did.
    """
    try:
        account.client("sns").publish(TopicArn=topic_arn, Subject=_subject(subject), Message=text)
    except (ClientError, BotoCoreError) as error:
        return f"{topic_arn} was not told: {error}"
    return ""


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable()


def _send(url: str, text: str, timeout: int) -> str:
    """Send it. Returns what went wrong."""
    try:
        client = WebhookClient(
            url,
            timeout=timeout,
            logger=_silent(),
            retry_handlers=[
                ConnectionErrorRetryHandler(max_retry_count=_RETRIES),
                ServerErrorRetryHandler(max_retry_count=_RETRIES),
                RateLimitErrorRetryHandler(max_retry_count=_RETRIES),
            ],
        )
        answer = client.send(text=_escaped(text), unfurl_links=False)
    except Exception as error:  # noqa: BLE001  whatever fails, drift was found, and the error may hold the URL
        return f"Slack was not told: {_kind(error, timeout)}."
    return "" if answer.status_code == http.HTTPStatus.OK else f"Slack was not told: it answered {answer.status_code}."


def _silent() -> logging.Logger:
    """A logger that says nothing: the client would write the URL into its log."""
    logger = logging.getLogger("mlinfra.slack")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    return logger


def _kind(error: Exception, timeout: int) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, (TimeoutError, socket.timeout)):
        return f"it did not answer within {timeout} seconds"
    if isinstance(reason, (ConnectionError, socket.gaierror)):
        return f"it cannot be reached ({type(reason).__name__})"
    return f"it cannot be talked to ({type(reason).__name__})"


def _escaped(text: str) -> str:
    """`text` so that Slack takes no part of it for a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _subject(text: str) -> str:
    """What SNS takes as a subject: ASCII, in one line, not too long."""
    return " ".join(text.encode("ascii", "replace").decode().split())[:_SUBJECT]
