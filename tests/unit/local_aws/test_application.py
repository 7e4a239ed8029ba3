"""Services of requests, and closing of gaps before the first request of a service."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import moto
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from mlinfra.local_aws.application import GAPS_WITH_EC2, SERVICES_WITHOUT_EC2, Dispatcher, create_app
from mlinfra.local_aws.gaps import services

MOTO = Path(moto.__file__).parent
# moto's packages of services whose names differ from those of the API.
PACKAGES = {"lambda": "awslambda", "appautoscaling": "applicationautoscaling"}

# Close gaps as a server does, which collects garbage rarely, too.
PROGRAM = """
import gc, json, sys
gc.disable()
from mlinfra.local_aws import application
from mlinfra.local_aws.gaps import close_gaps, gaps, services
closed = close_gaps(set(services()) - application.GAPS_WITH_EC2)
for service in application.SERVICES_WITHOUT_EC2:
    application.create_app(service)
imported = [name for name in sys.argv[1:] if f"moto.{name}" in sys.modules]
later = []
application.close_gaps = later.append
for service in ("s3", "ssm", "ec2"):
    application.create_app(service)
for each in later:
    closed += close_gaps(each)
left = {each.__name__ for each in gaps()} - {each.__name__ for each in closed}
print(json.dumps([imported, [sorted(each) for each in later], sorted(left)]))
"""


class Closing(NamedTuple):
    """Imports and closed gaps of a server."""

    imported: list[str]
    """Services with EC2 that are imported although no request used one."""
    later: list[list[str]]
    """Services whose gaps were closed at the first request that may use EC2, for each time."""
    left: list[str]
    """Gaps that are open in the end."""


@pytest.fixture(scope="module")
def server() -> Closing:
    others = [package(each) for each in GAPS_WITH_EC2]
    ended = subprocess.run([sys.executable, "-c", PROGRAM, *others], capture_output=True, text=True, check=True)
    return Closing(*json.loads(ended.stdout))


def package(service: str) -> str:
    return PACKAGES.get(service, service)


def test_every_service_with_ec2_has_gaps() -> None:
    assert set(services()) >= GAPS_WITH_EC2


def test_services_without_ec2_do_not_refer_to_services_with_ec2() -> None:
    others = "|".join(package(each) for each in GAPS_WITH_EC2)
    use = re.compile(rf"moto\.({others})\b|get_backend\(.({others})\b")
    sources = [path for service in SERVICES_WITHOUT_EC2 for path in (MOTO / package(service)).rglob("*.py")]
    assert len(sources) > len(SERVICES_WITHOUT_EC2)
    assert [path for path in sources if use.search(path.read_text())] == []


def test_gaps_with_ec2_are_closed_at_the_first_request_that_may_use_them(server: Closing) -> None:
    assert server.imported == []
    assert server.later == [sorted(GAPS_WITH_EC2)]


def test_the_server_closes_every_gap(server: Closing) -> None:
    assert server.left == []


def test_hosts_have_the_services_of_moto_also_when_asked_again() -> None:
    dispatcher = Dispatcher()
    original = DomainDispatcherApplication(create_app)
    hosts = ["moto_api", "dynamodb", "s3.us-east-1.amazonaws.com", "api.sagemaker.eu-west-1.amazonaws.com", None]
    found = [dispatcher.get_backend_for_host(host) for host in (*hosts, *hosts)]
    assert found == [original.get_backend_for_host(host) for host in hosts] * 2
    assert found[: len(hosts)] == ["moto_api", "dynamodb", "s3", "sagemaker", None]


def test_an_unknown_host_has_no_service(capsys: pytest.CaptureFixture[str]) -> None:
    dispatcher = Dispatcher()
    assert [dispatcher.get_backend_for_host("unknown.example.com") for _ in range(2)] == [None, None]
    assert capsys.readouterr().out == ""
