"""Drift injected behind Terraform's back, and found: real Terraform, real AWS provider, local AWS."""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.declarations.loading import load_environments
from mlinfra.operations.drift import Options, detect_drift
from mlinfra.operations.drift.baseline import FileBaseline
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.operations.terraform.project import synthesize
from mlinfra.operations.terraform.terraform import Terraform
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.declarations.environment import Environment
    from mlinfra.operations.drift.report import Report

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("drift")]

FOUND = 20
"""Differences that `inject` makes, as a report counts them."""
TWO_STACKS = '''
"""A small stack with much to change behind Terraform's back, and one that reads a parameter."""

import json
import os
from pathlib import Path

from mlinfra import MlStack, load_environments
from mlinfra._cdk import TerraformResourceLifecycle
from mlinfra._cdk.aws import (
    autoscaling_group, autoscaling_schedule, cloudwatch_log_group, cloudwatch_metric_alarm, data_aws_ssm_parameter,
    ecr_repository, iam_role, iam_role_policy, iam_role_policy_attachment, internet_gateway, kms_key, launch_template,
    route, route_table, s3_bucket, s3_bucket_policy, s3_bucket_public_access_block, s3_bucket_versioning,
    security_group, sns_topic, ssm_parameter, subnet, vpc, vpc_security_group_ingress_rule,
)
from mlinfra.app import MlApp

root = Path(__file__).resolve().parent
(environment,) = load_environments(root, only=os.environ["MLINFRA_ENV"])
app = MlApp(root)
stack = MlStack(app, environment, "small")


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


lake = s3_bucket.S3Bucket(stack, "lake", bucket="recsys-local-lake", tags={"Zone": "raw"})
s3_bucket_versioning.S3BucketVersioningA(
    stack, "versioning", bucket=lake.id,
    versioning_configuration=s3_bucket_versioning.S3BucketVersioningVersioningConfiguration(status="Enabled"),
)
s3_bucket_policy.S3BucketPolicy(stack, "policy", bucket=lake.id, policy=policy(
    Sid="TlsOnly", Effect="Deny", Principal="*", Action="s3:*", Resource="arn:aws:s3:::recsys-local-lake/*",
    Condition={"Bool": {"aws:SecureTransport": "false"}},
))
net = vpc.Vpc(stack, "net", cidr_block="10.70.0.0/16")
private = subnet.Subnet(stack, "private", vpc_id=net.id, cidr_block="10.70.1.0/24")
group = security_group.SecurityGroup(stack, "nodes-group", name="nodes", description="Nodes.", vpc_id=net.id)
vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule(
    stack, "https", security_group_id=group.id, ip_protocol="tcp", from_port=443, to_port=443, cidr_ipv4="10.0.0.0/8",
)
template = launch_template.LaunchTemplate(
    stack, "template", name="nodes", instance_type="g5.xlarge", tag_specifications=[
        launch_template.LaunchTemplateTagSpecifications(resource_type=kind, tags=dict(stack.default_tags))
        for kind in ("instance", "volume", "network-interface")
    ],
)
nodes = autoscaling_group.AutoscalingGroup(
    stack, "nodes", name="nodes", min_size=0, max_size=2, desired_capacity=0, vpc_zone_identifier=[private.id],
    launch_template=autoscaling_group.AutoscalingGroupLaunchTemplate(id=template.id, version="$Latest"),
    lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_capacity"]),
    tag=[
        autoscaling_group.AutoscalingGroupTag(key=key, value=value, propagate_at_launch=True)
        for key, value in stack.default_tags.items()
    ],
)
autoscaling_schedule.AutoscalingSchedule(
    stack, "evening", scheduled_action_name="evening", autoscaling_group_name=nodes.name, recurrence="0 20 * * *",
    min_size=0, max_size=0, desired_capacity=0,
)
cloudwatch_metric_alarm.CloudwatchMetricAlarm(
    stack, "idle", alarm_name="idle", comparison_operator="LessThanThreshold", evaluation_periods=2, metric_name="gpu",
    namespace="CWAgent", period=60, statistic="Maximum", threshold=5,
)
role = iam_role.IamRole(
    stack, "role", name="nodes", permissions_boundary=environment.boundary_arn,
    assume_role_policy=policy(Effect="Allow", Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole"),
)
iam_role_policy.IamRolePolicy(stack, "own", name="own", role=role.name, policy=policy(
    Effect="Allow", Action=["s3:GetObject"], Resource="arn:aws:s3:::recsys-local-lake/*",
))
iam_role_policy_attachment.IamRolePolicyAttachment(
    stack, "ssm", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
)
s3_bucket_public_access_block.S3BucketPublicAccessBlock(
    stack, "private-lake", bucket=lake.id, block_public_acls=True, block_public_policy=True, ignore_public_acls=True,
    restrict_public_buckets=True,
)
kms_key.KmsKey(stack, "key", enable_key_rotation=True)
cloudwatch_log_group.CloudwatchLogGroup(stack, "logs", name="jobs", retention_in_days=90)
ecr_repository.EcrRepository(stack, "images", name="jobs", image_tag_mutability="IMMUTABLE")
gateway = internet_gateway.InternetGateway(stack, "gateway", vpc_id=net.id)
table = route_table.RouteTable(stack, "table", vpc_id=net.id)
route.Route(stack, "out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
ssm_parameter.SsmParameter(stack, "limit", name="/limit", type="String", value="VALUE-5")
sns_topic.SnsTopic(stack, "topic", name="jobs")

other = MlStack(app, environment, "reader")
data_aws_ssm_parameter.DataAwsSsmParameter(other, "read", name="/shared")
ssm_parameter.SsmParameter(other, "own", name="/own", type="String", value="1")
app.synth()
'''


class Slack:
    """An incoming webhook on this machine."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 200
        self.texts: list[str] = []


@contextmanager
def slack() -> Iterator[Slack]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.texts.append(body["text"])
            self.send_response(heard.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    heard = Slack(f"http://127.0.0.1:{server.server_port}/services/T0/B0/geheim")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


def inject() -> None:
    """Change the small stack in twenty ways, as a console or a script would."""
    s3, ec2, iam, ssm = (boto3.client(service) for service in ("s3", "ec2", "iam", "ssm"))
    tags = {each["Key"]: each["Value"] for each in s3.get_bucket_tagging(Bucket="recsys-local-lake")["TagSet"]}
    changed = {**tags, "Zone": "hot", "Team": "somebody"}
    s3.put_bucket_tagging(
        Bucket="recsys-local-lake", Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in changed.items()]}
    )
    s3.put_bucket_versioning(Bucket="recsys-local-lake", VersioningConfiguration={"Status": "Suspended"})
    policy = json.loads(s3.get_bucket_policy(Bucket="recsys-local-lake")["Policy"])
    policy["Statement"][0]["Effect"] = "Allow"
    s3.put_bucket_policy(Bucket="recsys-local-lake", Policy=json.dumps(policy))
    (group,) = ec2.describe_security_groups(GroupNames=["nodes"])["SecurityGroups"]
    anybody = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[anybody])
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="nodes")["LaunchTemplateVersions"]
    data = version["LaunchTemplateData"] | {"InstanceType": "p4d.24xlarge"}
    ec2.create_launch_template_version(LaunchTemplateName="nodes", LaunchTemplateData=data)
    autoscaling = boto3.client("autoscaling")
    autoscaling.delete_scheduled_action(AutoScalingGroupName="nodes", ScheduledActionName="evening")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="nodes", DesiredCapacity=1, MaxSize=8)
    boto3.client("cloudwatch").disable_alarm_actions(AlarmNames=["idle"])
    iam.attach_role_policy(RoleName="nodes", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="nodes", PolicyName="extra", PolicyDocument=json.dumps(document))
    ssm.put_parameter(Name="/limit", Value="VALUE-50", Overwrite=True)
    boto3.client("sns").delete_topic(TopicArn="arn:aws:sns:us-east-1:123456789012:jobs")
    inject_more(group["VpcId"])


def inject_more(vpc: str) -> None:
    ec2, iam, kms = (boto3.client(service) for service in ("ec2", "iam", "kms"))
    boto3.client("s3").delete_public_access_block(Bucket="recsys-local-lake")
    for key in kms.list_keys()["Keys"]:
        kms.disable_key_rotation(KeyId=key["KeyId"])
    boto3.client("logs").put_retention_policy(logGroupName="jobs", retentionInDays=3)
    boto3.client("ecr").put_image_tag_mutability(repositoryName="jobs", imageTagMutability="MUTABLE")
    trust = json.loads(json.dumps(iam.get_role(RoleName="nodes")["Role"]["AssumeRolePolicyDocument"]))
    trust["Statement"][0]["Principal"]["AWS"] = "*"
    iam.update_assume_role_policy(RoleName="nodes", PolicyDocument=json.dumps(trust))
    (group,) = ec2.describe_security_groups(GroupNames=["nodes"])["SecurityGroups"]
    mail = {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_egress(GroupId=group["GroupId"], IpPermissions=[mail])
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    gateways = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])
    (table,) = (each for each in ec2.describe_route_tables(Filters=of_vpc)["RouteTables"] if len(each["Routes"]) > 1)
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock="198.51.100.0/24",
        GatewayId=gateways["InternetGateways"][0]["InternetGatewayId"],
    )


def kept_state(environment: Environment) -> list[Any]:
    """The items that a run could have written: versions of the states, and locks."""
    s3, table = boto3.client("s3"), boto3.client("dynamodb")
    versions = s3.list_object_versions(Bucket=environment.names.state_bucket)["Versions"]
    locks = table.scan(TableName=environment.names.lock_table)["Items"]
    return [sorted((each["Key"], each["VersionId"]) for each in versions), sorted(map(str, locks))]


class Deployed:
    """The project, and its environment."""

    def __init__(self, root: Path, environment: Environment) -> None:
        self.root = root
        self.environment = environment

    def drift(self, **options: Any) -> Report:
        return detect_drift(self.environment, self.root, Quiet(), options=Options(**options))


@pytest.fixture(scope="module")
def deployed(project: Path, deployable: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """Both stacks, deployed, with their states in the bucket."""
    (project / "main.py").write_text(TWO_STACKS)
    (environment,) = load_environments(project, only="local", judged=False)
    boto3.client("s3").create_bucket(Bucket=environment.names.state_bucket)
    boto3.client("s3").put_bucket_versioning(
        Bucket=environment.names.state_bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    boto3.client("dynamodb").create_table(
        TableName=environment.names.lock_table,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("ssm").put_parameter(Name="/shared", Type="String", Value="x")
    for stack in synthesize(project, tmp_path_factory.mktemp("out"), environment="local"):
        terraform = Terraform(stack.directory, deployable)
        terraform.init()
        terraform.plan(stack.directory / "tfplan")
        terraform.apply(stack.directory / "tfplan")
    return Deployed(project, environment)


@pytest.fixture(scope="module")
def untouched(deployed: Deployed) -> Report:
    """The report before anything was changed, on states that were never refreshed."""
    return deployed.drift(pending=True)


@pytest.fixture(scope="module")
def drifted(deployed: Deployed, untouched: Report) -> Deployed:  # noqa: ARG001  what was clean before
    inject()
    return deployed


@pytest.fixture(scope="module")
def report(drifted: Deployed) -> Report:
    return drifted.drift(stacks=["local-small"])


def test_an_applied_stack_has_no_drift(untouched: Report) -> None:
    assert untouched.problems == ()
    assert [(each.label, each.before, each.after) for each in untouched.drift] == []
    assert untouched.exit_code == 0
    assert [each.pending for each in untouched.stacks] == [(), ()]


def test_every_change_is_found_and_named(report: Report) -> None:
    there = {(each.address.partition(".")[0], each.attribute): (each.before, each.after) for each in report.drift}
    rule = next(attribute for _, attribute in there if attribute.startswith("ingress rule sgr-"))
    egress = next(attribute for _, attribute in there if attribute.startswith("egress rule sgr-"))
    (route,) = (after for (_, attribute), (_, after) in there.items() if attribute == "route 198.51.100.0/24")
    assert route.startswith("to igw-")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    assert there == {
        ("aws_s3_bucket", "tags.Zone"): ("raw", "hot"),
        ("aws_s3_bucket", "tags.Team"): (None, "somebody"),
        ("aws_s3_bucket_versioning", "versioning_configuration[0].status"): ("Enabled", "Suspended"),
        ("aws_s3_bucket_policy", 'policy.Statement["TlsOnly"].Effect'): ("Deny", "Allow"),
        ("aws_security_group", rule): (None, "tcp 22 from 0.0.0.0/0"),
        ("aws_launch_template", "instance_type"): ("g5.xlarge", "p4d.24xlarge"),
        ("aws_autoscaling_schedule", "deleted"): ("exists", "deleted"),
        ("aws_autoscaling_group", "max_size"): (2, 8),
        ("aws_cloudwatch_metric_alarm", "actions_enabled"): (True, False),
        ("aws_iam_role", "attached policy arn:aws:iam::aws:policy/AdministratorAccess"): (None, "attached"),
        ("aws_iam_role", "inline policy extra"): (None, policy),
        ("aws_ssm_parameter", "value"): ("(sensitive value)", "(different sensitive value)"),
        ("aws_sns_topic", "deleted"): ("exists", "deleted"),
        ("aws_s3_bucket_public_access_block", "deleted"): ("exists", "deleted"),
        ("aws_kms_key", "enable_key_rotation"): (True, False),
        ("aws_cloudwatch_log_group", "retention_in_days"): (90, 3),
        ("aws_ecr_repository", "image_tag_mutability"): ("IMMUTABLE", "MUTABLE"),
        ("aws_iam_role", "assume_role_policy.Statement[0].Principal.AWS"): (None, ["*"]),
        ("aws_security_group", egress): (None, "tcp 25 to 0.0.0.0/0"),
        ("aws_route_table", "route 198.51.100.0/24"): (None, route),
    }
    assert report.exit_code == 2


def test_the_size_of_a_cluster_is_not_drift(report: Report) -> None:
    (stack,) = report.stacks
    (difference,) = stack.with_status("not_managed")
    assert (difference.attribute, difference.before, difference.after) == ("desired_capacity", 0, 1)


def test_omissions_have_a_reason(report: Report) -> None:
    (stack,) = report.stacks
    assert {each.attribute: bool(each.reason) for each in stack.left_out}.items() >= {
        "latest_version": True,
        "tags_all.Zone": True,
        "version": True,
    }.items()


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {stack["name"]: stack for stack in document["stacks"]}


def drift_command(deployed: Deployed, *arguments: str, **variables: str) -> Any:
    here = os.getcwd()  # noqa: PTH109
    os.chdir(deployed.root)
    try:
        with in_force(variables):
            return CliRunner().invoke(app, ["drift", *arguments])
    finally:
        os.chdir(here)


def test_an_error_in_one_stack_hides_no_drift_of_another_and_drift_is_notified_once(
    drifted: Deployed, tmp_path: Path
) -> None:
    boto3.client("ssm").delete_parameter(Name="/shared")
    before = kept_state(drifted.environment)
    memory = tmp_path / "memory.json"
    arguments = ("--env", "local", "--memory", str(memory), "--out", str(tmp_path / "report.json"))
    with slack() as heard:
        first = drift_command(drifted, *arguments, MLINFRA_SLACK_WEBHOOK=heard.url)
        document = json.loads((tmp_path / "report.json").read_text())
        second = drift_command(drifted, *arguments, MLINFRA_SLACK_WEBHOOK=heard.url)
        again = json.loads((tmp_path / "report.json").read_text())
    assert kept_state(drifted.environment) == before

    assert first.exit_code == 1
    assert document["exit_code"] == 1
    small, reader = (by_name(document)[name] for name in ("local-small", "local-reader"))
    assert len([each for each in small["differences"] if each["status"] == "drift" and each["new"]]) == FOUND
    assert reader["compared"] is False
    assert "/shared" in reader["problems"][0]
    (text,) = heard.texts
    assert "new in local-small" in text
    assert "checks failed in local-reader" in text

    assert second.exit_code == 1
    small = by_name(again)["local-small"]
    assert [each["new"] for each in small["differences"] if each["status"] == "drift"] == [False] * FOUND
    written = first.output + second.output + memory.read_text() + json.dumps(document) + text
    assert "VALUE-5" not in written
    assert "geheim" not in first.output + second.output + memory.read_text()
    assert set(FileBaseline(memory).known("local-reader")) == set()


def test_a_failed_notification_changes_no_exit_code_and_its_drift_stays_new(drifted: Deployed, tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    program = drifted.root / "main.py"
    not_applied = 'sqs_queue.SqsQueue(stack, "later", name="later")'
    program.write_text(
        TWO_STACKS.replace("sns_topic,", "sns_topic, sqs_queue,").replace("other = Ml", f"{not_applied}\nother = Ml")
    )
    with slack() as heard:
        heard.status = 500
        ended = drift_command(
            drifted,
            *("local-small", "--pending", "--memory", str(memory), "--format", "markdown"),
            MLINFRA_SLACK_WEBHOOK=heard.url,
        )
    assert ended.exit_code == 2
    assert "! Slack was not notified: the response was 500." in ended.stderr
    drift, _, pending = ended.stdout.partition("In the code, but not applied yet:\n\n")
    assert drift.startswith("# Drift of local\n")
    assert "aws_sqs_queue" not in drift
    assert pending.splitlines()[:2] == ["- `aws_sqs_queue.later`: create", ""]
    assert len(heard.texts) == 3
    assert not memory.exists()
