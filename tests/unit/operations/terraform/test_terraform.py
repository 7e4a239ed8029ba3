from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform.state import State, parse_state
from mlinfra.operations.terraform.terraform import Terraform, TerraformError, error_text

if TYPE_CHECKING:
    from pathlib import Path

BOXED = """\
There are some problems with the CLI configuration:
╷
│ Warning: Deprecated Parameter
│
│   on cdk.tf.json line 3, in terraform.backend.s3:
│    3:       "dynamodb_table": "t",
│
│ The parameter "dynamodb_table" is deprecated.
╵
╷
│ Error: Error acquiring the state lock
│
│ Error message: the lock is taken
│ Lock Info:
│   Who:       ana@laptop
╵
"""


def test_an_error_is_shown_without_its_box_and_the_warnings_around_it() -> None:
    assert error_text(BOXED) == (
        "Error: Error acquiring the state lock\n\nError message: the lock is taken\nLock Info:\n  Who:       ana@laptop"
    )


def test_several_errors_are_all_shown() -> None:
    plain = "\nError: first\n\nbecause\n\n\nWarning: between\n\nno matter\n\n\nError: second\n\nbecause too\n"
    assert error_text(plain) == "Error: first\n\nbecause\n\nError: second\n\nbecause too"


def test_text_without_a_diagnostic_is_kept() -> None:
    assert error_text("Failed to write state: no space left\n") == "Failed to write state: no space left"


def a_terraform(folder: Path, script: str) -> Terraform:
    executable = folder / "terraform"
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    return Terraform(folder, executable)


def test_variables_that_change_what_terraform_does_have_no_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TF_DATA_DIR", "TF_WORKSPACE", "TF_CLI_ARGS", "TF_CLI_ARGS_plan"):
        monkeypatch.setenv(name, "other")
    terraform = a_terraform(tmp_path, "env | grep -c =other > found; true")
    terraform.init()
    assert (tmp_path / "found").read_text() == "0\n"


@pytest.mark.parametrize(("users", "used"), [(None, "200"), ("50", "50")])
def test_garbage_is_collected_seldom_unless_the_user_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users: str | None, used: str
) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    if users:
        monkeypatch.setenv("GOGC", users)
    a_terraform(tmp_path, 'echo "$GOGC" >found').init()
    assert (tmp_path / "found").read_text() == f"{used}\n"


def test_a_failure_names_the_command_and_says_what_terraform_said(tmp_path: Path) -> None:
    with pytest.raises(TerraformError) as failed:
        a_terraform(tmp_path, "echo 'Error: no such bucket' >&2; exit 1").init()
    assert str(failed.value) == f"`terraform init` failed in {tmp_path}\nError: no such bucket"


@pytest.mark.parametrize(("code", "differs"), [(0, False), (2, True)])
def test_a_plan_returns_true_if_it_has_changes(tmp_path: Path, code: int, differs: bool) -> None:  # noqa: FBT001
    assert a_terraform(tmp_path, f"exit {code}").plan(tmp_path / "plan") is differs


def test_a_plan_that_fails_is_not_a_difference(tmp_path: Path) -> None:
    with pytest.raises(TerraformError):
        a_terraform(tmp_path, "exit 1").plan(tmp_path / "plan")


def test_outputs_are_read_by_name(tmp_path: Path) -> None:
    written = json.dumps({"vpc": {"value": "vpc-1", "type": "string", "sensitive": True}})
    assert a_terraform(tmp_path, f"echo '{written}'").outputs() == {"vpc": "vpc-1"}


def test_a_state_is_read_by_address() -> None:
    state = parse_state(
        json.dumps(
            {
                "version": 4,
                "resources": [
                    {"mode": "data", "type": "aws_region", "name": "here", "instances": [{"attributes": {"id": "x"}}]},
                    {
                        "mode": "managed",
                        "type": "aws_s3_bucket",
                        "name": "one",
                        "instances": [{"attributes": {"id": "bucket-1"}, "status": "tainted"}],
                    },
                    {
                        "module": "module.m",
                        "mode": "managed",
                        "type": "aws_subnet",
                        "name": "each",
                        "instances": [
                            {"index_key": 0, "attributes": {"id": "subnet-0"}},
                            {"index_key": "a", "attributes": {"id": "subnet-a"}},
                        ],
                    },
                ],
            }
        )
    )
    assert state.resources == {
        "aws_s3_bucket.one": "bucket-1",
        "module.m.aws_subnet.each[0]": "subnet-0",
        'module.m.aws_subnet.each["a"]': "subnet-a",
    }
    assert state.tainted == ("aws_s3_bucket.one",)


def test_a_missing_state_is_an_empty_state() -> None:
    assert parse_state("\n") == State()


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format version 3; expected: 4"):
        parse_state('{"version": 3}')
