"""Gap: SageMaker data quality job definitions.

moto returns empty structures for settings that were not given, which a plan takes for a change, accepts a
second definition of the same name, and ignores pages. In AWS, a definition has only the settings given, and
its name is unique. Source: SageMaker API reference, CreateDataQualityJobDefinition,
DescribeDataQualityJobDefinition, ListDataQualityJobDefinitions, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sagemaker.models import FakeDataQualityJobDefinition
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.gaps.sagemaker.model import without_empty
from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.mechanisms.sagemaker_listing import listed
from mlinfra.local_aws.mechanisms.sagemaker_resources import answer_operation, refusal

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if moto returns an empty network configuration."""
    return "NetworkConfig" in FakeDataQualityJobDefinition("123456789012", "us-east-1", "definition").response_object


def close() -> None:
    """Close the gap: keep definitions as requested, and list them in pages."""
    of_moto: Any = FakeDataQualityJobDefinition.response_object.fget  # type: ignore[attr-defined]
    FakeDataQualityJobDefinition.response_object = property(  # type: ignore[method-assign, assignment]
        lambda definition: without_empty(of_moto(definition))
    )
    wrap(SageMakerResponse, "create_data_quality_job_definition", _create)
    answer_operation("ListDataQualityJobDefinitions", _list)


def _create(of_moto: Callable[[SageMakerResponse], ActionResult], response: SageMakerResponse) -> ActionResult:
    name = response.params["JobDefinitionName"]
    if name in response.sagemaker_backend.data_quality_job_definitions:
        message = f"Resource Already Exists: Job definition {name} already exists. Choose a different name."
        raise refusal(response, "ResourceInUse", message)
    return of_moto(response)


def _list(response: SageMakerResponse) -> ActionResult:
    summaries = [
        {**each.summary_object, "EndpointName": _endpoint(each)}
        for each in response.sagemaker_backend.data_quality_job_definitions.values()
    ]
    page, token = listed(summaries, response.params, name="MonitoringJobDefinitionName", order="Descending")
    return ActionResult({"JobDefinitionSummaries": page, "NextToken": token})


def _endpoint(definition: FakeDataQualityJobDefinition) -> str | None:
    endpoint: str | None = (definition.data_quality_job_input.get("EndpointInput") or {}).get("EndpointName")
    return endpoint
