"""Stacks of all environments, validated by the real Terraform and the schemas of the real AWS provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ci.synthesis import synthesize_all
from mlinfra.operations.terraform.terraform import Terraform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("validation")]


def test_terraform_finds_every_stack_of_every_environment_valid(deployable: Path, tmp_path: Path) -> None:
    """As modules of one configuration, which Terraform validates at once. An error names the file of the stack."""
    stacks = sorted(each.parent for each in synthesize_all(tmp_path).glob("*/cdk.tf.json"))
    assert {each.name for each in stacks} == {
        f"{environment}-{component}"
        for environment in ("dev", "local", "prod", "staging")
        for component in ("state", "foundation", "data", "training", "studio", "serving", "governance")
    }
    modules = {each.name: {"source": f"./{each.relative_to(tmp_path)}"} for each in stacks}
    (tmp_path / "main.tf.json").write_text(json.dumps({"module": modules}))
    terraform = Terraform(tmp_path, deployable)
    terraform.init()
    terraform.validate()
