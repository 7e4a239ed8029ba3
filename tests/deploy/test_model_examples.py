"""The examples of models, features, tracking, images and a platform, deployed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.testing import Template
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import StackTerraform

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("model-examples")]

EXAMPLES = {
    "model_registry": {"dev-registry": "aws_sagemaker_model_package_group", "dev-ranker": "aws_batch_job_definition"},
    "feature_store": {"dev-features": "aws_sagemaker_feature_group"},
    "experiment_tracking": {"dev-tracking": "aws_sagemaker_mlflow_tracking_server"},
    "image_repository": {"dev-images": "aws_ecr_repository"},
    "platform": {
        "dev-state": "aws_dynamodb_table",
        "dev-ranker": "aws_sagemaker_endpoint",
        "local-state": "aws_dynamodb_table",
        "local-ranker": "aws_sagemaker_endpoint",
    },
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_synthesizes_and_is_valid(name: str, tmp_path: Path, module_terraform: StackTerraform) -> None:
    """In an empty folder, with nothing but mlinfra."""
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path / "out"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "examples" / name / "main.py"], cwd=tmp_path, env=variables, check=True)
    stacks = {each.name: each for each in (tmp_path / "out" / "stacks").iterdir()}
    assert set(stacks) == set(EXAMPLES[name])
    for stack, type_name in EXAMPLES[name].items():
        template = Template.read(stacks[stack])
        assert type_name in template.types
        module_terraform.validate(template)
