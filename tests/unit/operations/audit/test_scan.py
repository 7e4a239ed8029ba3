"""Reading of all regions: failures are named, and nothing that was read is lost."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError

from mlinfra.operations.audit.auditing import account_in_use
from mlinfra.operations.audit.item import FailedRead
from mlinfra.operations.audit.readers import READERS
from mlinfra.operations.audit.readers.ec2 import READERS as EC2_READERS
from mlinfra.operations.audit.scan import RegionalClients, Scan, merged, regions_of, scan
from tests.unit.operations.audit.story import run_instances

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlinfra.local_aws.server import LocalAws

INSTANCES = EC2_READERS[:1]


class Step:
    def say(self, line: str) -> None:
        pass

    def conclude(self, result: str) -> None:
        pass


@pytest.fixture
def regional(local_aws: LocalAws) -> RegionalClients:  # noqa: ARG001
    account, _ = account_in_use(())
    return RegionalClients(account)


class Faults:
    """Responses of AWS that replace those of the local AWS."""

    def __init__(self, client: Any) -> None:
        self.bodies: list[tuple[int, str] | None] = []
        self.requests = 0
        client.meta.events.register("before-send.ec2.DescribeInstances", self._respond)

    def _respond(self, request: Any, **_: Any) -> AWSResponse | None:
        self.requests += 1
        fault = self.bodies.pop(0) if self.bodies else None
        if fault is None:
            return None
        status, body = fault
        raw = io.BytesIO(body.encode())
        raw.stream = lambda *_, **__: iter((body.encode(),))  # type: ignore[attr-defined]
        return AWSResponse(request.url, status, {"Content-Type": "text/xml"}, raw)


def error(code: str, message: str) -> str:
    return f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"


def read(clients: RegionalClients, regions: Sequence[str]) -> Scan:
    return scan(clients, regions, Step(), home="us-east-1", readers=INSTANCES)


def test_throttled_requests_are_repeated(regional: RegionalClients, client: Callable[..., Any]) -> None:
    run_instances(client, "box", "t3.micro", 1, "us-east-1")
    faults = Faults(regional.get("ec2", "us-east-1"))
    faults.bodies = [(503, error("RequestLimitExceeded", "Request limit exceeded."))] * 2
    found = read(regional, ["us-east-1"])
    assert [each.name for each in found.found] == ["box"]
    assert found.failed == []
    assert faults.requests == 3


def test_a_denied_region_is_named_and_the_others_are_read(
    regional: RegionalClients, client: Callable[..., Any]
) -> None:
    run_instances(client, "box", "t3.micro", 1, "us-east-1")
    faults = Faults(regional.get("ec2", "eu-west-1"))
    faults.bodies = [(403, error("UnauthorizedOperation", "with an explicit deny in a service control policy"))]
    found = read(regional, ["us-east-1", "eu-west-1"])
    assert [each.name for each in found.found] == ["box"]
    assert found.failed == [
        FailedRead(
            "eu-west-1",
            "ec2",
            "DescribeInstances failed: UnauthorizedOperation: with an explicit deny in a service control policy",
            ("instance",),
            "UnauthorizedOperation",
        )
    ]


def test_a_failed_second_page_keeps_the_first(regional: RegionalClients) -> None:
    reservation = (
        "<item><reservationId>r-1</reservationId><instancesSet><item><instanceId>i-0abc</instanceId>"
        "<instanceType>t3.micro</instanceType><instanceState><name>running</name></instanceState></item></instancesSet>"
        "</item>"
    )
    page = f"<R><reservationSet>{reservation}</reservationSet><nextToken>more</nextToken></R>"
    faults = Faults(regional.get("ec2", "us-east-1"))
    faults.bodies = [(200, page), (400, error("InvalidParameterValue", "The token has expired."))]
    found = read(regional, ["us-east-1"])
    assert [each.id for each in found.found] == ["i-0abc"]
    assert [each.code for each in found.failed] == ["InvalidParameterValue"]


def test_half_a_page_is_a_failure_and_not_the_end_of_the_list(regional: RegionalClients) -> None:
    faults = Faults(regional.get("ec2", "us-east-1"))
    faults.bodies = [(200, "<DescribeInstancesResponse><reservationSet><item><reservationId>r-1")] * 10
    (failed,) = read(regional, ["us-east-1"]).failed
    assert failed.reason.startswith("ResponseParserError: Unable to parse response")
    assert failed.kinds == ("instance",)


def test_a_response_without_an_expected_field_is_a_failure(regional: RegionalClients) -> None:
    body = "<R><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></item>"
    faults = Faults(regional.get("ec2", "us-east-1"))
    faults.bodies = [(200, f"{body}</reservationSet></R>")]
    (failed,) = read(regional, ["us-east-1"]).failed
    assert failed.reason == "The response could not be parsed (KeyError: 'State')"


def test_a_region_in_which_all_services_fail_is_one_entry() -> None:
    services = {each.service: each.kinds for each in READERS if not each.is_global}
    failed = [FailedRead("eu-west-1", each, "denied", kinds, "AccessDenied") for each, kinds in services.items()]
    failed += [FailedRead("us-east-1", "ec2", "denied", (kind,), "AccessDenied") for kind in ("instance", "volume")]
    assert [(each.region, each.service, each.kinds) for each in merged(failed)] == [
        ("eu-west-1", "all services", ()),
        ("us-east-1", "ec2", ("instance", "volume")),
    ]
    assert merged(failed)[1].reason == "denied (and 1 more)"


def test_a_service_without_an_endpoint_in_a_region_is_not_a_failure(regional: RegionalClients) -> None:
    readers = [each for each in READERS if each.service in {"ec2", "batch"}]

    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://batch")

    regional.get("batch", "us-east-1").meta.events.register("before-call.batch", unreachable)
    found = scan(regional, ["us-east-1"], Step(), home="us-east-1", readers=readers)
    assert found.failed == []
    (missing,) = found.not_offered
    assert (missing.region, missing.service, missing.kinds) == ("us-east-1", "batch", ("compute-environment",))


def test_a_region_without_any_endpoint_is_a_failure(regional: RegionalClients) -> None:
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://ec2")

    regional.get("ec2", "us-east-1").meta.events.register("before-call.ec2", unreachable)
    found = read(regional, ["us-east-1"])
    assert found.not_offered == []
    assert [each.code for each in found.failed] == ["EndpointConnectionError"]


def test_disabled_regions_are_known(regional: RegionalClients) -> None:
    regions = regions_of(regional, "us-east-1")
    assert "us-east-1" in regions.enabled
    assert "me-south-1" in regions.disabled
    assert not {*regions.enabled} & {*regions.disabled}
