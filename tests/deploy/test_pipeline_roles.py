"""The roles of pipelines and the console lockdown: created, changed, destroyed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra import CiRoles, Pipeline
from mlinfra.testing import Template
from tests.conftest import ROOT, an_environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import StackTerraform, Synth

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("pipeline-roles")]


def test_the_roles_are_made_and_a_second_plan_is_empty(synth: Synth, terraform: StackTerraform) -> None:
    pipeline = Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com")
    environment = an_environment(account_id="123456789012", emulated=True, pipeline=pipeline)
    roles = synth.constructs(lambda stack: CiRoles(stack, "ci-roles"), environment, component="roles")
    terraform.apply(roles)
    iam = boto3.client("iam", region_name="us-east-1")
    role = iam.get_role(RoleName="recsys-dev-ci-apply")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] == pipeline.apply_claims("dev")
    assert role["MaxSessionDuration"] == 7200
    terraform.plan(roles).assert_empty()


def test_the_example_of_the_lock_is_valid(tmp_path: Path, terraform: StackTerraform) -> None:
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path / "out"), "PYTHONPATH": str(ROOT)}
    example = ROOT / "examples" / "console_lockdown" / "main.py"
    subprocess.run([sys.executable, example], cwd=tmp_path, env=variables, check=True)
    governance = Template.read(tmp_path / "out" / "stacks" / "management-governance")
    governance.resource_count("aws_organizations_policy", 3)
    terraform.validate(governance)
