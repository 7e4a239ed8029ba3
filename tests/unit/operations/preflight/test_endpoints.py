"""Instances of SageMaker endpoints against their quotas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from mlinfra import Asynchronous, Endpoint, RealTime, Serverless, Variant
from mlinfra.operations.preflight import EndpointLine, Preflight, Verdict, as_json, preflight
from tests.conftest import an_environment

Client = Callable[..., Any]
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/recsys-ranker:3.1"
CODE = "L-1928E07B"


def an_endpoint(name: str = "ranker", hosting: Any = None, variants: int = 1) -> Endpoint:
    return Endpoint(
        name=name,
        owner="ana@example.com",
        hosting=hosting or RealTime(instance_type="ml.g5.xlarge", instances=2),
        variants=[Variant(name=f"v{number}", image=IMAGE) for number in range(variants)],
    )


@pytest.fixture
def checked(client: Client, local_aws: object) -> Callable[..., Preflight]:  # noqa: ARG001  it sets the endpoint
    def check(*endpoints: Endpoint) -> Preflight:
        environment = an_environment(account_id="123456789012", monthly_spend_limit_usd=9_000_000, endpoints=endpoints)
        return preflight(environment, boto3.session.Session(region_name="us-east-1"))

    return check


def run(client: Client, name: str, count: int, instance_type: str = "ml.g5.xlarge") -> None:
    sagemaker = client("sagemaker")
    role = "arn:aws:iam::123456789012:role/serving"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE})
    variant = {
        "VariantName": "all",
        "ModelName": name,
        "InitialInstanceCount": count,
        "InstanceType": instance_type,
        "InitialVariantWeight": 1.0,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.describe_endpoint(EndpointName=name)


def only(result: Preflight) -> EndpointLine:
    (line,) = result.endpoints
    return line


def test_an_endpoint_within_its_quota_has_no_obstacle(checked: Callable[..., Preflight]) -> None:
    result = checked(an_endpoint())
    line = only(result)
    assert (line.verdict, line.instances, line.quota_code, line.limit, line.used, line.free) == (
        Verdict.NO_OBSTACLE,
        2,
        CODE,
        20,
        0,
        20,
    )
    assert line.usd_per_hour == pytest.approx(2 * 1.408)
    assert (result.failed, line.obstacles, line.notes, line.actions) == ((), (), (), ())
    assert as_json(result)["endpoints"][0]["verdict"] == "no obstacle"


def test_instances_of_other_endpoints_use_the_quota(client: Client, checked: Callable[..., Preflight]) -> None:
    run(client, "experiment-of-last-week", 19)
    run(client, "other-type", 3, "ml.g5.2xlarge")
    result = checked(an_endpoint())
    line = only(result)
    assert (line.verdict, line.used) == (Verdict.UNAVAILABLE, 19)
    assert line.obstacles == (
        (
            "The quota 'ml.g5.xlarge for endpoint usage' is 20 in us-east-1, and 19 are used by endpoints that dev "
            "does not declare. The endpoint needs up to 2."
        ),
    )
    assert line.actions == (
        (
            "Request a quota of 21 instances: aws service-quotas request-service-quota-increase --region us-east-1 "
            "--service-code sagemaker --quota-code L-1928E07B --desired-value 21"
        ),
    )
    assert result.unavailable == (line,)


def test_the_instances_of_the_endpoint_itself_are_not_counted_twice(
    client: Client, checked: Callable[..., Preflight]
) -> None:
    run(client, "recsys-dev-ranker", 2)
    assert only(checked(an_endpoint())).used == 0


def test_an_update_needs_a_second_fleet(checked: Callable[..., Preflight]) -> None:
    line = only(checked(an_endpoint(hosting=RealTime(instance_type="ml.g5.xlarge", instances=7), variants=2)))
    assert line.verdict is Verdict.NO_OBSTACLE
    assert line.notes[0].endswith(
        "An update of the endpoint launches a second fleet beside the first, and needs 28 at full load."
    )
    assert "--desired-value 28" in line.actions[0]


def test_all_endpoints_of_a_type_share_the_quota(checked: Callable[..., Preflight]) -> None:
    hosting = Asynchronous(instance_type="ml.g5.xlarge", max_instances=12)
    first, second = checked(an_endpoint(hosting=hosting), an_endpoint("embedder", hosting)).endpoints
    assert (first.instances, first.asked_by_all, first.verdict) == (12, 24, Verdict.NO_OBSTACLE)
    assert second.notes[0].endswith("All endpoints of dev together need up to 24.")


def test_a_type_whose_quota_aws_does_not_list_is_unknown(checked: Callable[..., Preflight]) -> None:
    line = only(checked(an_endpoint(hosting=RealTime(instance_type="ml.m7i.large"))))
    assert (line.verdict, line.limit, line.free) == (Verdict.UNKNOWN, None, None)


def test_serverless_endpoints_have_no_instances(checked: Callable[..., Preflight]) -> None:
    assert checked(an_endpoint(hosting=Serverless(memory_mib=2048, max_concurrency=2))).endpoints == ()


def test_without_aws_the_quota_is_unknown() -> None:
    environment = an_environment(endpoints=[an_endpoint()])
    assert only(preflight(environment, None)).verdict is Verdict.UNKNOWN
