"""`examples/second_region`: two regions of one declaration, and a client that survives the loss of one."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from ci.examples import EXAMPLES
from mlinfra.testing import Template
from tests.examples.programs import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("synthesized")

PROJECT = EXAMPLES / "second_region"
PROGRAM = """
import json, sys, boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from client.ranker import Ranker, Region
config = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})
regions = []
for number, address in enumerate(sys.argv[1:]):
    client = boto3.client("sagemaker-runtime", region_name="us-east-1", endpoint_url=address, config=config)
    regions.append(Region(str(number), client, f"ranker-{number}"))
clock = [0.0]
ranker = Ranker(regions, now=lambda: clock[0])
for clock[0] in (0.0, 1.0, 100.0):
    try:
        print(json.dumps(ranker.order([{"id": 1}])))
    except ClientError as error:
        print(error.response["Error"]["Code"])
"""


class Endpoint:
    """SageMaker's runtime in one region, which answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.calls: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.calls.append(self.path)
                code = {400: "ValidationError", 503: "ServiceUnavailable"}.get(endpoint.status)
                body = json.dumps({"message": "no"} if code else {"order": [len(endpoint.calls)]}).encode()
                self.send_response(endpoint.status)
                if code:
                    self.send_header("x-amzn-ErrorType", code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def endpoints() -> Iterator[list[Endpoint]]:
    made = [Endpoint(), Endpoint()]
    threads = [threading.Thread(target=each.server.serve_forever, args=(0.01,)) for each in made]
    for each in threads:
        each.start()
    yield made
    for endpoint, thread in zip(made, threads, strict=True):
        endpoint.server.shutdown()
        endpoint.server.server_close()
        thread.join()


def asked(endpoints: list[Endpoint]) -> list[str]:
    """The answers of three calls: at 0, 1 and 100 seconds."""
    credentials = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"}
    ended = run(PROJECT, "-c", PROGRAM, *(each.address for each in endpoints), **credentials)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


def test_the_first_region_answers_while_it_can(endpoints: list[Endpoint]) -> None:
    assert asked(endpoints) == ["[1]", "[2]", "[3]"]
    assert endpoints[0].calls == ["/endpoints/ranker-0/invocations"] * 3
    assert endpoints[1].calls == []


def test_the_second_region_answers_meanwhile_and_the_first_is_asked_again_after_half_a_minute(
    endpoints: list[Endpoint],
) -> None:
    endpoints[0].status = 503
    assert asked(endpoints) == ["[1]", "[2]", "[3]"]
    assert len(endpoints[0].calls) == 2
    assert len(endpoints[1].calls) == 3


def test_an_invalid_request_is_not_repeated_elsewhere(endpoints: list[Endpoint]) -> None:
    endpoints[0].status = 400
    assert asked(endpoints) == ["ValidationError"] * 3
    assert endpoints[1].calls == []


def test_without_any_region_the_error_of_the_last_one_is_raised(endpoints: list[Endpoint]) -> None:
    for each in endpoints:
        each.status = 503
    assert asked(endpoints) == ["ServiceUnavailable"] * 3


def test_the_regions_share_no_name_and_no_address(stacks_of: Callable[[str], Path]) -> None:
    stacks = stacks_of("second_region")
    first, second = (Template.read(stacks / f"{each}-foundation") for each in ("prod", "prod-eu-west-1"))
    addresses = {each["cidr_block"] for stack in (first, second) for each in stack.find("aws_vpc").values()}
    assert addresses == {"10.30.0.0/16", "10.31.0.0/16"}
    roles = [{each["name"] for each in stack.find("aws_iam_role").values()} for stack in (first, second)]
    assert roles[0]
    assert not roles[0] & roles[1]


def test_the_client_calls_the_endpoints_that_are_deployed(stacks_of: Callable[[str], Path]) -> None:
    stacks = stacks_of("second_region")
    named = re.findall(r'"(store-[\w-]+)"', (PROJECT / "client" / "__main__.py").read_text())
    for name, environment in zip(named, ("prod", "prod-eu-west-1"), strict=True):
        Template.read(stacks / f"{environment}-serving").has_resource("aws_sagemaker_endpoint", {"name": name}, count=1)
