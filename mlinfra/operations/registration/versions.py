"""Versions of a registered model: reading, and the run that each comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.functions.contract import Approval
from mlinfra.operations.aws import account_of, aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

METRIC: Final = "metric:"
"""The beginning of the names of metrics in the properties of a version."""
_RUN = re.compile(r"Run (20\d{6}-\d{6}-[0-9a-f]{4}) of ")


@dataclass(frozen=True)
class ModelVersion:
    """A version of a registered model."""

    version: int
    arn: str
    approval: str
    """`PendingManualApproval`, `Approved` or `Rejected`."""
    created_at: datetime
    run_id: str | None = None
    """None: another program registered it."""
    commit: str | None = None
    repository: str | None = None
    image: str | None = None
    model_data: str | None = None
    """The S3 URI of its files."""
    properties: Mapping[str, str] | None = None
    """All properties in the registry, such as `infrastructure-commit`."""

    @property
    def metrics(self) -> Mapping[str, str]:
        """Its metrics by name."""
        return {
            name.removeprefix(METRIC): value
            for name, value in (self.properties or {}).items()
            if name.startswith(METRIC)
        }


def description_of(run_id: str, experiment: str) -> str:
    """The description of a version, by which `find_version` finds it without reading each version."""
    return f"Run {run_id} of {experiment}"


def group_of(environment: Environment, model: str) -> str:
    """The model package group of a model.

    Raises:
        OperationError: if the environment does not declare the model.
    """
    declared = [each.name for each in environment.models]
    if model not in declared:
        expected = f"Declared: {', '.join(declared)}." if declared else "It declares none."
        message = (
            f"The environment {environment.name!r} has no model {model!r}. {expected} To declare it: models="
            f'[RegisteredModel(name="{model}", ...)] in environments/{environment.name}.py, and deploy '
            f"{environment.names.stack_id('data')}."
        )
        raise OperationError(message)
    return f"{environment.names.prefix}-{model}"


def list_versions(environment: Environment, model: str, *, limit: int = 20) -> tuple[ModelVersion, ...]:
    """The versions of a model, the newest first.

    Args:
        environment: the environment.
        model: the declared name of the model.
        limit: the maximum number of versions. Default: 20.

    Raises:
        OperationError: if there is no such model, or the account cannot be accessed.
    """
    group = group_of(environment, model)
    account = account_of(environment)
    found: list[ModelVersion] = []
    for summary in summaries(account, group):
        if len(found) == limit:
            break
        found.append(read_version(account, summary["ModelPackageArn"]))
    return tuple(found)


def find_version(account: AwsAccount, group: str, run_id: str) -> ModelVersion | None:
    """The version of a run. None: it is not registered.

    Raises:
        OperationError: if the account cannot be accessed, or has no such group.
    """
    for summary in summaries(account, group):
        registered = _RUN.match(summary.get("ModelPackageDescription", ""))
        if registered and registered[1] == run_id:
            return read_version(account, summary["ModelPackageArn"])
    return None


def summaries(account: AwsAccount, group: str) -> Iterator[Mapping[str, Any]]:
    """The summaries of all versions of a group, the newest first. AWS answers with pages of up to 100."""
    pages = account.client("sagemaker").get_paginator("list_model_packages")
    with aws_errors_explained():
        for page in pages.paginate(ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"):
            yield from page["ModelPackageSummaryList"]


def read_version(account: AwsAccount, arn: str) -> ModelVersion:
    """A version with its properties.

    Raises:
        OperationError: if the account cannot be accessed.
    """
    with aws_errors_explained():
        found = account.client("sagemaker").describe_model_package(ModelPackageName=arn)
    (container, *_) = found.get("InferenceSpecification", {}).get("Containers") or [{}]
    properties = found.get("CustomerMetadataProperties") or {}
    origin = found.get("MetadataProperties") or {}
    registered = _RUN.match(found.get("ModelPackageDescription", ""))
    return ModelVersion(
        version=found["ModelPackageVersion"],
        arn=found["ModelPackageArn"],
        approval=found.get("ModelApprovalStatus", Approval.PENDING),
        created_at=found["CreationTime"],
        run_id=registered[1] if registered else None,
        commit=origin.get("CommitId"),
        repository=origin.get("Repository"),
        image=container.get("Image"),
        model_data=_model_data(container) or found.get("SourceUri"),
        properties=properties,
    )


def _model_data(container: Mapping[str, Any]) -> str | None:
    url: str | None = container.get("ModelDataUrl")
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return url or source.get("S3Uri")
