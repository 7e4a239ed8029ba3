"""Resources and condition keys of the requests that runs and clusters need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.permissions.statements import ACCOUNT, Client, allow, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Worker = Callable[..., Callable[[str], Client]]
    Connect = Callable[..., Client]

pytestmark = pytest.mark.local_aws

HERE = f"us-east-1:{ACCOUNT}"
IMAGE = "ami-12c6146b"
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def is_refused(call: Callable[..., object], **arguments: Any) -> bool:
    code, _ = refusal(call, **arguments)
    assert code in DENIED, code
    return True


def instances(connect: Connect, *owners: str) -> list[str]:
    """Ids of instances with the tag Owner."""
    return [
        connect("ec2").run_instances(
            ImageId=IMAGE,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Owner", "Value": owner}]}],
        )["Instances"][0]["InstanceId"]
        for owner in owners
    ]


def of_owner(key: str, owner: str = "ana") -> dict[str, Any]:
    return {"StringEquals": {f"{key}/Owner": owner}}


def test_a_command_needs_its_document_and_the_tags_of_every_node(connect: Connect, worker: Worker) -> None:
    own, other = instances(connect, "ana", "ben")
    content = {"schemaVersion": "2.2", "mainSteps": [], "description": "Starts."}
    step = {"action": "aws:runShellScript", "name": "start", "inputs": {"runCommand": ["true"]}}
    content["mainSteps"] = [step]
    for name in ("start", "other"):
        connect("ssm").create_document(Name=name, Content=json.dumps(content), DocumentType="Command")
    nodes = allow("ssm:SendCommand", resource=f"arn:aws:ec2:{HERE}:instance/*", Condition=of_owner("ssm:resourceTag"))
    send = worker(allow("ssm:SendCommand", resource=f"arn:aws:ssm:{HERE}:document/start"), nodes)("ssm").send_command
    send(DocumentName="start", InstanceIds=[own])
    assert is_refused(send, DocumentName="start", InstanceIds=[own, other])
    assert is_refused(send, DocumentName="other", InstanceIds=[own])
    assert is_refused(send, DocumentName="AWS-RunShellScript", InstanceIds=[own])


def test_a_session_needs_the_tags_of_its_node_and_the_document_that_it_names(connect: Connect, worker: Worker) -> None:
    own, other = instances(connect, "ana", "ben")
    ssm = worker(
        allow("ssm:StartSession", resource=f"arn:aws:ec2:{HERE}:instance/*", Condition=of_owner("ssm:resourceTag")),
        allow("ssm:StartSession", resource="arn:aws:ssm:us-east-1::document/AWS-StartSSHSession"),
        allow("ssm:TerminateSession", resource=f"arn:aws:ssm:{HERE}:session/local-*"),
    )("ssm")
    session = ssm.start_session(Target=own)["SessionId"]
    ssm.start_session(Target=own, DocumentName="AWS-StartSSHSession")
    assert is_refused(ssm.start_session, Target=own, DocumentName="AWS-StartPortForwardingSession")
    assert is_refused(ssm.start_session, Target=other)
    ssm.terminate_session(SessionId=session)
    assert is_refused(ssm.terminate_session, SessionId="ben-1")


def test_the_tags_of_a_group_limit_who_changes_its_size(connect: Connect, worker: Worker) -> None:
    autoscaling = connect("autoscaling")
    autoscaling.create_launch_configuration(LaunchConfigurationName="nodes", ImageId=IMAGE, InstanceType="g4dn.xlarge")
    for owner in ("ana", "ben"):
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=f"nodes-of-{owner}",
            LaunchConfigurationName="nodes",
            MinSize=0,
            MaxSize=1,
            AvailabilityZones=["us-east-1a"],
            Tags=[{"Key": "Owner", "Value": owner, "PropagateAtLaunch": True}],
        )
    groups = f"arn:aws:autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/nodes-*"
    client = worker(
        allow("autoscaling:SetDesiredCapacity", resource=groups, Condition=of_owner("aws:ResourceTag")),
        allow("autoscaling:Describe*"),
    )("autoscaling")
    client.set_desired_capacity(AutoScalingGroupName="nodes-of-ana", DesiredCapacity=0)
    assert is_refused(client.set_desired_capacity, AutoScalingGroupName="nodes-of-ben", DesiredCapacity=0)
    assert len(client.describe_auto_scaling_groups()["AutoScalingGroups"]) == 2


def test_the_tags_of_a_request_and_of_its_resource_limit_tagging(connect: Connect, worker: Worker) -> None:
    own, other = instances(connect, "ana", "ben")
    condition = {**of_owner("aws:ResourceTag"), "ForAllValues:StringEquals": {"aws:TagKeys": ["DeleteAfter"]}}
    ec2 = worker(
        allow("ec2:CreateTags", resource=f"arn:aws:ec2:{HERE}:instance/*", Condition=condition),
        allow(
            "ec2:TerminateInstances", resource=f"arn:aws:ec2:{HERE}:instance/*", Condition=of_owner("ec2:ResourceTag")
        ),
    )("ec2")
    mark = [{"Key": "DeleteAfter", "Value": "2026-12-18"}]
    ec2.create_tags(Resources=[own], Tags=mark)
    assert is_refused(ec2.create_tags, Resources=[other], Tags=mark)
    assert is_refused(ec2.create_tags, Resources=[own], Tags=[{"Key": "Owner", "Value": "ben"}])
    assert is_refused(ec2.terminate_instances, InstanceIds=[own, other])
    ec2.terminate_instances(InstanceIds=[own])


def test_leading_keys_limit_the_partitions_of_a_table(connect: Connect, worker: Worker) -> None:
    connect("dynamodb").create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "cluster", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "cluster", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["own"]}}
    client = worker(allow("dynamodb:*", resource=f"arn:aws:dynamodb:{HERE}:table/records", Condition=condition))(
        "dynamodb"
    )

    def query(cluster: str) -> dict[str, Any]:
        return {
            "TableName": "records",
            "KeyConditionExpression": "#c = :c",
            "ExpressionAttributeNames": {"#c": "cluster"},
            "ExpressionAttributeValues": {":c": {"S": cluster}},
        }

    client.put_item(TableName="records", Item={"cluster": {"S": "own"}})
    assert client.query(**query("own"))["Count"] == 1
    client.transact_write_items(TransactItems=[{"Put": {"TableName": "records", "Item": {"cluster": {"S": "own"}}}}])
    assert is_refused(client.query, **query("other"))
    assert is_refused(client.get_item, TableName="records", Key={"cluster": {"S": "other"}})
    keys = [{"cluster": {"S": "own"}}, {"cluster": {"S": "other"}}]
    assert is_refused(client.batch_get_item, RequestItems={"records": {"Keys": keys}})
    assert is_refused(client.put_item, TableName="records", Item={"cluster": {"S": "other"}})


def test_a_prefix_limits_the_list_of_a_bucket(connect: Connect, worker: Worker) -> None:
    connect("s3").create_bucket(Bucket="models")
    condition = {"StringLike": {"s3:prefix": "two-tower/*"}}
    s3 = worker(allow("s3:ListBucket", resource="arn:aws:s3:::models", Condition=condition))("s3")
    s3.list_objects_v2(Bucket="models", Prefix="two-tower/runs/")
    assert is_refused(s3.list_objects_v2, Bucket="models", Prefix="ranker/")
    assert is_refused(s3.list_objects_v2, Bucket="models")


def test_streams_are_resources_of_their_group(connect: Connect, worker: Worker) -> None:
    for group in ("/own/train", "/other/train"):
        connect("logs").create_log_group(logGroupName=group)
        connect("logs").create_log_stream(logGroupName=group, logStreamName="runs/1/0")
    logs = worker(
        allow(
            "logs:GetLogEvents",
            "logs:DescribeLogStreams",
            resource=f"arn:aws:logs:{HERE}:log-group:/own/*",
        )
    )("logs")
    logs.get_log_events(logGroupName="/own/train", logStreamName="runs/1/0")
    logs.describe_log_streams(logGroupName="/own/train")
    assert is_refused(logs.get_log_events, logGroupName="/other/train", logStreamName="runs/1/0")


def test_namespaces_and_sources_limit_metrics_and_events(worker: Worker) -> None:
    clients = worker(
        allow("cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "own"}}),
        allow(
            "events:PutEvents",
            resource=f"arn:aws:events:{HERE}:event-bus/default",
            Condition={"ForAllValues:StringEquals": {"events:source": ["own"]}},
        ),
    )
    data = [{"MetricName": "gpu", "Value": 1.0}]
    clients("cloudwatch").put_metric_data(Namespace="own", MetricData=data)
    assert is_refused(clients("cloudwatch").put_metric_data, Namespace="other", MetricData=data)
    event = {"DetailType": "x", "Detail": "{}"}
    clients("events").put_events(Entries=[{**event, "Source": "own"}])
    assert is_refused(clients("events").put_events, Entries=[{**event, "Source": "own"}, {**event, "Source": "other"}])


def test_an_encrypted_object_and_table_need_their_key_through_their_service(connect: Connect, worker: Worker) -> None:
    key = connect("kms").create_key()["KeyMetadata"]["Arn"]
    connect("s3").create_bucket(Bucket="models")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    connect("s3").put_bucket_encryption(Bucket="models", ServerSideEncryptionConfiguration={"Rules": [rule]})
    connect("dynamodb").create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "cluster", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "cluster", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    through_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    clients = worker(
        allow("s3:GetObject", "s3:PutObject", "dynamodb:GetItem"),
        allow("kms:Decrypt", resource=key, Condition=through_s3),
    )
    code, message = refusal(clients("s3").put_object, Bucket="models", Key="a", Body=b"x")
    assert code == "AccessDenied"
    assert f"kms:GenerateDataKey on resource: {key}" in message
    connect("s3").put_object(Bucket="models", Key="a", Body=b"x")
    assert clients("s3").get_object(Bucket="models", Key="a")["Body"].read() == b"x"
    assert is_refused(clients("dynamodb").get_item, TableName="records", Key={"cluster": {"S": "own"}})


def test_a_job_of_another_environment_is_not_terminated(worker: Worker) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/Environment": "dev"}}
    batch = worker(allow("batch:TerminateJob", resource=f"arn:aws:batch:{HERE}:job/*", Condition=condition))("batch")
    assert is_refused(batch.terminate_job, jobId="1", reason="x")


def test_a_job_needs_its_queue_its_definition_and_the_permission_for_its_tags(worker: Worker) -> None:
    batch = worker(allow("batch:SubmitJob", resource=f"arn:aws:batch:{HERE}:job-queue/own"))("batch")
    job = {"jobName": "run", "jobQueue": "own", "jobDefinition": "runs:1"}
    _, message = refusal(batch.submit_job, **job)
    assert f"arn:aws:batch:{HERE}:job-definition/runs:1" in message
