"""Data that a destruction deletes, and what remains in AWS after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from mlinfra.functions.contract import Tag
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.destroy.planned import Doomed

_VOLUME_STATES: Final = ("available", "creating", "in-use")


@dataclass(frozen=True)
class Consequence:
    """Data that is deleted with a resource, or something that remains in AWS."""

    kind: Literal["deleted", "remains"]
    stack: str
    address: str
    """The address in Terraform. Empty: it is not in the state."""
    text: str


def consequences(doomed: Sequence[Doomed], environment: Environment, account: AwsAccount) -> tuple[Consequence, ...]:
    """The data that is deleted with resources, and what remains in AWS.

    Args:
        doomed: the resources to destroy.
        environment: their environment.
        account: its account.

    Raises:
        ClientError: if AWS does not list the volumes of stopped clusters.
    """
    return (*_of_resources(doomed), *_volumes(doomed, environment, account))


def _of_resources(doomed: Sequence[Doomed]) -> Iterator[Consequence]:
    for each in doomed:
        describe = _TYPES.get(each.type)
        if describe and (described := describe(each.values)):
            kind, text = described
            yield Consequence(kind, each.stack, each.address, text)


_Described = tuple[Literal["deleted", "remains"], str] | None


def _bucket(values: Mapping[str, Any]) -> _Described:
    # Without force_destroy the bucket must be empty: see `obstacles`.
    return ("deleted", f"all objects of the bucket {values['bucket']}") if values.get("force_destroy") else None


def _repository(values: Mapping[str, Any]) -> _Described:
    return ("deleted", f"all images of the repository {values['name']}") if values.get("force_delete") else None


def _key(values: Mapping[str, Any]) -> _Described:
    days = values.get("deletion_window_in_days") or 30  # KMS's default (API reference, ScheduleKeyDeletion)
    text = (
        f"the key {values['key_id']}, for {days} days. Afterwards everything encrypted with it is unreadable. To keep "
        f"it: aws kms cancel-key-deletion --key-id {values['key_id']}"
    )
    return "remains", text


def _domain(values: Mapping[str, Any]) -> _Described:
    policies = values.get("retention_policy") or [{}]
    file_system = values.get("home_efs_file_system_id")
    if policies[0].get("home_efs_file_system", "Retain") == "Retain":
        text = f"the file system {file_system} with the home directories, which is charged for until it is deleted"
        return "remains", text
    return "deleted", f"the file system {file_system} with all home directories"


def _log_group(values: Mapping[str, Any]) -> _Described:
    name = values["name"]
    return ("remains", f"the log group {name}") if values.get("skip_destroy") else ("deleted", f"the logs of {name}")


def _deleted(text: str, attribute: str) -> Callable[[Mapping[str, Any]], _Described]:
    return lambda values: ("deleted", text.format(values.get(attribute)))


_TYPES: Final[Mapping[str, Callable[[Mapping[str, Any]], _Described]]] = {
    "aws_cloudwatch_log_group": _log_group,
    "aws_dynamodb_table": _deleted("all items of the table {}", "name"),
    "aws_ecr_repository": _repository,
    "aws_fsx_lustre_file_system": _deleted("files of the file system {} that were not exported to S3", "id"),
    "aws_kms_key": _key,
    "aws_s3_bucket": _bucket,
    "aws_sagemaker_domain": _domain,
    "aws_sagemaker_feature_group": _deleted(
        "the online store of the feature group {}; its offline store stays in S3", "feature_group_name"
    ),
    "aws_sagemaker_mlflow_tracking_server": _deleted(
        "all runs of the tracking server {}; its artifacts stay in S3", "tracking_server_name"
    ),
    "aws_sagemaker_space": _deleted("the volume of the space {}", "space_name"),
}
"""Types of resources with data, or that AWS does not delete at once."""


def _volumes(doomed: Sequence[Doomed], environment: Environment, account: AwsAccount) -> Iterator[Consequence]:
    """The kept volumes of stopped clusters, if the function that deletes them is destroyed."""
    janitor = next((each for each in doomed if each.values.get("function_name") == environment.names.janitor), None)
    if janitor is None:
        return
    pages = (
        account.client("ec2")
        .get_paginator("describe_volumes")
        .paginate(
            Filters=[
                {"Name": f"tag:{Tag.PROJECT}", "Values": [environment.project]},
                {"Name": f"tag:{Tag.ENVIRONMENT}", "Values": [environment.name]},
                {"Name": "tag-key", "Values": [Tag.DELETE_AFTER]},
                {"Name": "status", "Values": [*_VOLUME_STATES]},
            ],
            PaginationConfig={"PageSize": 500},
        )
    )
    volumes = [volume for page in pages for volume in page["Volumes"]]
    if volumes:
        gib = sum(each["Size"] for each in volumes)
        ids = " ".join(sorted(each["VolumeId"] for each in volumes))
        yield Consequence(
            "remains",
            janitor.stack,
            "",
            f"{counted(len(volumes), 'volume')} of stopped clusters ({gib} GiB), which no "
            f"function deletes any more: {ids}",
        )
