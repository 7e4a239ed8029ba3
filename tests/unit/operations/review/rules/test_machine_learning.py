from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import IN_OWN_ACCOUNT, OTHER, OWN, change, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]

REGISTRY = f"{OWN}.dkr.ecr.us-east-1.amazonaws.com"


def idle(**settings: Any) -> Values:
    application = [{"app_lifecycle_management": [{"idle_settings": [settings]}]}]
    return {"default_user_settings": [{"jupyter_lab_app_settings": application}]}


def dry_run(value: str) -> Values:
    return {"function_name": "recsys-dev-janitor", "environment": [{"variables": {"MLINFRA_DRY_RUN": value}}]}


def model(image: str) -> Values:
    return {"name": "ranker", "primary_container": [{"image": image}]}


def rollback(*alarms: str) -> Values:
    return {
        "name": "e",
        "deployment_config": [{"auto_rollback_configuration": [{"alarms": [{"alarm_name": each} for each in alarms]}]}],
    }


@pytest.mark.parametrize(
    ("address", "before", "after", "rule"),
    [
        ("aws_sagemaker_domain.x", None, {"app_network_access_type": "PublicInternetOnly"}, "MLR511"),
        ("aws_sagemaker_domain.x", {"app_network_access_type": "VpcOnly"},
         {"app_network_access_type": "PublicInternetOnly"}, "MLR511"),
        ("aws_sagemaker_model.x", {"enable_network_isolation": True}, {"enable_network_isolation": False}, "MLR511"),
        ("aws_sagemaker_endpoint.x", rollback("a", "b"), rollback("a"), "MLR513"),
        ("aws_sagemaker_endpoint.x", rollback("a"), {"name": "e", "deployment_config": []}, "MLR513"),
        ("aws_appautoscaling_target.x", {"max_capacity": 8}, {"max_capacity": 1}, "MLR514"),
        ("aws_lambda_function.x", dry_run("false"), dry_run("true"), "MLR512"),
        ("aws_lambda_function.x", {"function_name": "recsys-dev-janitor"}, None, "MLR512"),
        ("aws_scheduler_schedule.x", {"name": "recsys-dev-janitor", "state": "ENABLED"},
         {"name": "recsys-dev-janitor", "state": "DISABLED"}, "MLR512"),
        ("aws_sagemaker_domain.x", idle(lifecycle_management="ENABLED"), idle(lifecycle_management="DISABLED"),
         "MLR512"),
        ("aws_sagemaker_domain.x", idle(max_idle_timeout_in_minutes=120), idle(max_idle_timeout_in_minutes=10080),
         "MLR512"),
        ("aws_sagemaker_model.x", model(f"{REGISTRY}/ranker:1"),
         model(f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com/ranker:1"), "MLR516"),
    ],
)  # fmt: skip
def test_a_workload_that_loses_a_limit_is_held(
    tmp_path: Path, address: str, before: Values | None, after: Values | None, rule: str
) -> None:
    assert (rule, "hold") in rules_of(tmp_path, change(address, before, after))


def unnamed(count: int) -> tuple[Values, Values]:
    """An endpoint with alarms whose names are known after apply, and the marks of these values."""
    marks = [{"auto_rollback_configuration": [{"alarms": [{"alarm_name": True}] * count}]}]
    planned = [{"auto_rollback_configuration": [{"alarms": [{}] * count}]}]
    return {"name": "e", "deployment_config": planned}, {"deployment_config": marks}


def test_alarms_that_are_replaced_with_their_configuration_still_roll_an_endpoint_back(tmp_path: Path) -> None:
    after, unknown = unnamed(2)
    assert rules_of(tmp_path, change("aws_sagemaker_endpoint.x", rollback("a", "b"), after, unknown=unknown)) == set()


def test_fewer_alarms_of_a_new_configuration_are_held(tmp_path: Path) -> None:
    after, unknown = unnamed(1)
    found = rules_of(tmp_path, change("aws_sagemaker_endpoint.x", rollback("a", "b"), after, unknown=unknown))
    assert ("MLR513", "hold") in found


def test_a_digest_that_becomes_a_tag_is_a_warning(tmp_path: Path) -> None:
    pinned = model(f"{REGISTRY}/ranker@sha256:{'a' * 64}")
    found = rules_of(tmp_path, change("aws_sagemaker_model.x", pinned, model(f"{REGISTRY}/ranker:latest")))
    assert found == {("MLR515", "warning")}


def test_a_new_tag_of_the_same_repository_has_no_finding(tmp_path: Path) -> None:
    before, after = (model(f"{REGISTRY}/ranker:{tag}") for tag in (1, 2))
    assert rules_of(tmp_path, change("aws_sagemaker_model.x", before, after)) == set()


def test_a_changed_hand_over_value_is_a_warning(tmp_path: Path) -> None:
    before, after = ({"name": "/mlinfra/recsys/dev/foundation/vpc", "insecure_value": each} for each in ("a", "b"))
    report = reviewed(tmp_path, change("aws_ssm_parameter.x", before, after), **IN_OWN_ACCOUNT)
    assert texts(report) == {"MLR517": "The value of `/mlinfra/recsys/dev/foundation/vpc` changes from `a` to `b`."}
