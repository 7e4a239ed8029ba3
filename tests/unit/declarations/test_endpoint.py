"""Declarations of endpoints, and errors of invalid ones."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import Asynchronous, BlueGreen, DeclarationError, Endpoint, RealTime, Serverless, Variant, WithoutRollback
from mlinfra.declarations.base import judging
from tests.conftest import an_environment

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/recsys-ranker:3.1"
TWO = [Variant(name="main", image=IMAGE), Variant(name="challenger", image=IMAGE)]
REAL_TIME = RealTime(instance_type="ml.m7i.large")


def an_endpoint(**changes: Any) -> Endpoint:
    """An endpoint that is in order, but for `changes`."""
    values = {
        "name": "ranker",
        "owner": "ana@example.com",
        "hosting": REAL_TIME,
        "variants": [Variant(image=IMAGE)],
    } | changes
    return Endpoint(**values)


def problems(**changes: Any) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        an_endpoint(**changes)
    return caught.value.problems


def test_the_plain_case_names_an_owner_a_host_and_an_image() -> None:
    endpoint = an_endpoint()
    assert endpoint.is_isolated
    assert endpoint.blue_green == BlueGreen()
    assert (endpoint.unused_days, endpoint.stop_when_unused) == (7, False)
    assert [each.name for each in endpoint.all_variants] == ["main"]


def test_a_serverless_endpoint_is_neither_isolated_nor_deployed_step_by_step() -> None:
    endpoint = an_endpoint(hosting=Serverless())
    assert not endpoint.is_isolated
    assert endpoint.blue_green is None


@pytest.mark.parametrize(
    "image",
    [
        "ranker",
        "ranking/ranker:3.1",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/ranker",
        "docker.io/library/python:3.13",
        "",
    ],
)
def test_an_image_outside_ecr_or_without_a_version_is_refused(image: str) -> None:
    with pytest.raises(DeclarationError, match=r"is not an image in ECR\. Expected: <name>:<tag>"):
        Variant(image=image)


def test_an_image_in_a_repository_of_the_environment_is_named_shortly() -> None:
    endpoint = an_endpoint(variants=[Variant(image="ranker:3.1")])
    environment = an_environment(endpoints=[endpoint], image_repositories=["ranker"])
    registry = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
    assert environment.names.image_uri("ranker:3.1") == f"{registry}/recsys-dev/ranker:3.1"
    assert environment.in_region("eu-west-1").names.image_uri("ranker:3.1") == (
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com/recsys-dev-eu-west-1/ranker:3.1"
    )
    assert environment.names.image_uri(IMAGE) == IMAGE


def test_an_image_in_an_unknown_repository_is_refused() -> None:
    endpoint = an_endpoint(variants=[Variant(image="ranker:3.1")])
    expected = r"the image 'ranker:3\.1' is not in a repository of this environment\. Expected: one of .*\(two-tower\)"
    with pytest.raises(DeclarationError, match=expected):
        an_environment(endpoints=[endpoint], image_repositories=["two-tower"])


def test_an_image_may_have_a_digest() -> None:
    digest = "@sha256:" + "0" * 64
    assert Variant(image=IMAGE.replace(":3.1", digest)).image.endswith(digest)


@pytest.mark.parametrize(
    "path", ["s3://bucket/ranker/model.tar.gz", "model.tar.gz", "ranker/model.bin", "/ranker/", "ranker//", "../up/"]
)
def test_model_data_is_a_path_in_the_zone(path: str) -> None:
    with pytest.raises(DeclarationError, match=r"is not a path in the zone models\. Expected: <model>/"):
        Variant(image=IMAGE, model_data=path)


@pytest.mark.parametrize(
    ("path", "model"), [("ranker/7/model.tar.gz", "ranker"), ("llm/weights/", "llm"), (None, None)]
)
def test_all_versions_of_a_model_share_the_beginning_of_their_path(path: str | None, model: str | None) -> None:
    assert Variant(image=IMAGE, model_data=path).model == model


def test_variables_that_cannot_be_set_are_refused_together() -> None:
    with pytest.raises(DeclarationError) as caught:
        Variant(image=IMAGE, variables={"2X": "1", "HOME": "x" * 1_025})
    assert caught.value.problems == [
        (
            "variables: '2X' is not a valid name of an environment variable. Expected: letters, digits and "
            "underscores, not beginning with a digit."
        ),
        "variables.HOME: the value has 1,025 characters. Expected: at most 1,024.",
    ]


def test_a_variable_that_terraform_would_evaluate_is_refused() -> None:
    with pytest.raises(DeclarationError) as caught:
        Variant(image=IMAGE, variables={"HOME": "${var.x}"})
    assert caught.value.problems == [
        (
            "variables: '${var.x}' contains '${', which Terraform evaluates as a template. Expected: text without "
            "'${' and '%{'."
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"variants": [Variant(image=IMAGE), Variant(image=IMAGE)]},
            "variants: 'main' is declared twice; names must be unique.",
        ),
        (
            {"variants": TWO, "shadow": Variant(name="shadow", image=IMAGE)},
            "shadow: not supported with 2 variants. Expected: one variant, or no shadow.",
        ),
        (
            {"shadow": Variant(name="shadow", image=IMAGE, weight=2)},
            "shadow.weight: 2 is more than 1, which is all requests. Expected: above 0, up to 1.",
        ),
        (
            {"hosting": Asynchronous(instance_type="ml.g5.xlarge"), "shadow": Variant(name="shadow", image=IMAGE)},
            "shadow: not supported by Asynchronous. Expected: hosting=RealTime(...), or no shadow.",
        ),
        (
            {"hosting": Asynchronous(instance_type="ml.g5.xlarge"), "variants": TWO},
            (
                "variants: 2 variants of an asynchronous endpoint share one backlog, so they cannot be scaled "
                "separately. Expected: 1, or "
                "hosting=RealTime(...)."
            ),
        ),
        (
            {"hosting": Asynchronous(instance_type="ml.g5.xlarge"), "capture_percent": 5},
            (
                "capture_percent: not supported by Asynchronous, whose requests and results are stored in the lake "
                "anyway. Expected: no capture_percent."
            ),
        ),
        (
            {"hosting": Serverless(), "variants": TWO},
            "variants: Serverless supports 1 variant, got 2. Expected: 1, or another hosting.",
        ),
        (
            {"hosting": Serverless(), "capture_percent": 5},
            "capture_percent: not supported by Serverless. Expected: no capture_percent, or another hosting.",
        ),
        (
            {"hosting": Serverless(), "network_isolation": True},
            "network_isolation: not supported by Serverless. Expected: no network_isolation, or another hosting.",
        ),
        (
            {"hosting": Serverless(), "deployment": BlueGreen()},
            "deployment: not supported by Serverless. Expected: no deployment, or another hosting.",
        ),
        (
            {"deployment": BlueGreen(traffic="canary")},
            (
                "deployment: shifting traffic in steps requires instances for each step, at most half of all. "
                "Expected: 2 or more instances of each variant, or traffic='all-at-once'."
            ),
        ),
        (
            {"variants": [Variant(name=f"v{number}", image=IMAGE) for number in range(6)]},
            (
                "variants: 6 variants have 12 alarms that roll an update back, and SageMaker accepts 10. Expected: up "
                "to 5 variants."
            ),
        ),
        (
            {"deployment": BlueGreen(without_rollback=WithoutRollback(version="ranker:3.0", reason="It fails more."))},
            (
                f"deployment.without_rollback.version: 'ranker:3.0' is not the image or model_data of a variant. "
                f"Expected: one of {IMAGE}; or no without_rollback, so that alarms roll the deployment back."
            ),
        ),
    ],
)
def test_conflicting_settings_are_refused(changes: dict[str, Any], expected: str) -> None:
    assert problems(**changes) == [expected]


@pytest.mark.parametrize("weight", [0, -1])
def test_a_variant_without_weight_is_refused(weight: float) -> None:
    with pytest.raises(DeclarationError, match=r"weight: .*Expected: Its share of the requests"):
        Variant(image=IMAGE, weight=weight)


def test_all_problems_are_reported_at_once() -> None:
    found = problems(hosting=Serverless(), variants=TWO, capture_percent=5, network_isolation=True)
    assert [each.partition(":")[0] for each in found] == ["variants", "capture_percent", "network_isolation"]


def test_more_than_ten_variants_are_refused() -> None:
    many = [Variant(name=f"v{number}", image=IMAGE) for number in range(11)]
    (problem,) = problems(variants=many)
    assert "at most 10 items" in problem


def test_an_environment_has_an_endpoint_of_a_name_once() -> None:
    with pytest.raises(DeclarationError, match=r"endpoints: 'ranker' is declared twice; names must be unique\."):
        an_environment(endpoints=[an_endpoint(), an_endpoint()])


def test_a_name_that_gives_too_long_a_role_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"endpoints\.e{40}\.name: .* 65 characters.* shorten it by 1\."):
        an_environment(project="recommender", name="dev", endpoints=[an_endpoint(name="e" * 40)])


def test_an_image_of_another_region_is_refused() -> None:
    with pytest.raises(
        DeclarationError, match=r"is in us-east-1, and SageMaker does not pull images .* an image in eu-west-1\."
    ):
        an_environment(region="eu-west-1", endpoints=[an_endpoint()])


def test_an_endpoint_is_found_by_its_name() -> None:
    environment = an_environment(endpoints=[an_endpoint()])
    assert environment.endpoint("ranker") == an_endpoint()
    with pytest.raises(KeyError, match="environment 'dev' has no endpoint 'rankr'; it has: ranker"):
        environment.endpoint("rankr")


def test_problems_of_its_parts_do_not_hide_other_problems() -> None:
    """As environment files are read: everything is collected, from the inside out."""
    with judging(None) as judgement:
        broken = Endpoint(
            name="Ranker",
            owner="ana",
            hosting=RealTime(instance_type="g5.xlarge", instances="two", max_instances=3),
            variants=[Variant(image="ranker", weight="heavy"), Variant(image="ranker")],
            shadow=Variant(name="shadow", image=IMAGE, weight="light"),
            deployment=BlueGreen(traffic="canary"),
        )
        an_environment(endpoints=[broken, broken])
    subjects = [each.subject for each in judgement.errors]
    assert [each.partition(" ")[0] for each in subjects] == [
        "realtime",
        "variant",
        "variant",
        "variant",
        "endpoint",
        "environment",
    ]
    assert judgement.errors[-1].problems == ["endpoints: 'Ranker' is declared twice; names must be unique."]
