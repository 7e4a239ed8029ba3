"""The roles of pipelines and the console lockdown: created, changed, destroyed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.conftest import ROOT, an_environment
from tests.deploy.local_state import prepared

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("pipeline-roles")]


def test_the_roles_are_made_and_a_second_plan_is_empty(tmp_path: Path, deployable: Path) -> None:
    from mlinfra import CiRoles, MlStack, Pipeline
    from mlinfra._cdk import App

    pipeline = Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com")
    environment = an_environment(account_id="123456789012", emulated=True, pipeline=pipeline)
    app = App(outdir=str(tmp_path))
    CiRoles(MlStack(app, environment, "roles"), "ci-roles")
    app.synth()
    terraform = prepared(tmp_path / "stacks" / "dev-roles", deployable)
    terraform.plan(tmp_path / "first")
    terraform.apply(tmp_path / "first")
    iam = boto3.client("iam", region_name="us-east-1")
    role = iam.get_role(RoleName="recsys-dev-ci-apply")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] == pipeline.apply_claims("dev")
    assert role["MaxSessionDuration"] == 7200
    assert not terraform.plan(tmp_path / "second")


def test_the_example_of_the_lock_is_valid(tmp_path: Path, deployable: Path) -> None:
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path / "out"), "PYTHONPATH": str(ROOT)}
    example = ROOT / "examples" / "console_lockdown" / "main.py"
    subprocess.run([sys.executable, example], cwd=tmp_path, env=variables, check=True)
    stack = tmp_path / "out" / "stacks" / "management-governance"
    assert len(json.loads((stack / "cdk.tf.json").read_text())["resource"]["aws_organizations_policy"]) == 3
    prepared(stack, deployable).validate()
