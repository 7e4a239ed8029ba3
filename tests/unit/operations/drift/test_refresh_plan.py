"""Plans that Terraform 1.11.4 and the AWS provider 5.100.0 made of one stack, before and after changes by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlinfra.operations.drift.reasons import is_ignored_by_stack, is_mirror
from mlinfra.operations.drift.refresh_plan import PlanDifferences, differences_in, pending_of, resources_of
from tests.conftest import ROOT

PLANS = ROOT / "tests" / "unit" / "operations" / "drift" / "plans"


def stored(name: str) -> Any:
    return json.loads((PLANS / f"{name}.json").read_text())


def found(result: PlanDifferences) -> dict[tuple[str, str], tuple[Any, Any]]:
    return {(each.address, each.attribute): (each.before, each.after) for each in result.differences}


def test_an_unchanged_stack_has_no_drift_and_lists_omissions() -> None:
    result = differences_in("dev-data", stored("clean"), stored("stack"))
    assert result.differences == ()
    assert {(each.address, each.attribute) for each in result.left_out} == {
        ("aws_iam_role.nodes", "inline_policy"),
        ("aws_iam_role.nodes", "managed_policy_arns"),
        ("aws_s3_bucket.lake", "policy"),
        ("aws_s3_bucket.lake", "versioning"),
        ("aws_security_group.nodes", "ingress"),
    }


def test_manual_changes_are_found() -> None:
    result = differences_in("dev-data", stored("drift"), stored("stack"))
    drift = {key: value for key, value in found(result).items() if "Statement" not in key[1]}
    assert drift == {
        ("aws_autoscaling_group.nodes", "desired_capacity"): (0, 1),
        ("aws_autoscaling_schedule.evening", "deleted"): ("exists", "deleted"),
        ("aws_cloudwatch_metric_alarm.idle", "actions_enabled"): (True, False),
        ("aws_launch_template.nodes", "instance_type"): ("g5.xlarge", "p4d.24xlarge"),
        ("aws_s3_bucket.lake", "tags.Zone"): ("raw", "hot"),
        ("aws_s3_bucket_versioning.lake", "versioning_configuration[0].status"): ("Enabled", "Suspended"),
        ("aws_sqs_queue.dead", "deleted"): ("exists", "deleted"),
        ("aws_ssm_parameter.limit", "value"): ("(sensitive value)", "(different sensitive value)"),
        ("aws_ssm_parameter.secret", "value"): ("(sensitive value)", "(different sensitive value)"),
    }
    assert [key[1] for key in found(result) if "Statement" in key[1]] == [
        'policy.Statement["Open"]',
        'policy.Statement["Tls"]',
    ]


def refreshed(address: str, before: dict[str, Any], after: dict[str, Any]) -> PlanDifferences:
    """Differences of the unchanged stack if these attributes of a resource differ from the stored plan."""
    plan = stored("drift")
    (resource,) = (each for each in plan["resource_drift"] if each["address"] == address)
    resource["change"]["after"] = {**resource["change"]["before"], **after}
    resource["change"]["before"] |= before
    plan["resource_drift"] = [resource]
    return differences_in("dev-data", plan, stored("stack"))


def test_attributes_that_the_provider_6_adds_to_a_state_of_provider_5_are_not_drift() -> None:
    template = refreshed("aws_launch_template.nodes", {}, {"region": "us-east-1"})
    bucket = refreshed("aws_s3_bucket.lake", {}, {"bucket_region": "us-east-1", "bucket_namespace": None})
    assert (found(template), found(bucket)) == ({}, {})
    reason = "AWS provider 6 records it, and provider 5, which wrote the state, does not have it"
    assert [(each.attribute, each.reason) for each in template.left_out] == [("region", reason)]
    assert [(each.attribute, each.reason) for each in bucket.left_out] == [("bucket_region", reason)]


def test_an_attribute_of_both_providers_that_appears_is_drift() -> None:
    result = refreshed("aws_launch_template.nodes", {"key_name": None}, {"key_name": "ana"})
    assert found(result) == {("aws_launch_template.nodes", "key_name"): (None, "ana")}


def test_a_region_that_changes_is_drift() -> None:
    result = refreshed("aws_launch_template.nodes", {"region": "us-east-1"}, {"region": "eu-west-1"})
    assert found(result) == {("aws_launch_template.nodes", "region"): ("us-east-1", "eu-west-1")}


def test_differences_do_not_contain_sensitive_values() -> None:
    assert "hunter" not in repr(differences_in("dev-data", stored("drift"), stored("stack")))


def test_attributes_in_ignore_changes_are_not_drift() -> None:
    result = differences_in("dev-data", stored("drift"), stored("stack"))
    assert [each.label for each in result.differences if each.status == "not_managed"] == [
        "aws_autoscaling_group.nodes desired_capacity"
    ]


def test_the_size_of_a_group_that_the_stack_does_not_declare_is_operated() -> None:
    change = {"actions": ["update"], "before": {"desired_capacity": 2}, "after": {"desired_capacity": 0}}
    group = {"address": "aws_autoscaling_group.x", "type": "aws_autoscaling_group", "name": "x", "change": change}
    adopted = {"resource": {"aws_autoscaling_group": {"x": {"min_size": 0, "max_size": 2}}}}
    (found,) = differences_in("dev-adopted", {"resource_drift": [group]}, adopted).differences
    assert (found.status, found.before, found.after) == ("not_managed", 2, 0)
    assert found.reason == "the stack does not declare it, so that Terraform keeps what scaling and operators set"


def test_the_declared_size_of_a_group_is_drift() -> None:
    change = {"actions": ["update"], "before": {"desired_capacity": 2}, "after": {"desired_capacity": 0}}
    group = {"address": "aws_autoscaling_group.x", "type": "aws_autoscaling_group", "name": "x", "change": change}
    declared = {"resource": {"aws_autoscaling_group": {"x": {"desired_capacity": 2}}}}
    (found,) = differences_in("dev-data", {"resource_drift": [group]}, declared).differences
    assert found.status == "drift"


def test_a_version_number_is_drift_if_nothing_else_differs() -> None:
    plan = stored("drift")
    for each in plan["resource_drift"]:
        if each["type"] == "aws_launch_template":
            each["change"]["after"]["instance_type"] = "g5.xlarge"
    assert found(differences_in("dev-data", plan, stored("stack")))["aws_launch_template.nodes", "latest_version"] == (
        1,
        2,
    )


def test_versioning_of_a_bucket_is_compared_without_a_versioning_resource() -> None:
    plan = stored("clean")
    resources = plan["prior_state"]["values"]["root_module"]["resources"]
    resources[:] = [each for each in resources if each["type"] != "aws_s3_bucket_versioning"]
    assert found(differences_in("dev-data", plan, stored("stack"))) == {
        ("aws_s3_bucket.lake", "versioning[0].enabled"): (False, True)
    }


def test_an_address_repeats_only_the_gateway_that_uses_it() -> None:
    gateways = {"aws_nat_gateway": [{"allocation_id": "eipalloc-1"}]}
    assert is_mirror({"id": "eipalloc-1"}, "aws_eip", "private_ip", gateways)
    assert not is_mirror({"id": "eipalloc-2"}, "aws_eip", "private_ip", gateways)
    assert not is_mirror({"id": "eipalloc-1"}, "aws_eip", "public_ip", gateways)


def test_a_deleted_default_tag_is_reported() -> None:
    plan = stored("drift")
    for each in plan["resource_drift"]:
        if each["address"] == "aws_s3_bucket.lake":
            each["change"]["after"]["tags_all"].pop("Team")
    assert found(differences_in("dev-data", plan, stored("stack")))["aws_s3_bucket.lake", "tags_all.Team"] == (
        "ml",
        None,
    )


def test_deleted_resources_are_listed() -> None:
    there = {each.address: each for each in resources_of(stored("drift"), stored("stack"))}
    assert there["aws_sqs_queue.dead"].names[-1] == "dead"
    assert there["aws_s3_bucket.lake"].configured["bucket"] == "recsys-local-lake"


def test_the_configuration_of_resources_in_modules_is_found() -> None:
    group = {"type": "aws_security_group", "name": "own", "expressions": {"ingress": [{}]}}
    inner = {"module": {"resources": [group]}}
    plan = {
        "configuration": {"root_module": {"module_calls": {"net": {"module": {"module_calls": {"in-vpc": inner}}}}}},
        "resource_drift": [
            {
                "address": 'module.net["a.b"].module.in-vpc.aws_security_group.own',
                "type": "aws_security_group",
                "name": "own",
                "change": {
                    "actions": ["update"],
                    "before": {"ingress": [{"from_port": 443}]},
                    "after": {"ingress": [{"from_port": 22}]},
                },
            }
        ],
    }
    (difference,) = differences_in("dev-data", plan, {}).differences
    assert (difference.attribute, difference.before, difference.after) == ("ingress[0].from_port", 443, 22)


def test_pending_changes_are_those_of_a_plan() -> None:
    plan = {
        "resource_changes": [
            {"address": "aws_vpc.a", "mode": "managed", "change": {"actions": ["no-op"]}},
            {"address": "aws_vpc.b", "mode": "managed", "change": {"actions": ["delete", "create"]}},
            {"address": "data.aws_vpc.c", "mode": "data", "change": {"actions": ["read"]}},
        ]
    }
    assert [(each.address, each.actions) for each in pending_of(plan)] == [("aws_vpc.b", ("delete", "create"))]


@pytest.mark.parametrize(
    ("path", "ignored", "is_left"),
    [
        ("desired_capacity", ["desired_capacity"], True),
        ("desired_capacity_type", ["desired_capacity"], False),
        ("scaling_config[0].desired_size", ["scaling_config[0].desired_size"], True),
        ("scaling_config[0].max_size", ["scaling_config[0].desired_size"], False),
        ("tags.Owner", ['tags["Owner"]'], True),
        ("tags.Owner", ["tags"], True),
        ("anything[0].at", ["all"], True),
        ("anything", [], False),
    ],
)
def test_ignore_changes_is_read_as_terraform_reads_it(path: str, ignored: list[str], is_left: bool) -> None:  # noqa: FBT001
    assert is_ignored_by_stack(path, ignored) is is_left


def drift_of(type_: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Drift of one resource, by attribute."""
    change = {"actions": ["update"], "before": before, "after": after}
    raw = {"address": f"{type_}.x", "type": type_, "name": "x", "change": change}
    found = differences_in("dev-data", {"resource_drift": [raw]}, {}).differences
    return {each.attribute: (each.before, each.after) for each in found}


def test_the_first_tag_of_a_resource_is_reported_once() -> None:
    before = {"tags": None, "tags_all": {"Team": "ml"}}
    after = {"tags": {"Zone": "hot"}, "tags_all": {"Team": "ml", "Zone": "hot"}}
    assert drift_of("aws_sqs_queue", before, after) == {"tags.Zone": (None, "hot")}


def test_a_disabled_rule_of_eventbridge_is_reported_once() -> None:
    before, after = {"state": "ENABLED", "is_enabled": True}, {"state": "DISABLED", "is_enabled": False}
    assert drift_of("aws_cloudwatch_event_rule", before, after) == {"state": ("ENABLED", "DISABLED")}


def test_disabled_key_rotation_is_reported_once() -> None:
    before = {"enable_key_rotation": True, "rotation_period_in_days": 365}
    after = {"enable_key_rotation": False, "rotation_period_in_days": 0}
    assert drift_of("aws_kms_key", before, after) == {"enable_key_rotation": (True, False)}


def test_another_rotation_period_is_reported_although_another_attribute_differs() -> None:
    before = {"enable_key_rotation": True, "rotation_period_in_days": 365, "description": "a"}
    after = {"enable_key_rotation": True, "rotation_period_in_days": 2560, "description": "b"}
    assert set(drift_of("aws_kms_key", before, after)) == {"description", "rotation_period_in_days"}
