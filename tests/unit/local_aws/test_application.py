"""Closing of gaps before the first request of a service."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import moto

from mlinfra.local_aws.application import GAPS_WITH_EC2, SERVICES_WITHOUT_EC2
from mlinfra.local_aws.gaps import services

MOTO = Path(moto.__file__).parent
# moto's packages of services whose names differ from those of the API.
PACKAGES = {"lambda": "awslambda", "appautoscaling": "applicationautoscaling"}

# Import what a server imports for services that do not use EC2.
PROGRAM = """
import sys
from mlinfra.local_aws import application
from mlinfra.local_aws.gaps import close_gaps, services
close_gaps(set(services()) - application.GAPS_WITH_EC2)
for service in application.SERVICES_WITHOUT_EC2:
    application.create_app(service)
print([name for name in sys.argv[1:] if f"moto.{name}" in sys.modules])
application.close_gaps = lambda of: print(sorted(of))
for service in ("s3", "ssm", "ec2"):
    application.create_app(service)
"""


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


def test_gaps_with_ec2_are_closed_at_the_first_request_that_may_use_them() -> None:
    others = [package(each) for each in GAPS_WITH_EC2]
    ended = subprocess.run([sys.executable, "-c", PROGRAM, *others], capture_output=True, text=True, check=True)
    imported_before, *closed = ended.stdout.splitlines()
    assert imported_before == "[]"
    assert closed == [str(sorted(GAPS_WITH_EC2))]
