"""SageMaker monitoring schedules and the job definitions that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "arn:aws:iam::123456789012:role/monitoring"
HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}


@pytest.fixture
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


def define(sagemaker: Any, name: str) -> None:
    endpoint = {"EndpointName": "llm", "LocalPath": "/opt/ml/processing/input"}
    report = {"S3Uri": "s3://bucket/reports", "LocalPath": "/opt/ml/processing/output"}
    sagemaker.create_data_quality_job_definition(
        JobDefinitionName=name,
        DataQualityAppSpecification={"ImageUri": "image"},
        DataQualityJobInput={"EndpointInput": endpoint},
        DataQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": report}]},
        JobResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
        RoleArn=ROLE,
    )


def schedule(sagemaker: Any, name: str, **config: Any) -> None:
    config = {"ScheduleConfig": HOURLY, "MonitoringType": "DataQuality", **config}
    sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)


def refusal(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return str(caught.value.response["Error"]["Code"])


def test_a_job_definition_is_described_without_what_it_has_not(sagemaker: Any) -> None:
    define(sagemaker, "plain")
    described = sagemaker.describe_data_quality_job_definition(JobDefinitionName="plain")
    assert not {"DataQualityBaselineConfig", "NetworkConfig", "StoppingCondition"} & described.keys()
    assert refusal(define, sagemaker, "plain") == "ResourceInUse"


def test_job_definitions_are_listed_by_endpoint_and_page(sagemaker: Any) -> None:
    for number in range(2):
        define(sagemaker, f"listed-{number}")
    first = sagemaker.list_data_quality_job_definitions(EndpointName="llm", NameContains="listed", MaxResults=1)
    assert [each["EndpointName"] for each in first["JobDefinitionSummaries"]] == ["llm"]
    assert first["NextToken"]
    assert sagemaker.list_data_quality_job_definitions(EndpointName="other")["JobDefinitionSummaries"] == []


def test_a_schedule_is_pending_before_it_is_scheduled(sagemaker: Any) -> None:
    define(sagemaker, "hourly")
    schedule(sagemaker, "hourly", MonitoringJobDefinitionName="hourly")
    named = {"MonitoringScheduleName": "hourly"}
    described = [sagemaker.describe_monitoring_schedule(**named) for _ in range(2)]
    assert [each["MonitoringScheduleStatus"] for each in described] == ["Pending", "Scheduled"]
    assert described[0]["MonitoringType"] == "DataQuality"
    sagemaker.stop_monitoring_schedule(**named)
    sagemaker.describe_monitoring_schedule(**named)
    assert sagemaker.describe_monitoring_schedule(**named)["MonitoringScheduleStatus"] == "Stopped"
    (listed,) = sagemaker.list_monitoring_schedules(
        MonitoringJobDefinitionName="hourly", StatusEquals="Stopped", MonitoringTypeEquals="DataQuality"
    )["MonitoringScheduleSummaries"]
    assert listed["MonitoringScheduleName"] == "hourly"
    sagemaker.start_monitoring_schedule(**named)
    sagemaker.delete_monitoring_schedule(**named)
    assert refusal(sagemaker.describe_monitoring_schedule, **named) == "ResourceNotFound"


def test_a_schedule_is_changed(sagemaker: Any) -> None:
    define(sagemaker, "changed")
    schedule(sagemaker, "changed", MonitoringJobDefinitionName="changed")
    daily = {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 0 ? * * *)"},
        "MonitoringJobDefinitionName": "changed",
        "MonitoringType": "DataQuality",
    }
    sagemaker.update_monitoring_schedule(MonitoringScheduleName="changed", MonitoringScheduleConfig=daily)
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="changed")
    assert described["MonitoringScheduleConfig"] == daily


def test_a_schedule_of_no_job_definition_is_refused(sagemaker: Any) -> None:
    assert refusal(schedule, sagemaker, "nothing") == "ValidationException"
    assert refusal(schedule, sagemaker, "nowhere", MonitoringJobDefinitionName="nowhere") == "ValidationException"
