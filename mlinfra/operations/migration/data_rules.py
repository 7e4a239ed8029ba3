"""Proposals for data: buckets, models, features, images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.declarations import DATA_ZONES
from mlinfra.operations.adopt import construct_advice
from mlinfra.operations.migration.context import listed, words_of
from mlinfra.operations.migration.proposal import Confidence, Outcome, Verdict, adopt, keep_hcl, replace_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlinfra.operations.migration.context import Context
    from mlinfra.operations.migration.resource import Resource

_SYNONYMS: Final[Mapping[str, frozenset[str]]] = {
    "raw": frozenset({"bronze", "ingest", "ingestion", "landing"}),
    "processed": frozenset({"clean", "cleaned", "curated", "preprocessed", "silver", "transformed"}),
    "features": frozenset({"feature", "featurestore"}),
    "models": frozenset({"artifact", "artifacts", "checkpoint", "checkpoints", "model", "weights"}),
}
"""Words for the zones of a data lake in the names and tags of buckets."""
_STATE_WORDS: Final = frozenset({"tfstate", "tfstates", "terraform", "state"})
_LOG_WORDS: Final = frozenset({"accesslogs", "cloudtrail", "flowlogs", "log", "logging", "logs"})


def bucket(resource: Resource, context: Context) -> Verdict:
    """A bucket: a zone of the data lake if its name or tags say so, otherwise adopted."""
    name = str(resource.values.get("bucket") or resource.values.get("id") or "")
    words = words_of(name, resource.address, *resource.tags.values())
    if name and name == context.existing.state_bucket:
        return keep_hcl(
            "it holds the Terraform state of this configuration; environments have a state bucket of their own"
        )
    if "tfstate" in name or len(_STATE_WORDS & words_of(name)) > 1:
        return keep_hcl("by its name it holds Terraform states", Confidence.MEDIUM)
    attached = {each.type for each in context.references.to(resource)}
    if listed(resource.values, "website") or "aws_s3_bucket_website_configuration" in attached:
        return keep_hcl("it hosts a website: buckets of a data lake are private")
    zone, confidence = _zone(words)
    if zone and resource.exists:
        return _zone_verdict(resource, zone, confidence, context)
    if _LOG_WORDS & words:
        return adopt("by its name it receives logs; a DataLake creates a bucket for its own", Confidence.LOW)
    return adopt("neither its name nor its tags name a zone of a data lake", Confidence.MEDIUM)


def _zone_verdict(resource: Resource, zone: str, confidence: Confidence, context: Context) -> Verdict:
    """The verdict for a bucket that a zone could keep."""
    where = str(resource.values.get("region") or "")
    if where and where != context.environment.region:
        return adopt(
            f"its name or tags suggest the zone {zone}, and it is in {where}: the lake of the environment is in "
            f"{context.environment.region}",
            Confidence.MEDIUM,
        )
    others = [each for each in context.existing.resources if each.type == resource.type and _zone_of(each) == zone]
    if others and others[0].address != resource.address:
        return adopt(
            f"its name or tags suggest the zone {zone}, which is proposed for {others[0].address} already: a zone is "
            "one bucket",
            Confidence.LOW,
        )
    advice = construct_advice("aws_s3_bucket", {"bucket": resource.id, **resource.values}, context.environment)
    way = (
        f"Declare bucket_names={{{zone!r}: {resource.id!r}}} in the environment, forget the bucket and its settings "
        f"in the old state, and import it in the stack {context.environment.names.stack_id('data')} before its first "
        "apply."
    )
    reason = f"its name or tags suggest the zone {zone} of the data lake"
    return Verdict(
        Outcome.CONSTRUCT, confidence, reason, "DataLake", in_place=True, way=way, differences=advice.differences
    )


def _zone_of(resource: Resource) -> str:
    return _zone(words_of(resource.values.get("bucket"), resource.address, *resource.tags.values()))[0]


def _zone(words: frozenset[str]) -> tuple[str, Confidence]:
    """The zone that words name. Empty: none or several."""
    named = [zone for zone in DATA_ZONES if zone in words]
    if len(named) == 1:
        return named[0], Confidence.MEDIUM
    similar = [zone for zone in DATA_ZONES if _SYNONYMS[zone] & words]
    return (similar[0], Confidence.LOW) if len(similar) == 1 and not named else ("", Confidence.LOW)


def model_package_group(resource: Resource, _: Context) -> Verdict:
    """A group of model versions."""
    name = resource.values.get("model_package_group_name")
    return replace_by(
        "ModelRegistry",
        "it is a group of model versions",
        Confidence.HIGH,
        f"SageMaker cannot rename groups: declare RegisteredModel(name={name!r}, ...), register new versions there, "
        "and keep this group as long as its versions are used.",
    )


def feature_group(resource: Resource, _: Context) -> Verdict:
    """A feature group."""
    name = resource.values.get("feature_group_name")
    return replace_by(
        "FeatureStore",
        "it is a feature group",
        Confidence.HIGH,
        f"SageMaker cannot rename feature groups: declare FeatureGroup(name={name!r}, ...), and ingest the features "
        "into both until no reader uses this one.",
    )


def repository(resource: Resource, context: Context) -> Verdict:
    """A repository of container images."""
    name = str(resource.values.get("name") or "")
    return replace_by(
        "ImageRepository",
        "it is a repository of container images; whether they are those of training or serving is not in the state",
        Confidence.LOW,
        f"ECR cannot rename repositories: list {name!r} in image_repositories of {context.environment.name!r}, push "
        "the used tags there, and keep this one as long as endpoints and jobs use its images.",
        "immutable tags, KMS, scan on push, the newest 100 images are kept",
    )


def tracking_server(_: Resource, __: Context) -> Verdict:
    """A managed MLflow server."""
    return replace_by(
        "ExperimentTracking",
        "it is a managed MLflow server",
        Confidence.HIGH,
        "Declare tracking=Tracking(), and export the runs to the new server: its artifacts are in the data lake.",
    )


DATA_RULES: Final[Mapping[str, Callable[[Resource, Context], Verdict]]] = {
    "aws_s3_bucket": bucket,
    "aws_ecr_repository": repository,
    "aws_sagemaker_feature_group": feature_group,
    "aws_sagemaker_mlflow_tracking_server": tracking_server,
    "aws_sagemaker_model_package_group": model_package_group,
}
