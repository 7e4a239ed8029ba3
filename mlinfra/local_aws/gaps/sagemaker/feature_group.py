"""Gap: SageMaker feature groups.

moto has only groups with an offline store, which are available immediately and cannot be deleted. In AWS, a
group has an online store, an offline store or both, accepts additional features, and can be listed and
deleted.

Not covered: the records of feature groups.

Source: SageMaker API reference, CreateFeatureGroup, DescribeFeatureGroup, UpdateFeatureGroup,
DeleteFeatureGroup, ListFeatureGroups, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, States, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend

    from mlinfra.local_aws.mechanisms.sagemaker_resources import Key

_DATABASE = "sagemaker_featurestore"


class FeatureGroups(ResourceKind):
    """The feature groups of an account and region."""

    name = "FeatureGroup"
    key = ("FeatureGroupName",)
    arn_type = "feature-group"
    summaries = "FeatureGroupSummaries"
    status = "FeatureGroupStatus"
    # An update is reported in LastUpdateStatus; the status of the group remains Created.
    states = States(creating="Creating", created="Created", updating="Created", updated="Created")

    def key_of(self, request: Mapping[str, Any]) -> Key:
        """The name, or the name within the ARN, compared without regard to case."""
        return (request["FeatureGroupName"].split("/")[-1].lower(),)

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse a group without a store or without the features that it names."""
        if not (request.get("OnlineStoreConfig") or request.get("OfflineStoreConfig")):
            message = "At least one of OnlineStoreConfig and OfflineStoreConfig must be specified."
            raise refusal(response, "ValidationException", message)
        if request.get("OfflineStoreConfig") and not request.get("RoleArn"):
            message = "RoleArn must be specified if OfflineStoreConfig is."
            raise refusal(response, "ValidationException", message)
        features = {each["FeatureName"] for each in request["FeatureDefinitions"]}
        for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
            if request[member] not in features:
                message = f"{member} {request[member]} is not among the FeatureDefinitions."
                raise refusal(response, "ValidationException", message)

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The throughput and the location of the offline store."""
        del arn
        given: dict[str, Any] = {"ThroughputConfig": request.get("ThroughputConfig") or {"ThroughputMode": "OnDemand"}}
        if request.get("OfflineStoreConfig"):
            given["OfflineStoreConfig"] = _offline_store(backend, request)
            given["OfflineStoreStatus"] = {"Status": "Active"}
        return given

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Add features, and change the online store and the throughput."""
        description["FeatureDefinitions"] = [
            *description["FeatureDefinitions"],
            *(request.get("FeatureAdditions") or []),
        ]
        for member in ("OnlineStoreConfig", "ThroughputConfig"):
            if request.get(member):
                description[member] = {**description.get(member, {}), **request[member]}
        description["LastUpdateStatus"] = {"Status": "Successful"}


FEATURE_GROUPS = FeatureGroups()


def is_open() -> bool:
    """True if moto cannot delete a feature group."""
    return not hasattr(SageMakerResponse, "delete_feature_group")


def close() -> None:
    """Close the gap: replace moto's feature groups."""
    FEATURE_GROUPS.add_to_moto()


def _offline_store(backend: SageMakerModelBackend, request: Mapping[str, Any]) -> dict[str, Any]:
    config, name = request["OfflineStoreConfig"], request["FeatureGroupName"]
    storage, created = config["S3StorageConfig"], int(utcnow().timestamp())
    folder = f"{backend.account_id}/sagemaker/{backend.region_name}/offline-store/{name}-{created}/data"
    store = {
        "DisableGlueTableCreation": False,
        "TableFormat": "Glue",
        **config,
        "S3StorageConfig": {**storage, "ResolvedOutputS3Uri": f"{storage['S3Uri'].rstrip('/')}/{folder}"},
    }
    if not store["DisableGlueTableCreation"] and not config.get("DataCatalogConfig"):
        table = f"{name.replace('-', '_').lower()}_{created}"
        store["DataCatalogConfig"] = {"TableName": table, "Catalog": "AwsDataCatalog", "Database": _DATABASE}
    return store
