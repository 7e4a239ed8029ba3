"""Preflights of environments in a local AWS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import boto3
import pytest

from mlinfra import Queue, Spot
from mlinfra.functions.contract import Tag
from mlinfra.operations.preflight import Verdict, as_json, demands, preflight, quick_preflights
from mlinfra.operations.preflight.answers import PATIENT
from tests.conftest import an_environment, an_experiment

Client = Callable[..., Any]
TODAY = date(2026, 11, 29)
ACCOUNT = {"account_id": "123456789012", "today": TODAY, "max_nodes": 100, "monthly_spend_limit_usd": 9_000_000}


@pytest.fixture
def session(local_aws: object) -> boto3.session.Session:  # noqa: ARG001  it sets the endpoint
    return boto3.session.Session(region_name="us-east-1")


def run(client: Client, instance_type: str, count: int = 1, **tags: str) -> None:
    ec2 = client("ec2")
    image = ec2.describe_images(Filters=[{"Name": "name", "Values": ["Deep Learning Base OSS*"]}])["Images"][0][
        "ImageId"
    ]
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    ec2.run_instances(
        ImageId=image,
        InstanceType=instance_type,
        MinCount=count,
        MaxCount=count,
        **({"TagSpecifications": [{"ResourceType": "instance", "Tags": listed}]} if tags else {}),
    )


def test_an_account_with_a_sufficient_quota_has_no_obstacle(session: boto3.session.Session) -> None:
    environment = an_environment(experiments=[an_experiment(instance_type="g5.xlarge", nodes=2)], **ACCOUNT)
    result = preflight(environment, session)
    (line,) = result.lines
    assert (line.verdict, result.failed, result.unavailable) == (Verdict.NO_OBSTACLE, (), ())
    (quota,) = line.quotas
    assert (quota.name, quota.limit, quota.used, quota.asked) == ("Running On-Demand G and VT instances", 4096, 0, 8)
    assert line.zones


def test_running_instances_and_other_experiments_use_the_quota(client: Client, session: boto3.session.Session) -> None:
    run(client, "p4d.24xlarge", 2)
    run(client, "p4d.24xlarge", **{Tag.PROJECT: "recsys", Tag.ENVIRONMENT: "dev", Tag.EXPERIMENT: "two-tower-v2"})
    experiments = [
        an_experiment(instance_type="p4d.24xlarge", nodes=2),
        an_experiment(name="ranker", instance_type="p5.48xlarge", nodes=21),
    ]
    result = preflight(an_environment(experiments=experiments, **ACCOUNT), session)
    first, second = (line.quotas[0] for line in result.lines)
    assert (first.used, first.asked, first.asked_by_all) == (3 * 96, 96, 96 + 21 * 192)
    assert [line.verdict for line in result.lines] == [Verdict.NO_OBSTACLE, Verdict.UNAVAILABLE]
    assert second.asked == 21 * 192
    assert "--desired-value 4416" in result.lines[1].actions[0]


def test_an_open_request_for_a_quota_is_found(client: Client, session: boto3.session.Session) -> None:
    request = {"ServiceCode": "ec2", "QuotaCode": "L-417A185B", "DesiredValue": 9000}
    client("service-quotas").request_service_quota_increase(**request)
    environment = an_environment(experiments=[an_experiment(instance_type="p5.48xlarge", nodes=22)], **ACCOUNT)
    (line,) = preflight(environment, session).lines
    assert line.actions[0] == "Wait for AWS: a quota of 9000 vCPUs is already requested, and 4224 are sufficient."


def test_a_capacity_block_is_quoted_and_not_purchased(client: Client, session: boto3.session.Session) -> None:
    experiment = an_experiment(instance_type="p5.48xlarge", nodes=2, expires=date(2026, 12, 5))
    (line,) = preflight(an_environment(experiments=[experiment], **ACCOUNT), session).lines
    (first, *_) = line.quotes
    assert (first.instances, first.usd) == (2, pytest.approx(41.528 * 2 * 7 * 24, abs=0.01))
    assert first.usd_per_instance_hour == pytest.approx(41.528, abs=1e-4)
    assert line.actions[-1].startswith("Quote, nothing is purchased: a Capacity Block of 2 x p5.48xlarge in us-east-1")
    assert client("ec2").describe_capacity_reservations()["CapacityReservations"] == []


def test_spot_prices_are_those_of_now(session: boto3.session.Session) -> None:
    experiment = an_experiment(instance_type="g5.xlarge", purchase=Spot(instance_types=("g6.xlarge",)))
    (line,) = preflight(an_environment(experiments=[experiment], **ACCOUNT), session).lines
    assert [each.instance_type for each in line.spot] == ["g5.xlarge", "g6.xlarge"]
    assert all(each.prices and each.source == "aws" for each in line.spot)


def test_a_single_experiment_is_compared_with_the_demands_of_all(session: boto3.session.Session) -> None:
    experiments = [an_experiment(instance_type="g5.xlarge"), an_experiment(name="ranker", instance_type="g5.xlarge")]
    environment = an_environment(experiments=experiments, **ACCOUNT)
    (line,) = preflight(environment, session, experiment="ranker").lines
    assert (line.quotas[0].asked, line.quotas[0].asked_by_all) == (4, 8)


def test_queues_are_checked(session: boto3.session.Session) -> None:
    queue = Queue(name="nightly", owner="ana@example.com", max_nodes=4, teams={"vision": 1}, gpu="A10G")
    lines = preflight(an_environment(queues=[queue], **ACCOUNT), session).lines
    assert [(line.demand.purchase, line.verdict) for line in lines] == [
        ("spot", Verdict.NO_OBSTACLE),
        ("on_demand", Verdict.NO_OBSTACLE),
    ]


def test_without_a_session_the_catalog_is_used() -> None:
    environment = an_environment(experiments=[an_experiment(instance_type="p5.48xlarge")], **ACCOUNT)
    result = preflight(environment, None)
    assert (result.asked_aws, result.lines[0].verdict, result.lines[0].quotas[0].limit) == (
        False,
        Verdict.UNKNOWN,
        None,
    )


def test_the_json_has_verdicts_and_free_vcpus(session: boto3.session.Session) -> None:
    environment = an_environment(experiments=[an_experiment(instance_type="g5.xlarge")], **ACCOUNT)
    facts = as_json(preflight(environment, session))
    assert facts["lines"][0]["verdict"] == "no obstacle"
    assert facts["lines"][0]["quotas"][0]["free"] == 4096
    assert facts["lines"][0]["demand"]["name"] == "two-tower-v2"


class TestQuick:
    def test_environments_without_capacity_are_left_out(
        self, session: boto3.session.Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mlinfra.operations.preflight.checking.QUICK_SECONDS", 120)
        monkeypatch.setattr("mlinfra.operations.preflight.checking.QUICK", PATIENT)
        used = an_environment(experiments=[an_experiment(instance_type="p5.48xlarge")], **ACCOUNT)
        (result,) = quick_preflights(
            [(each, demands(each)) for each in (used, an_environment(name="prod", **ACCOUNT))], session
        )
        assert (result.environment, result.failed, result.lines[0].quotes) == ("dev", (), ())

    @pytest.fixture
    def silent(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """An endpoint that accepts connections and never answers."""
        with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
            monkeypatch.setattr("mlinfra.operations.preflight.checking.QUICK_SECONDS", 0.5)
            yield

    @pytest.mark.usefixtures("silent")
    def test_missing_answers_are_reported_in_time(self) -> None:
        environment = an_environment(experiments=[an_experiment(instance_type="p5.48xlarge")], **ACCOUNT)
        (result,) = quick_preflights(
            [(environment, demands(environment))], boto3.session.Session(region_name="us-east-1")
        )
        assert result.lines[0].verdict is Verdict.UNKNOWN
        assert "running instances: no answer within 0.5 seconds" in result.failed
