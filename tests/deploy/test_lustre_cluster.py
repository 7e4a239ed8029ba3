"""A cluster with a Lustre file system: applied, planned again, removed. The AWS provider waits ten minutes for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.functions.contract import removed_file_systems
from tests.deploy.clusters import Clusters, instances
from tests.deploy.test_training_clusters import KINDS, LUSTRE

if TYPE_CHECKING:
    from mlinfra.testing import StackTerraform, Synth

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.slow,
    pytest.mark.timeout(4 * 3600),
    pytest.mark.xdist_group("lustre-cluster"),
]


def test_the_file_system_comes_and_goes_with_its_experiment(synth: Synth, terraform: StackTerraform) -> None:
    clusters = Clusters(synth, terraform)
    # The lake is made elsewhere and stays.
    bucket = boto3.client("s3").create_bucket(Bucket="recsys-local-raw-123456789012-us-east-1")
    other = {"on-demand": KINDS["on-demand"]}
    stack = clusters.declare(LUSTRE | other, zone="us-east-1b")
    terraform.apply(stack)
    (file_system,) = boto3.client("fsx").describe_file_systems()["FileSystems"]
    assert file_system["SubnetIds"] == [clusters.subnet_ids[0]]
    assert len(instances("lustre")) == 2
    terraform.plan(stack).assert_empty()

    # As the janitor removes it, some time after the cluster was stopped: the next apply creates nothing.
    mark = f"{removed_file_systems('recsys', 'local')}/lustre"
    boto3.client("ssm").put_parameter(Name=mark, Value="2026-12-18T14:00:00Z", Type="String")
    boto3.client("fsx").delete_file_system(FileSystemId=file_system["FileSystemId"])
    terraform.apply(stack)
    assert boto3.client("fsx").describe_file_systems()["FileSystems"] == []
    terraform.plan(stack).assert_empty()
    # As `mlinfra clusters start` does.
    boto3.client("ssm").delete_parameter(Name=mark)
    terraform.apply(stack)
    assert len(boto3.client("fsx").describe_file_systems()["FileSystems"]) == 1
    terraform.plan(stack).assert_empty()

    stack = clusters.declare(other, zone="us-east-1b")
    terraform.apply(stack)
    assert boto3.client("fsx").describe_file_systems()["FileSystems"] == []
    assert instances("lustre") == []
    assert len(instances("on-demand")) == 2
    assert boto3.client("s3").head_bucket(Bucket="recsys-local-raw-123456789012-us-east-1")
    assert bucket["Location"]
