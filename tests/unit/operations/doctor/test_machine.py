"""Checks of the programs on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.cdk_family import CDKTN
from mlinfra.operations.doctor import Status
from mlinfra.operations.doctor.machine import check_machine

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_missing_programs_are_problems_with_a_remedy_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TERRAFORM_BINARY_NAME", raising=False)
    found = {each.area: each for each in check_machine(tmp_path)}
    assert found["Python packages"].status is Status.OK
    assert found["Terraform"].status is Status.PROBLEM
    assert found["Terraform"].text == "Terraform 1.6 or newer is required, and 'terraform' is not on the PATH"
    assert found["Terraform"].remedy == "Install it: https://developer.hashicorp.com/terraform/install"
    assert found["Node.js"].status is Status.PROBLEM
    assert found["cdktf"].status is Status.WARNING
    assert found["cdktf"].remedy.startswith("Install it, if you need one of them: npm install cdkt")
    assert found["Session Manager plugin"].status is Status.WARNING


def test_an_installed_cdktn_that_needs_a_newer_node_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLINFRA_CDK", raising=False)
    (tmp_path / "node_modules" / ".bin").mkdir(parents=True)
    (tmp_path / "node_modules" / ".bin" / "cdktn").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {each.area: each for each in check_machine(tmp_path)}
    assert found["cdktf"].status is Status.PROBLEM
    assert "Node.js" in found["cdktf"].text


def test_an_old_terraform_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "terraform"
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("TERRAFORM_BINARY_NAME", raising=False)
    found = {each.area: each for each in check_machine(tmp_path)}
    assert found["Terraform"].text == f"Terraform 1.6 or newer is required, and {program} is 1.5.7"


def test_packages_that_mlinfra_does_not_accept_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["boto3>=999", "absent-package>=1", 'moto>=999; extra == "local"', "rich>=1"]
    monkeypatch.setattr("mlinfra.operations.doctor.machine.requires", lambda _: wanted)
    found = {each.area: each for each in check_machine(tmp_path)}
    assert found["Python packages"].status is Status.PROBLEM
    assert found["Python packages"].text.endswith("instead of >=999; absent-package is missing")


def test_packages_of_cdktf_are_not_required_if_cdktn_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["cdktf>=999", "cdktf-cdktf-provider-aws>=999", 'cdktn>=0.24; extra == "cdktn"']
    monkeypatch.setattr("mlinfra.operations.doctor.machine.requires", lambda _: wanted)
    monkeypatch.setattr("mlinfra.operations.doctor.machine.present", lambda: CDKTN)
    monkeypatch.setattr("mlinfra.operations.doctor.machine.version", {"mlinfra-cdktf": "1", "cdktn": "0.24.0"}.get)
    found = {each.area: each for each in check_machine(tmp_path)}
    assert found["Python packages"].text == "as mlinfra requires them, with cdktn 0.24.0"


def test_a_missing_family_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLINFRA_CDK", "cdk")
    found = {each.area: each for each in check_machine(tmp_path)}
    assert found["Python packages"].text == "MLINFRA_CDK is 'cdk'. Expected: cdktf or cdktn."
