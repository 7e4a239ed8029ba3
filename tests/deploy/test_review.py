"""Review of plans that Terraform made of a configuration without mlinfra, after many changes."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from typer.testing import CliRunner

from mlinfra.catalog import on_demand_prices
from mlinfra.cli.main import app
from mlinfra.operations.review import review
from mlinfra.operations.review.as_json import to_json
from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.markdown import to_markdown
from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from mlinfra.operations.review import Report

    Texts: TypeAlias = Callable[[str], dict[str, str]]

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("review")]

SOURCES = Path(__file__).parent / "reviewed"
TODAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory, deployable: Path) -> Terraform:
    """The configuration before its changes, applied."""
    folder = tmp_path_factory.mktemp("reviewed") / "somebody"
    shutil.copytree(SOURCES / "images", folder / "images")
    shutil.copyfile(SOURCES / "before.tf", folder / "main.tf")
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    boto3.client("s3").create_bucket(Bucket="review-imported")
    made = Terraform(folder, deployable)
    made.init()
    made.plan(folder / "first.tfplan")
    made.apply(folder / "first.tfplan")
    return made


@pytest.fixture(scope="module")
def plan(terraform: Terraform) -> Path:
    """The plan of all changes, as JSON."""
    shutil.copyfile(SOURCES / "after.tf", terraform.directory / "main.tf")
    terraform.plan(terraform.directory / "tfplan")
    path = terraform.directory / "plan.json"
    path.write_text(json.dumps(terraform.show(terraform.directory / "tfplan")), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def report(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return review([plan], root=tmp_path_factory.mktemp("root"), today=TODAY)


@pytest.fixture(scope="module")
def found(report: Report) -> Texts:
    """The texts of one rule's findings, by address."""

    def texts(rule: str) -> dict[str, str]:
        return {each.address: each.text for each in report.findings if each.id == rule}

    return texts


def kinds(report: Report) -> dict[str, Kind]:
    return {each.address: each.kind for each in report.stacks[0].changes}


def test_all_kinds_of_changes_are_distinguished(report: Report) -> None:
    told = kinds(report)
    assert told["aws_iam_role.new"] is Kind.CREATE
    assert told["aws_cloudwatch_log_group.training"] is Kind.UPDATE
    assert told["aws_dynamodb_table.runs"] is Kind.REPLACE
    assert told["aws_sns_topic.first"] is Kind.REPLACE_CREATE_FIRST
    assert told["module.images[1].aws_ecr_repository.this"] is Kind.DESTROY
    assert told["aws_cloudwatch_log_group.left"] is Kind.FORGET
    (imported,) = [each for each in report.stacks[0].changes if each.imports]
    assert (imported.address, imported.imports) == ("aws_s3_bucket.imported", "review-imported")
    (moved,) = [each for each in report.stacks[0].changes if each.moved_from]
    assert (moved.address, moved.moved_from) == (
        "aws_cloudwatch_log_group.new_name",
        "aws_cloudwatch_log_group.old_name",
    )


def test_data_sources_and_unchanged_resources_are_not_reported(report: Report) -> None:
    assert not [address for address in kinds(report) if ".data." in address or address.startswith("data.")]
    assert "aws_vpc.net" not in kinds(report)


def test_a_replacement_names_the_attributes_that_force_it(report: Report) -> None:
    forced = {each.address: each.forced_by for each in report.stacks[0].changes if each.forced_by}
    assert forced["aws_dynamodb_table.runs"] == ("hash_key",)
    assert forced["aws_sagemaker_model.ranker"] == ("primary_container[0].image",)


def test_data_that_is_destroyed_or_replaced_is_held(found: Texts) -> None:
    assert set(found("MLR101")) == {
        "aws_s3_bucket.scratch",
        'aws_cloudwatch_log_group.each["b|`*x*` @all"]',
        "module.images[1].aws_cloudwatch_log_group.this",
        "module.images[1].aws_ecr_repository.this",
    }
    assert "emptied first" in found("MLR101")["aws_s3_bucket.scratch"]
    assert set(found("MLR102")) == {"aws_dynamodb_table.runs"}


def test_lost_protection_of_kept_data_is_held(found: Texts) -> None:
    assert set(found("MLR111")) == {"aws_s3_bucket_versioning.lake"}
    assert "changes from `365` to `30`" in found("MLR113")["aws_cloudwatch_log_group.training"]
    assert set(found("MLR114")) == {"aws_s3_bucket_public_access_block.lake"}
    assert set(found("MLR115")) == {"aws_dynamodb_table.runs"}
    assert found("MLR116") == {}


def test_permissions_are_reported_in_words(found: Texts) -> None:
    assert found("MLR201") == {
        "aws_iam_role_policy.trainer": (
            "Role `review-trainer` is now also allowed `s3:DeleteObject` on `arn:aws:s3:::review-lake/*`."
        )
    }
    assert found("MLR205") == {
        "aws_iam_role.trainer": "`arn:aws:iam::999999999999:root` may now assume role `review-trainer`."
    }


def test_an_unreadable_policy_of_an_existing_role_is_held(found: Texts) -> None:
    assert set(found("MLR208")) == {"aws_iam_role_policy.secret"}
    assert set(found("MLR209")) == {"aws_iam_role_policy.new"}


def test_an_opened_port_is_held(found: Texts) -> None:
    (text,) = found("MLR301").values()
    assert text.endswith("now allows port 22 (tcp) inbound from `0.0.0.0/0`.")


def test_clusters_that_are_replaced_shrunk_or_refreshed_are_held(found: Texts) -> None:
    assert set(found("MLR401")) == {"aws_autoscaling_group.replaced"}
    assert set(found("MLR402")) == {"aws_autoscaling_group.shrunk"}
    assert "these attributes change: `launch_template`" in found("MLR403")["aws_autoscaling_group.shrunk"]


def test_endpoints_that_become_unavailable_are_held(found: Texts) -> None:
    assert set(found("MLR501")) == {"aws_sagemaker_endpoint.ranker"}
    assert set(found("MLR502")) == {"aws_sagemaker_model.ranker"}


def test_missing_tags_are_reported(found: Texts) -> None:
    assert "`Team`" in found("MLR601")["aws_launch_template.nodes"]


def test_the_cost_contains_instances_and_lists_unknown_prices(report: Report) -> None:
    cost = report.stacks[0].cost
    before, after = cost.instances
    g5_xlarge, g5_2xlarge = (on_demand_prices()[each] for each in ("g5.xlarge", "g5.2xlarge"))
    assert before == pytest.approx((2 * 730 * g5_xlarge, 6 * 730 * g5_xlarge))
    assert after == pytest.approx((1 * 730 * g5_2xlarge, 3 * 730 * g5_2xlarge))
    services = {line.type for line in cost.comparison.after.lines}
    assert {"aws_dynamodb_table", "aws_s3_bucket", "aws_sagemaker_endpoint"} <= services
    assert cost.unknown == ()


def test_reports_do_not_contain_sensitive_values(report: Report) -> None:
    for written in (to_markdown(report), to_json(report)):
        assert "hunter2" not in written
        assert "aws_ssm_parameter.token" in written


def test_untrusted_names_are_escaped_in_markdown(report: Report) -> None:
    written = to_markdown(report)
    assert "@all" not in written
    assert "`*x*`" not in written


def test_the_command_holds_the_plan(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["review", str(plan), "--out", "report.md"])
    assert answer.exit_code == 3, answer.output
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("# Plan review: ")


def test_unknown_activity_of_a_cluster_counts_as_busy(plan: Path, tmp_path: Path) -> None:
    asked = review([plan], root=tmp_path, today=TODAY, live=True)
    texts = {each.address: each.text for each in asked.held if each.id == "MLR411"}
    assert texts["aws_autoscaling_group.shrunk"].startswith("Jobs may run on `review-shrunk`: `its records could not")
    (idle,) = [each for each in asked.findings if each.id == "MLR412"]
    assert (idle.address, idle.text) == (
        "aws_autoscaling_group.replaced",
        "No jobs run on `review-replaced`: `it has no nodes`.",
    )
