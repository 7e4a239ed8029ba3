"""The least policy of an audit, enforced by a local AWS."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.constructs.account.ci_permissions import drift_statements
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations.audit.auditing import AuditOptions, audit_account
from mlinfra.operations.audit.policy import audit_actions, audit_policy
from mlinfra.variables import in_force
from tests.iam import allowed, denied, managed_policies
from tests.unit.operations.audit.story import put_state, run_instances, the_environment
from tests.unit.operations.audit.test_auditing import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.operations.audit.item import Audit

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("audit-policy")]

READS = ("Describe", "Get", "List", "Lookup")


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """boto3 clients of an administrator, in a local AWS that enforces IAM and has a resource of each kind."""
    with (
        serving(log=tmp_path_factory.mktemp("local-aws") / "log", enforce_iam=True) as server,
        in_force(client_variables(server, present=os.environ)),
    ):

        def connect(service: str, region: str = "us-east-1") -> Any:
            return boto3.client(service, region_name=region)

        fill(connect)
        yield connect


def audited_with(policy: dict[str, Any], client: Callable[..., Any], user: str) -> Audit:
    iam = client("iam")
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="audit", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    with in_force(keys):
        return audit_account([the_environment()], None, Steps(), options=AuditOptions(regions=["us-east-1"]))


def fill(client: Callable[..., Any]) -> None:
    """A resource of each kind whose reader sends a further request for each resource."""
    (instance,) = run_instances(client, "box", "g5.xlarge", 1, "us-east-1")
    state = [{"type": "aws_instance", "name": "box", "attributes": {"id": instance}}]
    put_state(client, the_environment().names.state_bucket, the_environment().names.state_key("data"), state)
    role = "arn:aws:iam::123456789012:role/ml"
    sagemaker = client("sagemaker")
    sagemaker.create_notebook_instance(NotebookInstanceName="notes", InstanceType="ml.t3.medium", RoleArn=role)
    subnets = client("ec2").describe_subnets()["Subnets"]
    network = {"subnetIds": [each["SubnetId"] for each in subnets[:2]]}
    client("eks").create_cluster(name="kube", roleArn=role, resourcesVpcConfig=network)
    client("elbv2").create_load_balancer(Name="web", Subnets=network["subnetIds"])


def test_the_least_policy_is_sufficient_and_allows_reads_only(enforcing: Callable[..., Any]) -> None:
    audit = audited_with(audit_policy(), enforcing, "auditor")
    assert audit.failed_regions == ()
    kinds = {each.kind: each for each in audit.items}
    assert {"instance", "notebook", "eks-cluster", "load-balancer", "bucket"} <= kinds.keys()
    assert kinds["instance"].classification == "managed"
    for statement in audit_policy()["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert [each for each in actions if not each.partition(":")[2].startswith(READS)] in ([], ["kms:Decrypt"])


@pytest.mark.parametrize(
    ("action", "service", "kinds"),
    [
        ("ec2:DescribeVolumes", "ec2", ("volume",)),
        ("sagemaker:DescribeNotebookInstance", "sagemaker", ("notebook",)),
        ("s3:GetBucketTagging", "s3", ("bucket",)),
        ("cloudwatch:GetMetricData", "cloudwatch", ("utilization",)),
    ],
)
def test_each_missing_permission_is_named(
    enforcing: Callable[..., Any], action: str, service: str, kinds: tuple[str, ...]
) -> None:
    policy = audit_policy()
    policy["Statement"][0]["Action"].remove(action)
    (failed,) = audited_with(policy, enforcing, action.replace(":", "-")).failed_regions
    assert (failed.region, failed.service, failed.kinds) == ("us-east-1", service, kinds)
    assert f"is not authorized to perform: {action}" in failed.reason


def test_unreadable_states_are_named(enforcing: Callable[..., Any]) -> None:
    policy = audit_policy()
    policy["Statement"] = [each for each in policy["Statement"] if each["Action"] != "s3:GetObject"]
    audit = audited_with(policy, enforcing, "no-states")
    (failed,) = audit.failed_regions
    assert failed.service == "state"
    assert failed.reason.startswith(
        "s3://recsys-dev-tfstate-123456789012-us-east-1/recsys/dev/us-east-1/data/terraform.tfstate: GetObject failed"
    )
    assert "Not all Terraform states could be read. Their resources may be listed as unmanaged." in audit.remarks


def test_the_drift_role_has_the_permissions_of_an_audit_of_its_environment() -> None:
    """The role has ReadOnlyAccess, of which moto contains AWS's document, and statements of its own."""
    environment = the_environment()
    read_only = managed_policies()["ReadOnlyAccess"]["Document"]
    own = {"Statement": drift_statements(environment)}
    for action in audit_actions():
        assert allowed(read_only, action), action
        assert not denied(own, action), action
    state = f"arn:aws:s3:::{environment.names.state_bucket}/{environment.names.state_key('data')}"
    baseline = f"arn:aws:s3:::{environment.names.state_bucket}/{environment.names.audit_baseline_key}"
    for each in (state, baseline):
        assert allowed(read_only, "s3:GetObject", each)
        assert not denied(own, "s3:GetObject", each)
    assert allowed(own, "s3:PutObject", baseline)
    assert denied(own, "s3:GetObject", "arn:aws:s3:::search-team-terraform/index.tfstate")
