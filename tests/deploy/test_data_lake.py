"""A data lake with all options: created, changed, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.testing import Template
from tests.conftest import ROOT, an_environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra import MlStack
    from mlinfra.testing import StackTerraform, Synth

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("data-lake")]

RAW = "recsys-local-raw-123456789012-us-east-1"
MODELS = "recsys-local-models-123456789012-us-east-1"


@dataclass(frozen=True)
class Project:
    """A stack with a lake, and a bucket for its copies, whose declaration can be changed."""

    synth: Synth
    terraform: StackTerraform

    def declare(self, *, locked: bool = True, protect: bool = False) -> Template:
        """The stack, with a lake that has everything."""
        from mlinfra import DataCatalog, DataLake, EncryptionKey, Lifecycle, ObjectLock, Replication
        from mlinfra.constructs.parts.private_bucket import PrivateBucket

        environment = an_environment(name="local", account_id="123456789012", emulated=True)

        def build(stack: MlStack) -> None:
            key = EncryptionKey(stack, "copies-key", name="copies", description="Encrypts copies.")
            copies = PrivateBucket(stack, "copies", name="recsys-local-copies", key_arn=key.arn, protect=False)
            copy = Replication(
                bucket_arn=copies.arn,
                key_arn=key.arn,
                region="us-east-1",
                replication_time_control=True,
                prefix="runs/",
            )
            options: dict[str, Any] = {
                "lifecycles": {"models": Lifecycle(intelligent_tiering_after_days=0)},
                "object_locks": {"raw": ObjectLock(days=30)} if locked else {},
                "replications": {"models": copy},
                "events": ["raw", "models"],
                "inventory": {"raw": "Daily", "models": "Weekly"},
                "catalog": DataCatalog(scan_limit_gib=10),
                "trusted_account_ids": ["222222222222"],
            }
            lake = DataLake(stack, "lake", zones=["raw", "models"], protect=protect, **options)
            lake.grant_write("crawlers", zones=["raw"], prefix="clicks/")
            lake.grant_query("crawlers", zones=["models"])
            for each in stack.node.find_all():
                # The AWS provider waits a minute for these.
                each.node.try_remove_child("lifecycle")

        return self.synth.constructs(build, environment, component="lake")


@pytest.fixture(scope="module")
def project(module_synth: Synth, module_terraform: StackTerraform) -> Project:
    """The project, with its lake deployed, before anything in it is locked."""
    trust = {"Version": "2012-10-17", "Statement": []}
    boto3.client("iam").create_role(RoleName="crawlers", AssumeRolePolicyDocument=json.dumps(trust))
    made = Project(module_synth, module_terraform)
    assert set(made.terraform.apply(made.declare(locked=False)).by_action()) == {"create"}
    return made


def test_an_object_lock_comes_into_a_lake_that_is_there(project: Project) -> None:
    locked = project.declare()
    ((action, (address,)),) = project.terraform.apply(locked).by_action().items()
    assert (action, address.partition(".")[0]) == ("create", "aws_s3_bucket_object_lock_configuration")
    project.terraform.plan(locked).assert_empty()


def test_uploads_get_the_key_of_the_lake_and_name_no_other(project: Project) -> None:
    del project
    s3 = boto3.client("s3")
    put = s3.put_object(Bucket=RAW, Key="clicks/1", Body=b"1")
    assert put["ServerSideEncryption"] == "aws:kms"
    key = s3.get_bucket_encryption(Bucket=RAW)["ServerSideEncryptionConfiguration"]["Rules"][0][
        "ApplyServerSideEncryptionByDefault"
    ]["KMSMasterKeyID"]
    s3.put_object(Bucket=RAW, Key="clicks/2", Body=b"2", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    for other in (
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key.replace("key/", "key/0")},
        {"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": key},
    ):
        with pytest.raises(ClientError, match=r"403|AccessDenied"):
            s3.put_object(Bucket=RAW, Key="clicks/3", Body=b"3", **other)


def test_what_is_locked_cannot_be_deleted(project: Project) -> None:
    del project
    s3 = boto3.client("s3")
    version = s3.put_object(Bucket=RAW, Key="clicks/kept", Body=b"1")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=RAW, Key="clicks/kept", VersionId=version)


def test_the_workgroup_limits_what_a_query_reads(project: Project) -> None:
    del project
    workgroup = boto3.client("athena").get_work_group(WorkGroup="recsys-local-data-lake")["WorkGroup"]
    assert workgroup["Configuration"]["BytesScannedCutoffPerQuery"] == 10 * 1024**3
    assert workgroup["Configuration"]["EnforceWorkGroupConfiguration"] is True


def test_a_protected_lake_is_not_destroyed(project: Project) -> None:
    protected = project.declare(protect=True)
    with pytest.raises(OperationError) as refused:
        project.terraform.plan(protected, destroy=True)
    assert "Instance cannot be destroyed" in f"{refused.value.message}{refused.value.details}"
    assert {each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]} >= {RAW, MODELS}


def test_an_unprotected_lake_is_destroyed_with_what_is_in_it(project: Project) -> None:
    stack = project.declare()
    project.terraform.destroy(stack)
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert project.terraform.state(stack).resources == {}


def test_the_example_is_valid(tmp_path: Path, module_terraform: StackTerraform) -> None:
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "examples/data_lake/main.py"], cwd=tmp_path, env=variables, check=True)
    module_terraform.validate(Template.read(tmp_path / "stacks" / "prod-lake"))
