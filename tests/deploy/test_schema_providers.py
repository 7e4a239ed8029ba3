"""Plans that are shown by a provider that runs, as Terraform shows them with one of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.operations.terraform import SchemaProviders, Terraform
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws
    from mlinfra.testing.terraform import TerraformProgram

pytestmark = pytest.mark.deploy


def test_a_running_provider_shows_the_same_plan(
    local_aws: LocalAws, own_terraform: TerraformProgram, tmp_path: Path
) -> None:
    (tmp_path / ".terraform.lock.hcl").write_text((ROOT / ".terraform.lock.hcl").read_text())
    configuration = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {"aws": {"region": "us-east-1"}},
        "resource": {"aws_sqs_queue": {"jobs": {"name": "jobs", "tags": {"team": "ml"}}}},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(configuration))
    changes = {**client_variables(local_aws), **own_terraform.changes}
    terraform = Terraform(tmp_path, own_terraform.executable, changes=changes)
    terraform.init()
    assert terraform.plan(tmp_path / "plan")
    with SchemaProviders() as providers:
        assert "hashicorp/aws" in (providers.changes(tmp_path)["TF_REATTACH_PROVIDERS"] or "")
        shown = replace(terraform, schema_providers=providers).show_text(tmp_path / "plan")
    assert shown == terraform.show_text(tmp_path / "plan")
