"""A data lake with all options: created, changed, destroyed. Real Terraform and AWS provider, local AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from tests.conftest import ROOT, an_environment
from tests.deploy.local_state import apply, planned, prepared

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.terraform.terraform import Terraform

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("data-lake")]

RAW = "recsys-local-raw-123456789012-us-east-1"
MODELS = "recsys-local-models-123456789012-us-east-1"


class Project:
    """A stack with a lake, and a bucket for its copies, whose declaration can be changed."""

    def __init__(self, root: Path, executable: Path) -> None:
        self._root = root
        self._executable = executable

    def declare(self, *, locked: bool = True, protect: bool = False) -> Terraform:
        """Terraform in the stack, with a lake that has everything."""
        from mlinfra import DataCatalog, DataLake, EncryptionKey, Lifecycle, MlStack, ObjectLock, Replication
        from mlinfra._cdk import App
        from mlinfra.constructs.parts.private_bucket import PrivateBucket

        environment = an_environment(name="local", account_id="123456789012", emulated=True)
        app = App(outdir=str(self._root / "cdktf.out"))
        stack = MlStack(app, environment, "lake")
        key = EncryptionKey(stack, "copies-key", name="copies", description="Encrypts copies.")
        copies = PrivateBucket(stack, "copies", name="recsys-local-copies", key_arn=key.arn, protect=False)
        copy = Replication(
            bucket_arn=copies.arn, key_arn=key.arn, region="us-east-1", replication_time_control=True, prefix="runs/"
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
        app.synth()
        folder = self._root / "cdktf.out" / "stacks" / "local-lake"
        return prepared(folder, self._executable)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, deployable: Path) -> Project:
    """The project, with its lake deployed, before anything in it is locked."""
    trust = {"Version": "2012-10-17", "Statement": []}
    boto3.client("iam").create_role(RoleName="crawlers", AssumeRolePolicyDocument=json.dumps(trust))
    made = Project(tmp_path_factory.mktemp("lake"), deployable)
    assert set(apply(made.declare(locked=False))) == {"create"}
    return made


def test_an_object_lock_comes_into_a_lake_that_is_there(project: Project) -> None:
    locked = project.declare()
    ((action, (address,)),) = apply(locked).items()
    assert (action, address.partition(".")[0]) == ("create", "aws_s3_bucket_object_lock_configuration")
    assert planned(locked) == {}


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
        protected.plan(protected.directory / "test.plan", mode="destroy")
    assert "Instance cannot be destroyed" in f"{refused.value.message}{refused.value.details}"
    assert {each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]} >= {RAW, MODELS}


def test_an_unprotected_lake_is_destroyed_with_what_is_in_it(project: Project) -> None:
    terraform = project.declare()
    plan = terraform.directory / "test.plan"
    terraform.plan(plan, mode="destroy")
    terraform.apply(plan)
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert terraform.state().resources == {}


def test_the_example_is_valid(tmp_path: Path, deployable: Path) -> None:
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "examples/data_lake/main.py"], cwd=tmp_path, env=variables, check=True)
    folder = tmp_path / "stacks" / "prod-lake"
    prepared(folder, deployable).validate()
