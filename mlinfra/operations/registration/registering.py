"""Registration of the model of a run."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.functions.contract import Approval
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.registration.metrics import METRICS_FILE, read_metrics
from mlinfra.operations.registration.outputs import RunOutputs
from mlinfra.operations.registration.versions import METRIC, description_of, find_version, group_of, read_version
from mlinfra.operations.runs import RunTable, describe_run, find_run_everywhere
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations import Environment
    from mlinfra.operations.registration.versions import ModelVersion
    from mlinfra.operations.runs import RunDescription
    from mlinfra.runner import RunSpecification

ARCHIVE: Final = "model.tar.gz"
FOLDER: Final = "model/"
"""The places of a model in the outputs of a run, in this order. SageMaker reads an archive or the files of a folder."""

# Source: SageMaker API reference, CreateModelPackage, CustomerMetadataProperties, and the service model in botocore,
# read 2026-11-30.
_MOST_PROPERTIES: Final = 50
_LONGEST_NAME: Final = 128
_LONGEST_VALUE: Final = 256
_INVALID: Final = re.compile(r"[^\w .:/=+\-@]")
_LONGEST_ORIGIN: Final = 1024


@dataclass(frozen=True)
class Registration:
    """The effect of `register_run`."""

    model: str
    version: ModelVersion
    is_new: bool
    """False: the run was registered before, and nothing was changed."""
    metrics: Mapping[str, float]
    left_out: tuple[str, ...] = ()
    """The names of metrics that the registry has no room for, which the file in the outputs contains."""


def register_run(environment: Environment, model: str, run: str, *, image: str | None = None) -> Registration:
    """Register the model of a run as a version that waits for approval. A run has one version of a model.

    Args:
        environment: the environment of the run and the model.
        model: the declared name of the model.
        run: the id of the run, a beginning of it, or `latest`.
        image: the container image that serves the model, such as `ranker:3.1` in a repository of the environment, or a
            URI. Default: the version has files and no image, so that no endpoint can be created from it alone.

    Raises:
        OperationError: if there is no such run or model, the run has not succeeded, or its outputs contain no model.
    """
    group = group_of(environment, model)
    table, found = find_run_everywhere([environment], run)
    if found.status != RunStatus.SUCCEEDED:
        message = (
            f"The run {found.run_id} is {found.status}, so its model is not registered. Expected: a run that succeeded."
        )
        raise OperationError(message)
    known = find_version(table.account, group, found.run_id)
    description = describe_run(table, found)
    if description.specification is None:
        message = f"The run {found.run_id} cannot be registered."
        raise OperationError(message, details="\n".join(description.problems))
    outputs = RunOutputs.of(table.account, description.specification)
    metrics = read_metrics(outputs)
    if known is not None:
        return Registration(model, known, is_new=False, metrics=metrics)
    data = _model(outputs)
    properties, left_out = _properties(description, description.specification, metrics)
    request: dict[str, Any] = {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": description_of(found.run_id, found.experiment),
        "ModelApprovalStatus": Approval.PENDING,
        # The same for every call, so that two jobs at the same time make one version.
        "ClientToken": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{group}/{found.run_id}")),
        "MetadataProperties": _origin(environment, description.specification),
        "CustomerMetadataProperties": properties,
    }
    if metrics:
        source = {"ContentType": "application/json", "S3Uri": outputs.uri(METRICS_FILE)}
        request["ModelMetrics"] = {"ModelQuality": {"Statistics": source}}
    if image is None:
        # Either an origin or an inference specification, not both: aws/sagemaker-python-sdk, pull request 4492.
        request["SourceUri"] = data
    else:
        request["InferenceSpecification"] = _inference(environment, image, data)
    return Registration(model, _create(table, request), is_new=True, metrics=metrics, left_out=left_out)


def _create(table: RunTable, request: Mapping[str, Any]) -> ModelVersion:
    with aws_errors_explained():
        arn = table.account.client("sagemaker").create_model_package(**request)["ModelPackageArn"]
    return read_version(table.account, arn)


def _model(outputs: RunOutputs) -> str:
    for name in (ARCHIVE, FOLDER):
        if outputs.contains(name):
            return outputs.uri(name)
    message = (
        f"The outputs of the run contain no model: {outputs.uri()}. Expected: the archive {ARCHIVE}, or files in the "
        f"folder {FOLDER}, written to the directory of outputs by rank 0."
    )
    raise OperationError(message)


def _inference(environment: Environment, image: str, data: str) -> dict[str, Any]:
    container: dict[str, Any] = {"Image": environment.names.image_uri(image)}
    if data.endswith("/"):
        source = {"S3Uri": data, "S3DataType": "S3Prefix", "CompressionType": "None"}
        container["ModelDataSource"] = {"S3DataSource": source}
    else:
        container["ModelDataUrl"] = data
    # A version in a group needs no instance types: SageMaker API reference, InferenceSpecification, read 2026-11-30.
    return {
        "Containers": [container],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


def _origin(environment: Environment, specification: RunSpecification) -> dict[str, str]:
    provenance = specification.provenance
    given = {
        "CommitId": provenance.commit,
        "Repository": provenance.repository,
        "GeneratedBy": f"mlinfra run {specification.run_id}",
        "ProjectId": environment.project,
    }
    return {name: value[:_LONGEST_ORIGIN] for name, value in given.items() if value}


def _properties(
    description: RunDescription, specification: RunSpecification, metrics: Mapping[str, float]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The properties of a version, and the metrics that exceed their number."""
    provenance, figures = specification.provenance, description.figures
    given = {
        "run": specification.run_id,
        "experiment": specification.experiment,
        "environment": specification.environment,
        "submitted-by": provenance.submitted_by,
        "branch": provenance.branch,
        "changes": "uncommitted" if provenance.patch_key else None,
        "lock-file-sha256": specification.virtualenv.sha256 if specification.virtualenv else None,
        "training-image": specification.image,
        "infrastructure-commit": provenance.infrastructure_commit,
        "infrastructure-sha256": provenance.infrastructure_plan,
        "instance-type": specification.instance_type,
        "nodes": str(specification.nodes),
        "usd": f"{figures.usd:.2f}" if not figures.unpriced else None,
        "gpu-hours": f"{figures.gpu_hours:.2f}" if figures.gpu_hours is not None else None,
        "tracking": provenance.tracking,
        "mlinfra": provenance.mlinfra,
    }
    properties = {name: _valid(value, _LONGEST_VALUE) for name, value in given.items() if value}
    room = _MOST_PROPERTIES - len(properties)
    names = sorted(metrics)
    for name in names[:room]:
        properties[_valid(f"{METRIC}{name}", _LONGEST_NAME)] = _valid(f"{metrics[name]:.6g}", _LONGEST_VALUE)
    return properties, tuple(names[room:])


def _valid(text: str, longest: int) -> str:
    """The text with hyphens in the place of characters that the registry refuses."""
    return _INVALID.sub("-", text)[:longest]
