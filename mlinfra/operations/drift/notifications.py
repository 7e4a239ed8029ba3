"""Notifications of drift, by Slack and SNS. A failed delivery does not change the result of a run."""

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
"""The environment variable with the URL of an incoming webhook of Slack. The URL is a secret."""

_SECONDS = 10
_RETRIES = 2
_DEADLINE = 45
"""Seconds for all attempts: an endpoint may answer byte by byte, or request to wait for an hour."""

_SUBJECT = 100
"""Characters, the maximum of SNS."""


def notify_slack(url: str, text: str, *, timeout: int = _SECONDS, deadline: float = _DEADLINE) -> str:
    """Send `text` to the incoming webhook at `url`, with retries if it is unreachable or answers 429, 500 or 503.

    Args:
        url: the webhook. It is a secret, and is never part of messages or logs.
        text: plain text.
        timeout: seconds per attempt. Default: 10.
        deadline: seconds for all attempts. Default: 45.

    Returns:
        A description of the failure. Empty: the message was delivered.
    """
    if not _is_url(url):
        return (
            f"Slack was not notified: {WEBHOOK_VARIABLE} is not a URL. Expected: https://hooks.slack.com/services/..."
        )
    answers: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: answers.put(_send(url, text, timeout)), daemon=True).start()
    try:
        return answers.get(timeout=deadline)
    except queue.Empty:
        return f"Slack was not notified: no response within {deadline:g} seconds."


def notify_sns(account: AwsAccount, topic_arn: str, subject: str, text: str) -> str:
    """Publish `text` to a topic.

    Returns:
        A description of the failure. Empty: the message was delivered.
    """
    try:
        account.client("sns").publish(TopicArn=topic_arn, Subject=_subject(subject), Message=text)
    except (ClientError, BotoCoreError) as error:
        return f"{topic_arn} was not notified: {error}"
    return ""


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable()


def _send(url: str, text: str, timeout: int) -> str:
    """Send the message. Returns a description of the failure."""
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
        response = client.send(text=_escaped(text), unfurl_links=False)
    except Exception as error:  # noqa: BLE001  no failure may hide drift, and the error may contain the URL
        return f"Slack was not notified: {_reason(error, timeout)}."
    return (
        ""
        if response.status_code == http.HTTPStatus.OK
        else f"Slack was not notified: the response was {response.status_code}."
    )


def _silent() -> logging.Logger:
    """A logger without output: the client would log the URL."""
    logger = logging.getLogger("mlinfra.slack")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    return logger


def _reason(error: Exception, timeout: int) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, (TimeoutError, socket.timeout)):
        return f"no response within {timeout} seconds"
    if isinstance(reason, (ConnectionError, socket.gaierror)):
        return f"the endpoint is unreachable ({type(reason).__name__})"
    return f"the request failed ({type(reason).__name__})"


def _escaped(text: str) -> str:
    """Escape text, so that it contains no links or mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _subject(text: str) -> str:
    """A subject that SNS accepts: ASCII, in one line, of limited length."""
    return " ".join(text.encode("ascii", "replace").decode().split())[:_SUBJECT]
