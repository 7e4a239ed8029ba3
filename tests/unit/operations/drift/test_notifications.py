"""A Slack endpoint on this machine that answers, fails, is slow, and is not there."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk.http_retry.builtin_interval_calculators import BackoffRetryIntervalCalculator

from mlinfra.operations.aws.account import account_of
from mlinfra.operations.drift.notifications import notify_slack, notify_sns
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "geheim"  # noqa: S105  the end of a made-up webhook


class Endpoint:
    """The responses of an endpoint, and the requests to it."""

    def __init__(self, *statuses: int, seconds: float = 0, headers: dict[str, str] | None = None) -> None:
        self.statuses = list(statuses)
        self.seconds = seconds
        self.headers = headers or {}
        self.texts: list[str] = []
        self.url = ""


@contextmanager
def answering(endpoint: Endpoint) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            endpoint.texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            time.sleep(endpoint.seconds)
            status = endpoint.statuses.pop(0) if len(endpoint.statuses) > 1 else endpoint.statuses[0]
            self.send_response(status)
            for name, value in endpoint.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(f"answered {self.path}".encode())

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Mind no client that did not wait."""

    server = Server(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/{SECRET}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry after a moment. The client waits up to three seconds before the second retry."""
    monkeypatch.setattr(BackoffRetryIntervalCalculator, "calculate_sleep_duration", lambda *_: 0.01)


@pytest.fixture(autouse=True)
def no_secret_is_shown(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    shown = capfd.readouterr()
    assert SECRET not in caplog.text + shown.out + shown.err


def test_a_message_is_delivered_without_markup() -> None:
    with answering(Endpoint(200)) as slack:
        assert notify_slack(slack.url, "<!channel> a & b -> c") == ""
    assert slack.texts == ["&lt;!channel&gt; a &amp; b -&gt; c"]


def test_an_endpoint_that_answers_500_is_tried_three_times() -> None:
    with answering(Endpoint(500)) as slack:
        assert notify_slack(slack.url, "drift") == "Slack was not notified: the response was 500."
    assert len(slack.texts) == 3


def test_an_endpoint_that_recovers_is_notified() -> None:
    with answering(Endpoint(500, 503, 200)) as slack:
        assert notify_slack(slack.url, "drift") == ""


def test_a_revoked_webhook_is_reported_without_its_url() -> None:
    with answering(Endpoint(404)) as slack:
        assert notify_slack(slack.url, "drift") == "Slack was not notified: the response was 404."
    assert len(slack.texts) == 1


def test_a_slow_endpoint_has_a_timeout() -> None:
    with answering(Endpoint(200, seconds=4)) as slack:
        began = time.monotonic()
        assert notify_slack(slack.url, "drift", timeout=1) == "Slack was not notified: no response within 1 seconds."
        assert time.monotonic() - began < 30


def test_an_endpoint_that_requests_to_wait_an_hour_has_a_deadline() -> None:
    with answering(Endpoint(429, headers={"Retry-After": "3600"})) as slack:
        said = notify_slack(slack.url, "drift", deadline=0.3)
    assert said == "Slack was not notified: no response within 0.3 seconds."


def test_an_unreachable_endpoint_is_reported() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = notify_slack(f"http://127.0.0.1:{port}/services/{SECRET}", "drift")
    assert said == "Slack was not notified: the endpoint is unreachable (ConnectionRefusedError)."


@pytest.mark.parametrize(
    "url", [f"{SECRET}", f"ftp://example.com/{SECRET}", f"http://[{SECRET}", "", f"http:///{SECRET}"]
)
def test_an_invalid_url_is_refused_without_showing_it(url: str) -> None:
    said = notify_slack(url, "drift")
    assert said == (
        "Slack was not notified: MLINFRA_SLACK_WEBHOOK is not a URL. Expected: https://hooks.slack.com/services/..."
    )


def test_a_message_to_a_topic_reaches_its_subscribers(client: Callable[..., Any]) -> None:
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    url = client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:heard")
    account = account_of(an_environment(name="local", account_id="123456789012", emulated=True))
    assert notify_sns(account, topic, "Drift in\nlocal, für Ana", "one thing: 1 -> 2") == ""
    (message,) = client("sqs").receive_message(QueueUrl=url)["Messages"]
    body = json.loads(message["Body"])
    assert (body["Subject"], body["Message"]) == ("Drift in local, f?r Ana", "one thing: 1 -> 2")


def test_a_missing_topic_is_reported(client: Callable[..., Any]) -> None:
    del client
    account = account_of(an_environment(name="local", account_id="123456789012", emulated=True))
    missing = "arn:aws:sns:us-east-1:123456789012:nobody"
    said = notify_sns(account, missing, "Drift", "text")
    assert said.startswith(f"{missing} was not notified: An error occurred (NotFound")
