from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from mlinfra.errors import OperationError
from mlinfra.operations.review import review
from mlinfra.operations.review.as_json import to_json
from mlinfra.operations.review.markdown import to_markdown
from mlinfra.operations.review.plan import read_plan
from tests.unit.operations.review.plans import TODAY, allow, change, policy, reviewed, texts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04", "is a binary plan of Terraform. Convert it to JSON: terraform show -json"),
        (b"\xff\xfe{}", "cannot be read: the file is not UTF-8 text"),
        (b"", "is not a plan in JSON: Expecting '{'"),
        (b'{"format_version": "1.2", "values": {}}', "is a state, not a plan"),
        (b"{}", "it has no resource_changes"),
        (b"[]", "is not a plan in JSON"),
        (b'{"resource_changes": [}', "is not a plan in JSON"),
        (b'{"resource_changes": []', "is not a plan in JSON"),
        (b'{"resource_changes": []} x', "unexpected text after the end"),
        (b'{"format_version": "2.0", "resource_changes": []}', "has format version 2.0"),
        (b'{"@level":"info"}\n{"@level":"info"}', "appears to be the log of terraform plan -json"),
    ],
)
def test_a_file_that_is_not_a_plan_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(OperationError, match=re.escape(message)):
        read_plan(path)


def test_a_missing_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="cannot be read: No such file or directory"):
        review([tmp_path / "gone.json"], root=tmp_path, today=TODAY)


def test_a_review_without_plans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="No plan was given"):
        review([], root=tmp_path, today=TODAY)


def test_the_name_of_the_stack_is_read_from_about_json(tmp_path: Path) -> None:
    folder = tmp_path / "plans" / "folder"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text('{"resource_changes": []}')
    assert read_plan(folder).stack == read_plan(folder / "plan.json").stack == "folder"
    (folder / "about.json").write_text('{"stack": "dev-data"}')
    assert read_plan(folder).stack == "dev-data"


def test_an_empty_plan_has_no_findings(tmp_path: Path) -> None:
    report = reviewed(tmp_path)
    assert (report.exit_code, report.findings) == (0, ())


def test_a_plan_in_which_terraform_failed_is_held(tmp_path: Path) -> None:
    assert texts(reviewed(tmp_path, errored=True)) == {"MLR001": "Terraform failed while planning."}


def test_a_plan_with_deferred_changes_is_held(tmp_path: Path) -> None:
    report = reviewed(tmp_path, complete=False, deferred_changes=[{}, {}])
    assert texts(report) == {"MLR002": "The plan defers changes: 2 changes."}


def test_an_action_of_a_newer_terraform_is_held(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("null_resource.x", {}, {}, actions=["transmute"]))
    assert texts(report) == {"MLR003": "Unsupported actions: `transmute`."}


def test_a_deposed_object_is_reported(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_s3_bucket.x", {"bucket": "b"}, None, deposed="0a1b2c3d"))
    assert texts(report)["MLR101"].endswith("the deposed object of an interrupted replacement.")


TEXTS = st.text(max_size=5)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return LEAVES | st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)


ANYTHING = nested(nested(LEAVES))
TYPES = (
    "aws_autoscaling_group",
    "aws_batch_compute_environment",
    "aws_dynamodb_table",
    "aws_iam_role",
    "aws_iam_role_policy_attachment",
    "aws_instance",
    "aws_kms_key",
    "aws_lambda_permission",
    "aws_launch_template",
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_policy",
    "aws_security_group",
    "aws_security_group_rule",
    "aws_vpc_security_group_ingress_rule",
)
ATTRIBUTES = (
    *("assume_role_policy", "bucket", "desired_capacity", "id", "ingress", "inline_policy", "instance_refresh"),
    *("launch_template", "managed_policy_arns", "max_size", "mixed_instances_policy", "name", "policy", "policy_arn"),
    *("retention_in_days", "role", "rule", "security_group_id", "tags_all", "ttl", "versioning", "cidr_blocks"),
)
VALUES = ANYTHING | st.dictionaries(st.sampled_from(ATTRIBUTES), ANYTHING, max_size=6)
ACTIONS = st.sampled_from(
    [
        ["create"],
        ["update"],
        ["delete"],
        ["delete", "create"],
        ["create", "delete"],
        ["no-op"],
        ["forget"],
        [],
        None,
        "x",
    ]
)


@given(
    kind=st.sampled_from(TYPES),
    inner=st.fixed_dictionaries(
        {"actions": ACTIONS},
        optional=dict.fromkeys(
            ("before", "after", "after_unknown", "before_sensitive", "after_sensitive", "replace_paths"), VALUES
        ),
    ),
    outer=st.dictionaries(st.sampled_from(["mode", "previous_address", "deposed", "action_reason"]), ANYTHING),
    configuration=ANYTHING,
)
@example(
    kind="aws_iam_role_policy_attachment",
    inner={"actions": ["delete"], "before": {"role": []}},
    outer={},
    configuration=None,
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_plan_of_any_shape_is_reviewed(
    tmp_path: Path, kind: str, inner: dict[str, Any], outer: dict[str, Any], configuration: Any
) -> None:
    raw = {"address": f"{kind}.x", "type": kind, "change": inner, **outer}
    report = reviewed(tmp_path, raw, configuration={"root_module": configuration})
    to_markdown(report)
    json.loads(to_json(report))


def test_a_failed_plan_is_not_reported_as_deferred(tmp_path: Path) -> None:
    assert set(texts(reviewed(tmp_path, errored=True, complete=False))) == {"MLR001"}


def test_an_unknown_value_has_the_name_of_its_reference(tmp_path: Path) -> None:
    address = 'module.a["x.y"].aws_iam_role_policy.p["k"]'
    role = 'module.a["x.y"].aws_iam_role.r["k"]'
    code = {
        "address": "aws_iam_role_policy.p",
        "for_each_expression": {"references": ["aws_iam_role.r"]},
        "expressions": {"role": {"references": ["each.value.id", "each.value"]}},
    }
    report = reviewed(
        tmp_path,
        change(
            role,
            {"name": "trainer"},
            {"name": "trainer"},
            actions=["delete", "create"],
            unknown={"id": True},
            type="aws_iam_role",
        ),
        change(address, None, {"policy": policy(allow("s3:Get"))}, unknown={"role": True}, type="aws_iam_role_policy"),
        configuration={"root_module": {"module_calls": {"a": {"module": {"resources": [code]}}}}},
    )
    # The role was there before, although its id is not known.
    assert texts(report) == {"MLR201": "Role `trainer` is now also allowed `s3:Get` on `*`."}


def test_an_action_of_a_provider_that_is_invoked_is_held(tmp_path: Path) -> None:
    invoked = [{"address": "action.aws_ec2_stop_instance.nodes", "type": "aws_ec2_stop_instance", "name": "nodes"}]
    report = reviewed(tmp_path, action_invocations=invoked)
    assert texts(report) == {"MLR006": "`action.aws_ec2_stop_instance.nodes` is invoked."}
    assert report.exit_code == 3


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.9"])
def test_minor_versions_of_the_format_are_read(tmp_path: Path, version: str) -> None:
    plan = {"format_version": version, "resource_changes": [change("aws_s3_bucket.x", {"bucket": "lake"}, None)]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert set(texts(review([tmp_path / "plan.json"], root=tmp_path, today=TODAY))) == {"MLR101"}
