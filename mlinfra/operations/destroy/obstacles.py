"""Obstacles to a destruction: running work, and data that AWS does not delete with its resource."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.command import own_command
from mlinfra.functions import clock
from mlinfra.functions.activity import Verdict
from mlinfra.functions.clients import Clients, error_code
from mlinfra.functions.endpoint_usage import Usage, usage_of
from mlinfra.functions.endpoints import describe
from mlinfra.operations.clusters import list_clusters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.destroy.planned import Doomed

_USE: Final = timedelta(hours=1)
"""An endpoint that received requests in this time is in use."""
_ACTIVE_JOBS: Final = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
"""The states of Batch jobs that have not ended (Batch API reference, ListJobs, read 2026-11-29)."""
_ACTIVE_APPS: Final = frozenset({"InService", "Pending"})
_ABSENT: Final = frozenset(
    {"NoSuchBucket", "RepositoryNotFoundException", "ResourceNotFound", "ResourceNotFoundException", "404"}
)
"""Codes of resources that are already deleted. SageMaker and Athena answer a ValidationException or
InvalidRequestException with a text: see `_is_absent`."""


@dataclass(frozen=True)
class Obstacle:
    """A reason why nothing is destroyed."""

    stack: str
    address: str
    text: str
    remedy: str


def obstacles(
    doomed: Sequence[Doomed], environment: Environment, account: AwsAccount, *, in_use: bool = False
) -> tuple[Obstacle, ...]:
    """The reasons not to destroy resources.

    Args:
        doomed: the resources to destroy.
        environment: their environment.
        account: its account.
        in_use: True: ignore that endpoints receive requests. Default: False.

    Raises:
        OperationError: if the clusters cannot be listed.
        ClientError: if AWS denies or fails a request.
    """
    found = list(_busy_clusters(doomed, environment))
    for each in doomed:
        check = _CHECKS.get(each.type)
        if check is None or (in_use and each.type == "aws_sagemaker_endpoint"):
            continue
        try:
            found += [Obstacle(each.stack, each.address, *texts) for texts in check(each.values, account, doomed)]
        except ClientError as error:
            if not _is_absent(error):
                raise
    return tuple(found)


def _is_absent(error: ClientError) -> bool:
    text = str(error.response["Error"].get("Message", "")).lower()
    return error_code(error) in _ABSENT or "not found" in text or "could not find" in text or "does not exist" in text


def _busy_clusters(doomed: Sequence[Doomed], environment: Environment) -> Iterator[Obstacle]:
    groups = {each.values.get("name"): each for each in doomed if each.type == "aws_autoscaling_group"}
    for cluster in list_clusters(environment) if groups else ():
        group = groups.get(cluster.name)
        if group is None or not cluster.nodes or cluster.work not in {Verdict.BUSY, Verdict.UNKNOWN}:
            continue
        verb = "is" if cluster.work is Verdict.BUSY else "may be"
        yield Obstacle(
            group.stack,
            group.address,
            f"the cluster {cluster.name} {verb} in use: {cluster.work_reason}",
            f"wait for its end, or end it: {own_command()} clusters stop {environment.name} "
            f"{cluster.experiment or cluster.name} --force",
        )


_Texts = tuple[str, str]
"""The fact, and the remedy."""


def _bucket(values: Mapping[str, Any], account: AwsAccount, _: Sequence[Doomed]) -> Iterator[_Texts]:
    name = values["bucket"]
    if values.get("force_destroy"):
        return
    answer = account.client("s3").list_object_versions(Bucket=name, MaxKeys=1, ExpectedBucketOwner=account.account_id)
    if answer.get("Versions") or answer.get("DeleteMarkers"):
        yield (
            f"the bucket {name} contains objects, and S3 deletes empty buckets only",
            f"delete its objects and their versions, or keep the bucket: {own_command()} forget",
        )


def _repository(values: Mapping[str, Any], account: AwsAccount, _: Sequence[Doomed]) -> Iterator[_Texts]:
    name = values["name"]
    if (
        not values.get("force_delete")
        and account.client("ecr").list_images(repositoryName=name, maxResults=1)["imageIds"]
    ):
        yield (
            f"the repository {name} contains images, and ECR deletes empty repositories only",
            f"delete its images, or keep the repository: {own_command()} forget",
        )


def _queue(values: Mapping[str, Any], account: AwsAccount, _: Sequence[Doomed]) -> Iterator[_Texts]:
    name, batch = values["name"], account.client("batch")
    active = {
        state: count
        for state in _ACTIVE_JOBS
        if (count := len(batch.list_jobs(jobQueue=name, jobStatus=state)["jobSummaryList"]))
    }
    if active:
        counts = ", ".join(f"{count} {state}" for state, count in active.items())
        yield (
            f"jobs of the queue {name} have not ended: {counts}",
            "wait for their end, or end each: aws batch terminate-job --job-id ID --reason TEXT",
        )


def _endpoint(values: Mapping[str, Any], account: AwsAccount, _: Sequence[Doomed]) -> Iterator[_Texts]:
    clients = Clients(account.session)
    usage, reason = usage_of(clients, describe(clients, values["name"]), _USE, clock.now())
    if usage is not Usage.UNUSED:
        verb = "is" if usage is Usage.USED else "may be"
        yield (
            f"the endpoint {values['name']} {verb} in use: {reason} in the last hour",
            "redirect its callers first, or use --in-use",
        )


def _domain(values: Mapping[str, Any], account: AwsAccount, doomed: Sequence[Doomed]) -> Iterator[_Texts]:
    """Apps and spaces of people, without whose deletion SageMaker answers ResourceInUse."""
    domain, sagemaker = values["id"], account.client("sagemaker")
    managed = {(each.type, each.values.get("app_name") or each.values.get("space_name")) for each in doomed}
    apps = [
        each
        for each in _listed(sagemaker, "list_apps", "Apps", DomainIdEquals=domain)
        if each["Status"] in _ACTIVE_APPS and ("aws_sagemaker_app", each["AppName"]) not in managed
    ]
    for each in apps:
        place = each.get("SpaceName") or each.get("UserProfileName")
        option = "--space-name" if each.get("SpaceName") else "--user-profile-name"
        command = (
            f"aws sagemaker delete-app --domain-id {domain} {option} {place} --app-type {each['AppType']} --app-name "
            f"{each['AppName']}"
        )
        yield f"the app {each['AppType']} of {place} runs in the studio", f"stop it in the studio, or: {command}"
    for each in _listed(sagemaker, "list_spaces", "Spaces", DomainIdEquals=domain):
        if ("aws_sagemaker_space", each["SpaceName"]) not in managed and each["Status"] != "Deleting":
            yield (
                f"the space {each['SpaceName']} with its volume was created in the studio",
                f"delete it: aws sagemaker delete-space --domain-id {domain} --space-name {each['SpaceName']}",
            )


def _model_packages(values: Mapping[str, Any], account: AwsAccount, _: Sequence[Doomed]) -> Iterator[_Texts]:
    name = values["model_package_group_name"]
    if account.client("sagemaker").list_model_packages(ModelPackageGroupName=name, MaxResults=1)[
        "ModelPackageSummaryList"
    ]:
        yield (
            f"the group {name} contains model versions, and SageMaker deletes empty groups only",
            f"delete its versions, or keep the group: {own_command()} forget",
        )


def _workgroup(values: Mapping[str, Any], account: AwsAccount, _: Sequence[Doomed]) -> Iterator[_Texts]:
    name, athena = values["name"], account.client("athena")
    if values.get("force_destroy"):
        return
    if (
        athena.list_query_executions(WorkGroup=name, MaxResults=1)["QueryExecutionIds"]
        or athena.list_named_queries(WorkGroup=name, MaxResults=1)["NamedQueryIds"]
    ):
        command = f"aws athena delete-work-group --work-group {name} --recursive-delete-option"
        yield (
            f"the workgroup {name} contains queries, and Athena deletes empty workgroups only",
            f"delete it with its history: {command}; or keep it: {own_command()} forget",
        )


_CHECKS: Final = {
    "aws_athena_workgroup": _workgroup,
    "aws_batch_job_queue": _queue,
    "aws_ecr_repository": _repository,
    "aws_s3_bucket": _bucket,
    "aws_sagemaker_domain": _domain,
    "aws_sagemaker_endpoint": _endpoint,
    "aws_sagemaker_model_package_group": _model_packages,
}


def _listed(client: Any, operation: str, field: str, **arguments: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[field]
