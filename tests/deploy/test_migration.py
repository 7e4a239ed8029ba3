"""`mlinfra init --from-hcl` on a configuration that the real Terraform has applied, with its state in S3."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.migration import Outcome, propose, read_existing
from mlinfra.operations.scaffold import Settings
from mlinfra.operations.terraform import Terraform
from tests.conftest import TODAY, an_environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import StackTerraform, Synth

pytestmark = [pytest.mark.deploy, pytest.mark.lengthy, pytest.mark.xdist_group("migration")]

STATE_BUCKET = "acme-terraform-state"
CONFIGURATION = """
terraform {
  required_providers { aws = { source = "hashicorp/aws", version = ">= 5.100.0, < 7.0.0" } }
  backend "s3" {
    bucket                      = "acme-terraform-state"
    key                         = "old.tfstate"
    region                      = "us-east-1"
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
  }
}
provider "aws" {
  region            = "us-east-1"
  s3_use_path_style = true
}
resource "aws_s3_bucket" "raw" { bucket = "acme-raw" }
resource "aws_s3_bucket_versioning" "raw" {
  bucket = aws_s3_bucket.raw.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_iam_role" "nodes" {
  name               = "acme-nodes"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_instance_profile" "nodes" {
  name = "acme-nodes"
  role = aws_iam_role.nodes.name
}
resource "aws_security_group" "nodes" { name = "acme-nodes" }
resource "aws_launch_template" "gpu" {
  name                   = "acme-gpu"
  image_id               = "ami-12c6146b"
  instance_type          = "g5.xlarge"
  vpc_security_group_ids = [aws_security_group.nodes.id]
  iam_instance_profile { name = aws_iam_instance_profile.nodes.name }
}
resource "aws_autoscaling_group" "gpu" {
  for_each           = toset(["train"])
  name               = "acme-gpu-${each.key}"
  availability_zones = ["us-east-1a"]
  min_size           = 0
  max_size           = 2
  launch_template { id = aws_launch_template.gpu.id }
}
resource "terraform_data" "note" { input = "secret" }
"""


@pytest.fixture(scope="module")
def old(deployable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a planned configuration."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "main.tf").write_text(CONFIGURATION)
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=STATE_BUCKET)
    terraform = Terraform(folder, deployable)
    terraform.init()
    terraform.plan(folder / "tfplan")
    return folder


@pytest.fixture(scope="module")
def applied(old: Path, deployable: Path) -> Path:
    """The folder after the apply of its plan."""
    Terraform(old, deployable).apply(old / "tfplan")
    return old


def digests(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file() and "providers" not in each.parts)
    return {str(each): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def test_a_saved_plan_is_read_before_it_is_applied(old: Path) -> None:
    existing = read_existing(old / "tfplan")
    assert len(existing.resources) == 8
    assert not any(each.exists for each in existing.resources)


def test_the_state_in_s3_is_read_and_nothing_in_the_folder_changes(applied: Path) -> None:
    before = digests(applied)
    existing = read_existing(applied)
    assert digests(applied) == before
    assert (existing.account_id, existing.region) == ("123456789012", "us-east-1")
    assert existing.state_bucket == STATE_BUCKET
    environment = Settings(project="ranker", owner="ana@example.com", today=TODAY).environment
    proposals = {each.address: each.verdict for each in propose(existing, environment).proposals}
    constructs = {address: each.construct for address, each in proposals.items() if each.construct}
    assert constructs == {
        "aws_s3_bucket.raw": "DataLake",
        "aws_s3_bucket_versioning.raw": "DataLake",
        'aws_autoscaling_group.gpu["train"]': "TrainingCluster",
        "aws_iam_instance_profile.nodes": "TrainingCluster",
        "aws_iam_role.nodes": "TrainingCluster",
        "aws_launch_template.gpu": "TrainingCluster",
        "aws_security_group.nodes": "TrainingCluster",
    }
    assert proposals["terraform_data.note"].outcome is Outcome.HCL


def test_the_data_lake_keeps_the_bucket_that_is_imported_into_its_stack(
    applied: Path, synth: Synth, module_terraform: StackTerraform
) -> None:
    """The steps of `migration.md`: declare the bucket, synthesize, import, plan."""
    from mlinfra import DataLake

    assert applied
    environment = an_environment(
        name="local",
        account_id="123456789012",
        region="us-east-1",
        emulated=True,
        protect_data=False,
        bucket_names={"raw": "acme-raw"},
    )
    data = synth.constructs(lambda stack: DataLake(stack, "lake", zones=["raw"]), environment, component="data")
    bucket = data.address("aws_s3_bucket", {"bucket": "acme-raw"})
    module_terraform.initialized(data).import_resource(bucket, "acme-raw")
    actions = module_terraform.plan(data).actions()
    assert actions.pop(bucket) == "update"
    assert set(actions.values()) == {"create"}


def test_credentials_that_cannot_read_the_state_are_named(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(OperationError, match="The credentials in use cannot read its state") as refused:
        read_existing(old)
    assert "No valid credential sources" in refused.value.details
