from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.cdktf import Cdktf
from mlinfra.operations.terraform.project import SynthesizedStack

if TYPE_CHECKING:
    from pathlib import Path

# The output of cdktf 0.21 if it is not a terminal.
DIFF = """\
local-data  Initializing the backend...
local-data
            Terraform will perform the following actions:

              # aws_kms_key.key will be created

            Plan: 42 to add, 1 to change, 0 to destroy.
"""
DEPLOY = """\
local-foundation  Apply complete! Resources: 27 added, 0 changed, 0 destroyed.

local-data        Apply complete! Resources: 42 added, 0 changed, 0 destroyed.
"""
FAILURE = """\
[2026-11-24T13:23:30.729] [ERROR] default -
Error: expected type to be one of ["String" "SecureString"], got Nonsense

  with aws_ssm_parameter.greeting,
  on cdk.tf.json line 58, in resource.aws_ssm_parameter.greeting:

local-data  Error: expected type to be one of ["String" "SecureString"], got Nonsense

              with aws_ssm_parameter.greeting (greeting),
              on cdk.tf.json line 58, in resource.aws_ssm_parameter.greeting (greeting):

⠸  Processing
Error: External Error: Stack failed to plan: local-data. Please check the logs for more information.
"""


def a_cdktf(folder: Path, writes: str, code: int = 0) -> Cdktf:
    (folder / "writes").write_text(writes)
    executable = folder / "cdktf"
    executable.write_text(f'#!/bin/sh\necho "$@" > asked\ncat writes\nexit {code}\n')
    executable.chmod(0o755)
    return Cdktf(executable, folder, folder / "out")


def a_stack(name: str, folder: Path) -> SynthesizedStack:
    return SynthesizedStack(name, folder, ())


def discard(_: str) -> None:
    """Discard a line."""


def test_a_diff_is_summed_up_in_terraforms_words(tmp_path: Path) -> None:
    summary = a_cdktf(tmp_path, DIFF).diff(a_stack("local-data", tmp_path), on_line=discard)
    assert summary == "42 to add, 1 to change, 0 to destroy"
    assert (tmp_path / "asked").read_text() == f"diff local-data --skip-synth --output {tmp_path}/out\n"


def test_a_diff_without_a_difference(tmp_path: Path) -> None:
    cdktf = a_cdktf(tmp_path, "local-data  No changes. Your infrastructure matches the configuration.\n")
    assert cdktf.diff(a_stack("local-data", tmp_path), on_line=discard) == "nothing to change"


def test_a_deployment_is_summed_up_by_stack(tmp_path: Path) -> None:
    stacks = [a_stack(name, tmp_path) for name in ("local-data", "local-foundation")]
    assert a_cdktf(tmp_path, DEPLOY).deploy(stacks, on_line=discard) == {
        "local-data": "42 added, 0 changed, 0 destroyed",
        "local-foundation": "27 added, 0 changed, 0 destroyed",
    }


def test_a_deployment_whose_last_lines_are_missing_is_not_said_to_change_nothing(tmp_path: Path) -> None:
    cdktf = a_cdktf(tmp_path, "local-data  aws_kms_key.key: Creation complete after 1s\n")
    assert cdktf.deploy([a_stack("local-data", tmp_path)], on_line=discard) == {
        "local-data": "no summary from Terraform"
    }


def test_a_failure_contains_the_error_of_terraform(tmp_path: Path) -> None:
    with pytest.raises(OperationError) as failed:
        a_cdktf(tmp_path, FAILURE, code=1).deploy([a_stack("local-data", tmp_path)], on_line=discard)
    assert failed.value.message == "`cdktf deploy local-data` failed"
    assert failed.value.details == (
        'Error: expected type to be one of ["String" "SecureString"], got Nonsense\n\n'
        "with aws_ssm_parameter.greeting (greeting),\n"
        "on cdk.tf.json line 58, in resource.aws_ssm_parameter.greeting (greeting):"
    )


def test_a_failure_of_cdktf_itself_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OperationError) as failed:
        a_cdktf(tmp_path, "Usage Error: no such stack\n", code=1).diff(a_stack("local-data", tmp_path), on_line=discard)
    assert "no such stack" in failed.value.details


def test_lines_come_without_colours(tmp_path: Path) -> None:
    seen: list[str] = []
    a_cdktf(tmp_path, "\x1b[1mlocal-data\x1b[0m  Initializing\n").diff(
        a_stack("local-data", tmp_path), on_line=seen.append
    )
    assert seen == ["local-data  Initializing"]
