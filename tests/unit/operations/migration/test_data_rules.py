"""Proposals for buckets, models, features and images."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.operations.migration import Confidence, Outcome, Resource, Verdict
from tests.unit.operations.migration.states import proposal_of, resource


def bucket(name: str, **values: Any) -> Resource:
    return resource("aws_s3_bucket.b", bucket=name, **{"id": name, **values})


def verdict(*resources: Resource, **changes: Any) -> Verdict:
    return proposal_of(resources[0].address, *resources, **changes).verdict


@pytest.mark.parametrize(
    ("name", "tags", "zone", "confidence"),
    [
        ("acme-raw-data", {}, "raw", Confidence.MEDIUM),
        ("acme-models", {}, "models", Confidence.MEDIUM),
        ("acme-data", {"Purpose": "Processed events"}, "processed", Confidence.MEDIUM),
        ("acme-landing", {}, "raw", Confidence.LOW),
        ("acme-ml-artifacts", {}, "models", Confidence.LOW),
    ],
)
def test_a_bucket_whose_name_or_tags_name_a_zone_is_kept_as_that_zone(
    name: str, tags: dict[str, str], zone: str, confidence: Confidence
) -> None:
    found = verdict(bucket(name, tags=tags))
    assert (found.outcome, found.construct, found.in_place) == (Outcome.CONSTRUCT, "DataLake", True)
    assert found.confidence is confidence
    assert f"bucket_names={{{zone!r}: {name!r}}}" in found.way
    assert "public access would be blocked, and requests without TLS denied" in found.differences


@pytest.mark.parametrize("name", ["acme-data", "acme-raw-and-models", "strawberry"])
def test_a_bucket_without_one_zone_in_its_name_is_adopted(name: str) -> None:
    assert verdict(bucket(name)).outcome is Outcome.ADOPTED


def test_the_second_bucket_of_a_zone_is_adopted() -> None:
    first, second = bucket("acme-raw"), resource("aws_s3_bucket.c", bucket="other-raw")
    assert verdict(first, second).outcome is Outcome.CONSTRUCT
    found = proposal_of("aws_s3_bucket.c", first, second).verdict
    assert found.outcome is Outcome.ADOPTED
    assert "is proposed for aws_s3_bucket.b already" in found.reason


def test_a_bucket_in_another_region_is_not_kept_as_a_zone() -> None:
    found = proposal_of("aws_s3_bucket.b", bucket("acme-raw", region="us-west-2"))
    assert found.verdict.outcome is Outcome.ADOPTED
    assert found.command == "mlinfra adopt dev acme-raw --type bucket --owner ana@example.com --region us-west-2"


def test_buckets_of_states_and_websites_stay() -> None:
    assert verdict(bucket("acme-raw"), state_bucket="acme-raw").confidence is Confidence.HIGH
    assert verdict(bucket("acme-raw"), state_bucket="acme-raw").outcome is Outcome.HCL
    assert verdict(bucket("acme-terraform-state")).outcome is Outcome.HCL
    website = resource("aws_s3_bucket_website_configuration.w", bucket="acme-models")
    assert verdict(bucket("acme-models"), website).outcome is Outcome.HCL


def test_a_planned_bucket_is_neither_kept_nor_adopted() -> None:
    planned = Resource("aws_s3_bucket.b", "aws_s3_bucket", {"bucket": "acme-raw"}, exists=False)
    assert verdict(planned).outcome is Outcome.HCL


@pytest.mark.parametrize(
    ("address", "values", "construct", "confidence"),
    [
        ("aws_sagemaker_model_package_group.g", {"model_package_group_name": "g"}, "ModelRegistry", Confidence.HIGH),
        ("aws_sagemaker_feature_group.g", {"feature_group_name": "g"}, "FeatureStore", Confidence.HIGH),
        ("aws_sagemaker_mlflow_tracking_server.g", {}, "ExperimentTracking", Confidence.HIGH),
        ("aws_ecr_repository.g", {"name": "g"}, "ImageRepository", Confidence.LOW),
    ],
)
def test_what_cannot_be_renamed_is_replaced(
    address: str, values: dict[str, str], construct: str, confidence: Confidence
) -> None:
    found = verdict(resource(address, **values))
    assert (found.construct, found.in_place, found.confidence) == (construct, False, confidence)
