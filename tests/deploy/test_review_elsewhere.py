"""Review of plans of another company's Terraform: modules, for_each, and other conventions."""

from __future__ import annotations

import json
import shutil
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.review import review
from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import ROOT

if TYPE_CHECKING:
    from mlinfra.operations.review import Report

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("review-elsewhere")]

SOURCES = Path(__file__).parent / "reviewed" / "elsewhere"
NEW = 'module.service["new.one"].aws_'


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory, deployable: Path) -> Terraform:
    folder = tmp_path_factory.mktemp("elsewhere") / "elsewhere"
    shutil.copytree(SOURCES, folder)
    with zipfile.ZipFile(folder / "service" / "main.zip", "w") as archive:
        archive.writestr("main.py", "def handler(event, context): ...\n")
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    made = Terraform(folder, deployable)
    made.init()
    return made


def reviewed(terraform: Terraform, folder: Path) -> Report:
    terraform.plan(terraform.directory / "tfplan")
    path = folder / "plan.json"
    path.write_text(json.dumps(terraform.show(terraform.directory / "tfplan")), encoding="utf-8")
    return review([path], root=folder, today=date(2026, 11, 26))


@pytest.fixture(scope="module")
def first(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report about the first plan, in which everything is new."""
    return reviewed(terraform, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def later(terraform: Terraform, first: Report, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The texts of what is found in the change, by rule and address."""
    del first
    terraform.apply(terraform.directory / "tfplan")
    (terraform.directory / "terraform.tfvars").write_text("later = true\n")
    report = reviewed(terraform, tmp_path_factory.mktemp("later"))
    found: dict[str, dict[str, str]] = {}
    for each in report.findings:
        found.setdefault(each.id, {})[each.address] = each.text
    return found


def test_of_new_resources_only_access_by_others_is_held(first: Report) -> None:
    assert {(each.id, each.address) for each in first.held} == {
        ("MLR206", 'module.service["api"].aws_lambda_function_url.this'),
    }
    (admitted,) = [each for each in first.findings if each.id == "MLR214"]
    # The account of the plan is known from its data source: its own root is a warning, another account would be held.
    assert (admitted.address, admitted.text) == (
        "aws_iam_role.partner",
        "`arn:aws:iam::123456789012:root` may assume role `elsewhere-partner`.",
    )


def test_a_deleting_rule_of_an_existing_bucket_is_held(later: dict[str, dict[str, str]]) -> None:
    assert set(later["MLR116"]) == {'aws_s3_bucket_lifecycle_configuration.zones["elsewhere-raw"]'}


def test_a_public_access_control_list_is_held(later: dict[str, dict[str, str]]) -> None:
    text = "The access control list of `elsewhere-raw` grants access to unauthenticated principals."
    assert later["MLR114"] == {"aws_s3_bucket_acl.raw[0]": text}


def test_a_removed_key_is_reported(later: dict[str, dict[str, str]]) -> None:
    text = later["MLR112"]["aws_s3_bucket_server_side_encryption_configuration.raw"]
    assert text.endswith("to (not set).")


def test_an_account_and_the_arn_of_its_root_are_the_same_principal(later: dict[str, dict[str, str]]) -> None:
    text = "`arn:aws:iam::999999999999:root` may now assume role `elsewhere-partner`."
    assert later["MLR205"] == {"aws_iam_role.partner": text}


def test_permissions_are_found_for_all_ways_to_grant_them(later: dict[str, dict[str, str]]) -> None:
    assert later["MLR203"] == {
        "aws_iam_policy_attachment.everyone[0]": (
            "The policy `arn:aws:iam::aws:policy/IAMFullAccess` is attached to role `elsewhere-partner`."
        )
    }
    found = later["MLR201"]
    assert set(found) == {
        "aws_iam_group_membership.admins",
        "aws_iam_role_policy_attachments_exclusive.partner",
        "aws_iam_user_group_membership.robot",
        "aws_kms_grant.robot[0]",
    }
    assert found["aws_iam_group_membership.admins"] == (
        "User `elsewhere-robot` joins the group `elsewhere-admins`, and gets its permissions."
    )
    assert ":role/elsewhere-partner` is now allowed `Decrypt` with the key" in found["aws_kms_grant.robot[0]"]


def test_new_resources_of_a_module_have_names_and_are_warnings(later: dict[str, dict[str, str]]) -> None:
    assert later["MLR202"] == {
        f"{NEW}iam_role_policy.this": (
            "Role `elsewhere-new-one` is allowed `s3:GetObject` on `arn:aws:s3:::elsewhere-raw/*`."
        ),
        f"{NEW}lambda_permission.bucket": (
            "`s3.amazonaws.com` may now invoke the function `elsewhere-new-one` on behalf of any AWS account, "
            "because neither `source_arn` nor `source_account` is set."
        ),
    }
    assert later["MLR206"] == {
        f"{NEW}lambda_function_url.this": (
            "The URL of the function `elsewhere-new-one` accepts unauthenticated requests (`NONE`)."
        )
    }


def test_a_rule_for_addresses_has_no_group_as_source(later: dict[str, dict[str, str]]) -> None:
    (text,) = later["MLR302"].values()
    assert text.endswith("now allows port 5432 (tcp) inbound from `203.0.113.0/24`.")


def test_a_public_kubernetes_api_a_deleted_trail_and_a_failed_check_are_reported(
    later: dict[str, dict[str, str]],
) -> None:
    assert later["MLR306"] == {"aws_eks_cluster.ml": "The API of `elsewhere` becomes reachable from `0.0.0.0/0`."}
    assert set(later["MLR113"]) == {"aws_cloudtrail.trail[0]"}
    assert later["MLR005"] == {"check.services": "The check failed: `there is one service too many`."}
