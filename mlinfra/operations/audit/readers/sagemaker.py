"""SageMaker: domains, apps, spaces, notebook instances, endpoints, training jobs, HyperPod clusters, tracking servers.

Sizes of pages: the maximum of each operation (SageMaker API reference, read 2026-11-29).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.found import Charge, Found, Metric, Place, tags_of
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGE: Final = {"PageSize": 100}
_SYSTEM: Final = "system"
"""The instance type of apps that run at no charge on the domain's own system (SageMaker developer guide, "Instance
types available for use with Studio Classic", read 2026-11-29)."""
_WEEK: Final = timedelta(days=7)
_TRAINING_PRICE: Final = "HyperPod nodes are priced as training instances of SageMaker."


def _tags(sagemaker: Any, arn: str) -> dict[str, str]:  # noqa: ANN401  boto3 makes its clients at run time
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return tags_of(tag for page in pages for tag in page["Tags"])


def _pages(sagemaker: Any, operation: str, **query: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    yield from sagemaker.get_paginator(operation).paginate(**query, PaginationConfig=_PAGE)


def _domains(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_domains"):
        for each in page["Domains"]:
            yield Found(
                place.region,
                "sagemaker",
                "domain",
                each["DomainId"],
                each["DomainName"],
                each["DomainArn"],
                each["Status"],
                each["CreationTime"],
                _tags(sagemaker, each["DomainArn"]),
            )


def _apps(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_apps"):
        for each in page["Apps"]:
            if each["Status"] in {"Deleted", "Failed"}:
                continue
            domain, user, space = each["DomainId"], each.get("UserProfileName", ""), each.get("SpaceName", "")
            path = f"{domain}/{user or space}/{each['AppType'].lower()}/{each['AppName']}"
            type_ = each.get("ResourceSpec", {}).get("InstanceType", "")
            charges: tuple[Charge, ...] = ()
            if type_ and type_ != _SYSTEM and each["Status"] == "InService":
                charges = (Charge("sagemaker", type_, component="studio"),)
            yield Found(
                place.region,
                "sagemaker",
                "app",
                path,
                f"{user or space} {each['AppType']}",
                place.arn("sagemaker", f"app/{path}"),
                each["Status"],
                each.get("CreationTime"),
                charges=charges,
                instance_type=type_ if charges else "",
                hints={"user profile": user} if user else {"space": space},
            )


def _spaces(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_spaces"):
        for each in page["Spaces"]:
            user = each.get("OwnershipSettingsSummary", {}).get("OwnerUserProfileName", "")
            storage = each.get("SpaceSettingsSummary", {}).get("SpaceStorageSettings", {})
            size = storage.get("EbsStorageSettings", {}).get("EbsVolumeSizeInGb", 0)
            yield Found(
                place.region,
                "sagemaker",
                "space",
                f"{each['DomainId']}/{each['SpaceName']}",
                each["SpaceName"],
                place.arn("sagemaker", f"space/{each['DomainId']}/{each['SpaceName']}"),
                each.get("Status", ""),
                each.get("CreationTime"),
                charges=(Charge("sagemaker", "studio_space_storage_gp3", size),) if size else (),
                hints={"user profile": user} if user else {},
            )


def _notebooks(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_notebook_instances"):
        for each in page["NotebookInstances"]:
            name, status = each["NotebookInstanceName"], each["NotebookInstanceStatus"]
            details = sagemaker.describe_notebook_instance(NotebookInstanceName=name)
            charges = [Charge("sagemaker", "notebook_storage", details.get("VolumeSizeInGB", 5))]
            if status in {"InService", "Pending", "Updating"}:
                charges.append(Charge("sagemaker", each["InstanceType"], component="notebook"))
            problems = []
            if details.get("DirectInternetAccess") == "Enabled":
                problems.append("The notebook instance accesses the internet directly.")
            yield Found(
                place.region,
                "sagemaker",
                "notebook",
                name,
                name,
                each["NotebookInstanceArn"],
                status,
                each.get("CreationTime"),
                _tags(sagemaker, each["NotebookInstanceArn"]),
                tuple(charges),
                problems=tuple(problems),
                instance_type=each["InstanceType"],
                hints={"execution role": details.get("RoleArn", "").rpartition("/")[2]},
            )


def _endpoints(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_endpoints"):
        for each in page["Endpoints"]:
            name = each["EndpointName"]
            details = sagemaker.describe_endpoint(EndpointName=name)
            config = sagemaker.describe_endpoint_config(EndpointConfigName=details["EndpointConfigName"])
            variants = {variant["VariantName"]: variant for variant in config.get("ProductionVariants", ())}
            running = details.get("ProductionVariants", ())
            yield Found(
                place.region,
                "sagemaker",
                "endpoint",
                name,
                name,
                each["EndpointArn"],
                each["EndpointStatus"],
                each.get("CreationTime"),
                _tags(sagemaker, each["EndpointArn"]),
                tuple(_hosting(running, variants)),
                tuple(_requests(name, variant["VariantName"]) for variant in running),
            )


def _hosting(running: Any, variants: Mapping[str, Mapping[str, Any]]) -> Iterator[Charge]:  # noqa: ANN401
    for each in running:
        type_ = variants.get(each["VariantName"], {}).get("InstanceType")
        # A serverless variant is charged by request.
        if type_:
            yield Charge("sagemaker", type_, each.get("CurrentInstanceCount", 0), component="hosting")


def _requests(endpoint: str, variant: str) -> Metric:
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    return Metric("requests", "AWS/SageMaker", "Invocations", dimensions, "Sum", timedelta(days=1), _WEEK)


def _training_jobs(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_training_jobs", StatusEquals="InProgress"):
        for each in page["TrainingJobSummaries"]:
            name = each["TrainingJobName"]
            details = sagemaker.describe_training_job(TrainingJobName=name)
            resources = details.get("ResourceConfig", {})
            groups = resources.get("InstanceGroups") or [resources]
            since = details.get("TrainingStartTime") or each["CreationTime"]
            charges = tuple(
                Charge("sagemaker", group["InstanceType"], group.get("InstanceCount", 1), since, "training")
                for group in groups
                if group.get("InstanceType")
            )
            yield Found(
                place.region,
                "sagemaker",
                "training-job",
                name,
                name,
                each["TrainingJobArn"],
                each["TrainingJobStatus"],
                each["CreationTime"],
                _tags(sagemaker, each["TrainingJobArn"]),
                charges,
                hints={"execution role": details.get("RoleArn", "").rpartition("/")[2]},
            )


def _clusters(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_clusters"):
        for each in page["ClusterSummaries"]:
            name = each["ClusterName"]
            groups = sagemaker.describe_cluster(ClusterName=name).get("InstanceGroups") or ()
            yield Found(
                place.region,
                "sagemaker",
                "hyperpod-cluster",
                name,
                name,
                each["ClusterArn"],
                each["ClusterStatus"],
                each["CreationTime"],
                _tags(sagemaker, each["ClusterArn"]),
                tuple(
                    Charge(
                        "sagemaker",
                        group["InstanceType"],
                        group.get("CurrentCount") or 0,
                        component="training",
                        note=_TRAINING_PRICE,
                    )
                    for group in groups
                    if group.get("InstanceType")
                ),
            )


def _tracking_servers(sagemaker: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in _pages(sagemaker, "list_mlflow_tracking_servers"):
        for each in page["TrackingServerSummaries"]:
            name = each["TrackingServerName"]
            size = sagemaker.describe_mlflow_tracking_server(TrackingServerName=name).get("TrackingServerSize", "Small")
            charges: tuple[Charge, ...] = ()
            if each.get("IsActive") == "Active":
                charges = (Charge("sagemaker", f"mlflow_tracking_server_{size.lower()}"),)
            yield Found(
                place.region,
                "sagemaker",
                "tracking-server",
                name,
                name,
                each["TrackingServerArn"],
                each["TrackingServerStatus"],
                each["CreationTime"],
                _tags(sagemaker, each["TrackingServerArn"]),
                charges,
            )


_LIST_TAGS: Final = "sagemaker:ListTags"

READERS: Final = (
    Reader("sagemaker", ("domain",), ("sagemaker:ListDomains", _LIST_TAGS), _domains),
    Reader("sagemaker", ("app",), ("sagemaker:ListApps",), _apps),
    Reader("sagemaker", ("space",), ("sagemaker:ListSpaces",), _spaces),
    Reader(
        "sagemaker",
        ("notebook",),
        ("sagemaker:ListNotebookInstances", "sagemaker:DescribeNotebookInstance", _LIST_TAGS),
        _notebooks,
    ),
    Reader(
        "sagemaker",
        ("endpoint",),
        ("sagemaker:ListEndpoints", "sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", _LIST_TAGS),
        _endpoints,
    ),
    Reader(
        "sagemaker",
        ("training-job",),
        ("sagemaker:ListTrainingJobs", "sagemaker:DescribeTrainingJob", _LIST_TAGS),
        _training_jobs,
    ),
    Reader(
        "sagemaker",
        ("hyperpod-cluster",),
        ("sagemaker:ListClusters", "sagemaker:DescribeCluster", _LIST_TAGS),
        _clusters,
    ),
    Reader(
        "sagemaker",
        ("tracking-server",),
        ("sagemaker:ListMlflowTrackingServers", "sagemaker:DescribeMlflowTrackingServer", _LIST_TAGS),
        _tracking_servers,
    ),
)
"""All readers of SageMaker."""
