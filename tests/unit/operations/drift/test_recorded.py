"""Plans that Terraform 1.11.4 and the AWS provider 5.100.0 made of one stack, before and after changes by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlinfra.operations.drift.reasons import is_mirror, left_to_others
from mlinfra.operations.drift.recorded import Read, pending_of, read, resources_of
from tests.conftest import ROOT

PLANS = ROOT / "tests" / "unit" / "operations" / "drift" / "plans"


def stored(name: str) -> Any:
    return json.loads((PLANS / f"{name}.json").read_text())


def found(result: Read) -> dict[tuple[str, str], tuple[Any, Any]]:
    return {(each.address, each.attribute): (each.before, each.after) for each in result.differences}


def test_a_stack_as_it_was_applied_has_no_drift_and_says_what_was_left_out() -> None:
    result = read("dev-data", stored("clean"), stored("stack"))
    assert result.differences == ()
    assert {(each.address, each.attribute) for each in result.left_out} == {
        ("aws_iam_role.nodes", "inline_policy"),
        ("aws_iam_role.nodes", "managed_policy_arns"),
        ("aws_s3_bucket.lake", "policy"),
        ("aws_s3_bucket.lake", "versioning"),
        ("aws_security_group.nodes", "ingress"),
    }


def test_what_was_changed_by_hand_is_found() -> None:
    result = read("dev-data", stored("drift"), stored("stack"))
    drift = {key: value for key, value in found(result).items() if "Statement" not in key[1]}
    assert drift == {
        ("aws_autoscaling_group.nodes", "desired_capacity"): (0, 1),
        ("aws_autoscaling_schedule.evening", "deleted"): ("there", "gone"),
        ("aws_cloudwatch_metric_alarm.idle", "actions_enabled"): (True, False),
        ("aws_launch_template.nodes", "instance_type"): ("g5.xlarge", "p4d.24xlarge"),
        ("aws_s3_bucket.lake", "tags.Zone"): ("raw", "hot"),
        ("aws_s3_bucket_versioning.lake", "versioning_configuration[0].status"): ("Enabled", "Suspended"),
        ("aws_sqs_queue.dead", "deleted"): ("there", "gone"),
        ("aws_ssm_parameter.limit", "value"): ("(sensitive value)", "(another sensitive value)"),
        ("aws_ssm_parameter.secret", "value"): ("(sensitive value)", "(another sensitive value)"),
    }
    assert [key[1] for key in found(result) if "Statement" in key[1]] == [
        'policy.Statement["Open"]',
        'policy.Statement["Tls"]',
    ]


def test_no_sensitive_value_is_in_what_is_found() -> None:
    assert "hunter" not in repr(read("dev-data", stored("drift"), stored("stack")))


def test_what_the_stack_ignores_is_left_to_others() -> None:
    result = read("dev-data", stored("drift"), stored("stack"))
    assert [each.label for each in result.differences if each.standing == "left to others"] == [
        "aws_autoscaling_group.nodes desired_capacity"
    ]


def test_a_count_of_versions_is_drift_where_it_is_all_that_is_seen() -> None:
    plan = stored("drift")
    for each in plan["resource_drift"]:
        if each["type"] == "aws_launch_template":
            each["change"]["after"]["instance_type"] = "g5.xlarge"
    assert found(read("dev-data", plan, stored("stack")))["aws_launch_template.nodes", "latest_version"] == (1, 2)


def test_a_bucket_without_a_versioning_resource_tells_of_its_versioning_itself() -> None:
    plan = stored("clean")
    resources = plan["prior_state"]["values"]["root_module"]["resources"]
    resources[:] = [each for each in resources if each["type"] != "aws_s3_bucket_versioning"]
    assert found(read("dev-data", plan, stored("stack"))) == {
        ("aws_s3_bucket.lake", "versioning[0].enabled"): (False, True)
    }


def test_an_address_shows_the_gateway_that_has_it_and_no_other() -> None:
    gateways = {"aws_nat_gateway": [{"allocation_id": "eipalloc-1"}]}
    assert is_mirror({"id": "eipalloc-1"}, "aws_eip", "private_ip", gateways)
    assert not is_mirror({"id": "eipalloc-2"}, "aws_eip", "private_ip", gateways)
    assert not is_mirror({"id": "eipalloc-1"}, "aws_eip", "public_ip", gateways)


def test_a_deleted_tag_of_all_resources_is_told_though_the_resource_itself_has_it_not() -> None:
    plan = stored("drift")
    for each in plan["resource_drift"]:
        if each["address"] == "aws_s3_bucket.lake":
            each["change"]["after"]["tags_all"].pop("Team")
    assert found(read("dev-data", plan, stored("stack")))["aws_s3_bucket.lake", "tags_all.Team"] == ("ml", None)


def test_resources_that_are_gone_are_known_too() -> None:
    there = {each.address: each for each in resources_of(stored("drift"), stored("stack"))}
    assert there["aws_sqs_queue.dead"].names[-1] == "dead"
    assert there["aws_s3_bucket.lake"].configured["bucket"] == "recsys-local-lake"


def test_what_a_module_says_of_its_resources_is_known() -> None:
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
    (difference,) = read("dev-data", plan, {}).differences
    assert (difference.attribute, difference.before, difference.after) == ("ingress[0].from_port", 443, 22)


def test_what_is_not_applied_yet_is_what_a_plan_would_do() -> None:
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
    assert left_to_others(path, ignored) is is_left
