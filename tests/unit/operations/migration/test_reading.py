"""States and plans are read from folders and files, or refused with the way out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.migration import Existing, Resource, read_existing
from mlinfra.operations.terraform import TerraformError

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:sagemaker:eu-west-1:222222222222:endpoint/e"
RESOURCE = {"mode": "managed", "type": "aws_sqs_queue", "values": {"id": "q"}}
STATE: dict[str, Any] = {
    "version": 4,
    "resources": [
        {"mode": "managed", "type": "aws_sagemaker_endpoint", "name": "e", "instances": [{"attributes": {"arn": ARN}}]}
    ],
}


def refusal(path: Path) -> str:
    with pytest.raises(OperationError) as refused:
        read_existing(path)
    return refused.value.message


def test_a_local_state_in_a_folder_is_read_without_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "main.tf").write_text("")
    (tmp_path / "terraform.tfstate").write_text(json.dumps(STATE))
    existing = read_existing(tmp_path)
    assert [each.address for each in existing.resources] == ["aws_sagemaker_endpoint.e"]
    assert (existing.account_id, existing.region) == ("222222222222", "eu-west-1")


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none").startswith(f"{tmp_path}/none does not exist.")


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("main.tf", "has no state: it is not initialized, and has no terraform.tfstate. Run `terraform init` there"),
        ("terragrunt.hcl", "is a Terragrunt unit. Run `terragrunt state pull > state.json` there"),
        ("notes.txt", "contains no Terraform configuration"),
    ],
)
def test_a_folder_without_a_state_is_refused_with_the_way_to_one(file: str, message: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("")
    assert message in refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("resource", "is not JSON. Expected: a Terraform state, a saved plan, or the output of `terraform show -json`"),
        ("[]", "is not JSON"),
        ("{}", "is neither a Terraform state nor the output of `terraform show -json`"),
        (
            '{"version": 3, "modules": []}',
            "is a state of format version 3. Expected: 4, which Terraform 0.12 and newer",
        ),
        ('{"format_version": "2.0"}', "has the format version 2.0 of `terraform show -json`. Expected: 1"),
        ('{"encrypted_data": "x", "encryption_version": "v0"}', "is encrypted. Give the output of `tofu show -json`"),
        ('{"format_version": "1.0"}', "contains no resources. If it was applied, select its workspace"),
        ('{"version": 4, "resources": []}', "contains no resources"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(content)
    assert message in refusal(tmp_path / "state.json")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("Error: No valid credential sources found", "The credentials in use cannot read its state."),
        ("Error: Backend initialization required: please run terraform init", "Run `terraform init` there"),
        ("Error: Required plugins are not installed", "Run `terraform init` there"),
        ("state snapshot was created by Terraform v1.14.0, which is newer than current v1.11.4", "another version"),
    ],
)
def test_a_failure_of_terraform_is_shown_with_its_remedy(
    error: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise TerraformError("show", tmp_path, error)  # noqa: EM101  a command

    monkeypatch.setattr("mlinfra.operations.migration.reading.Terraform.show_state", fail)
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "terraform.tfstate").write_text('{"backend": {"type": "s3", "config": {"bucket": "b"}}}')
    with pytest.raises(OperationError) as refused:
        read_existing(tmp_path)
    assert remedy in refused.value.message
    assert refused.value.details == error


def test_the_remedy_names_the_selected_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu")
    (tmp_path / "main.tf").write_text("")
    assert "Run `tofu init` there, as you do before a plan, or give a file: tofu state pull" in refusal(tmp_path)


def test_the_data_folder_of_the_user_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"format_version": "1.0", "values": {"root_module": {"resources": [dict(RESOURCE, address="a.b")]}}}
    monkeypatch.setattr("mlinfra.operations.migration.reading.Terraform.show_state", lambda _: shown)
    monkeypatch.setenv("TF_DATA_DIR", ".data")
    (tmp_path / ".data").mkdir()
    record = {"backend": {"type": "s3", "config": {"bucket": "acme-states"}}}
    (tmp_path / ".data" / "terraform.tfstate").write_text(json.dumps(record))
    assert read_existing(tmp_path).state_bucket == "acme-states"


def test_the_state_of_the_selected_workspace_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {
        "format_version": "1.0",
        "values": {"root_module": {"resources": [dict(RESOURCE, address="of.workspace")]}},
    }
    monkeypatch.setattr("mlinfra.operations.migration.reading.Terraform.show_state", lambda _: shown)
    (tmp_path / "terraform.tfstate").write_text(json.dumps(STATE))
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "environment").write_text("default")
    assert [each.address for each in read_existing(tmp_path).resources] == ["aws_sagemaker_endpoint.e"]
    (tmp_path / ".terraform" / "environment").write_text("staging\n")
    assert [each.address for each in read_existing(tmp_path).resources] == ["of.workspace"]


def test_the_account_is_that_of_most_resources() -> None:
    arns = [ARN, ARN, ARN.replace("222222222222", "333333333333")]
    resources = tuple(Resource(f"a.{number}", "a", {"arn": arn}) for number, arn in enumerate(arns))
    assert Existing("old", resources).account_id == "222222222222"
    assert Existing("old", ()).account_id == ""
