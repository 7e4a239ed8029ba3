"""Settings of image repositories, and access to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.ml_assets.image_repository import ImageRepository, ImageRepositoryAccess
from tests.conftest import an_environment
from tests.unit.constructs.grantee import Grantee

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
ARN = "arn:aws:ecr:us-east-1:111111111111:repository/recsys-dev/two-tower"


def made(synth: Synth, environment: dict[str, Any] | None = None, name: str = "two-tower", **changes: Any) -> Template:
    declared = an_environment(image_repositories=["two-tower"], **(environment or {}))
    return synth.constructs(
        lambda stack: ImageRepository(stack, "images", name=name, key_arn=KEY, **changes),
        environment=declared,
        inputs={"name": name, **changes},
    )


def selections(config: Template) -> list[dict[str, Any]]:
    rules = json.loads(config.one("aws_ecr_lifecycle_policy")["policy"])["rules"]
    return [rule["selection"] for rule in rules]


def granted(synth: Synth, grant: str) -> dict[str, Any]:
    """The statements that a grantee gets, by Sid."""

    def build(stack: MlStack) -> None:
        getattr(ImageRepositoryAccess(stack, "images", name="two-tower"), grant)(Grantee(stack))

    environment = an_environment(image_repositories=["two-tower"])
    config = synth.constructs(build, environment=environment, inputs={"grant": grant})
    policy = json.loads(config.one("aws_iam_role_policy")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def test_images_are_scanned_and_encrypted_and_a_tag_means_one_image(synth: Synth) -> None:
    repository = made(synth).one("aws_ecr_repository")
    assert repository["name"] == "recsys-dev/two-tower"
    assert repository["image_tag_mutability"] == "IMMUTABLE"
    assert repository["image_scanning_configuration"] == {"scan_on_push": True}
    assert repository["encryption_configuration"] == [{"encryption_type": "KMS", "kms_key": KEY}]


def test_untagged_images_expire_and_the_newest_tagged_ones_are_kept(synth: Synth) -> None:
    untagged, tagged = selections(made(synth))
    assert (untagged["tagStatus"], untagged["countUnit"], untagged["countNumber"]) == ("untagged", "days", 14)
    assert (tagged["tagStatus"], tagged["countType"], tagged["countNumber"]) == ("tagged", "imageCountMoreThan", 100)


def test_retention_can_be_set(synth: Synth) -> None:
    config = made(synth, untagged_days=3, tagged_images=7)
    assert [each["countNumber"] for each in selections(config)] == [3, 7]


def test_protected_images_cannot_be_destroyed(synth: Synth) -> None:
    repository = made(synth).one("aws_ecr_repository")
    assert repository["lifecycle"] == {"prevent_destroy": True}
    assert repository["force_delete"] is False


@pytest.mark.parametrize(
    ("environment", "changes"), [({"protect_data": False}, {}), ({}, {"protect": False})], ids=["environment", "asked"]
)
def test_unprotected_repositories_are_destroyed_with_their_images(
    synth: Synth, environment: dict[str, Any], changes: dict[str, Any]
) -> None:
    repository = made(synth, environment, **changes).one("aws_ecr_repository")
    assert "lifecycle" not in repository
    assert repository["force_delete"] is True


def test_other_principals_cannot_pull_by_default(synth: Synth) -> None:
    made(synth).has_no_resource("aws_ecr_repository_policy")


@pytest.mark.parametrize(
    ("environment", "changes"),
    [({"trusted_account_ids": ["222222222222"]}, {}), ({}, {"trusted_account_ids": ["222222222222"]})],
    ids=["environment", "asked"],
)
def test_trusted_accounts_pull_and_do_not_push(
    synth: Synth, environment: dict[str, Any], changes: dict[str, Any]
) -> None:
    policy = made(synth, environment, **changes).one("aws_ecr_repository_policy")["policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root"]}
    assert statement["Action"] == ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    assert "Resource" not in statement


def test_a_pull_grant_does_not_include_pushing(synth: Synth) -> None:
    statements = granted(synth, "grant_pull")
    assert statements["Images"]["Resource"] == ARN
    assert "ecr:BatchGetImage" in statements["Images"]["Action"]
    assert "ecr:PutImage" not in statements["Images"]["Action"]


def test_a_push_grant_is_limited_to_its_repository(synth: Synth) -> None:
    statements = granted(synth, "grant_push")
    assert statements["Images"]["Resource"] == ARN
    assert {"ecr:PutImage", "ecr:BatchGetImage"} <= set(statements["Images"]["Action"])
    assert not [each for each in statements["Images"]["Action"] if "*" in each or "Delete" in each]
    assert statements["LogIn"] == {
        "Sid": "LogIn",
        "Effect": "Allow",
        "Action": "ecr:GetAuthorizationToken",
        "Resource": "*",
    }


def test_the_url_of_an_image_is_known_before_the_deployment(synth: Synth) -> None:
    seen: list[str] = []
    synth.constructs(
        lambda stack: seen.append(ImageRepositoryAccess(stack, "images", name="two-tower").url),
        environment=an_environment(image_repositories=["two-tower"]),
    )
    assert seen == ["111111111111.dkr.ecr.us-east-1.amazonaws.com/recsys-dev/two-tower"]


def test_a_repository_that_is_not_declared_is_refused(synth: Synth) -> None:
    with pytest.raises(
        ValueError, match=r"name='ranker' is not an image repository of the environment 'dev'.*two-tower"
    ):
        made(synth, name="ranker")


@pytest.mark.parametrize("argument", ["untagged_days", "tagged_images"])
def test_keeping_zero_images_is_refused(synth: Synth, argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument} must be at least 1, got 0"):
        made(synth, **{argument: 0})
