"""Resources of every kind that can be adopted, created with boto3 as if by hand in the console."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra import Environment

TAGS = [{"Key": "origin", "Value": "console"}]
USER_DATA = "#!/bin/sh\nexport TOKEN=hunter2"


def make_state_place(environment: Environment) -> None:
    """The resources of `mlinfra bootstrap` that Terraform needs to store a state."""
    boto3.client("s3").create_bucket(Bucket=environment.names.state_bucket)
    boto3.client("dynamodb").create_table(
        TableName=environment.names.lock_table,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@dataclass(frozen=True)
class Console:
    """The ids of what was made."""

    bucket: str
    instance: str
    auto_scaling_group: str
    security_group: str
    role: str
    domain: str
    endpoint: str

    def ids(self) -> Mapping[str, str]:
        """Ids by the type in Terraform."""
        return {
            "aws_s3_bucket": self.bucket,
            "aws_instance": self.instance,
            "aws_autoscaling_group": self.auto_scaling_group,
            "aws_security_group": self.security_group,
            "aws_iam_role": self.role,
            "aws_sagemaker_domain": self.domain,
            "aws_sagemaker_endpoint": self.endpoint,
        }


def make_everything() -> Console:
    """One resource of each kind, with a tag and some settings."""
    ec2 = boto3.client("ec2")
    bucket = make_bucket("legacy-data")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    group = _security_group(ec2, vpc)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    role = _role()
    return Console(
        bucket=bucket,
        instance=_instance(ec2, image, subnet, group),
        auto_scaling_group=_scaling_group(ec2, image, subnet),
        security_group=group,
        role="legacy-role",
        domain=_domain(vpc, subnet, group, role),
        endpoint=_endpoint(role),
    )


def make_bucket(name: str) -> str:
    """A bucket with versions and a tag."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAGS})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def _security_group(ec2: Any, vpc: str) -> str:
    made = ec2.create_security_group(
        GroupName="legacy",
        Description="Made by hand",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}],
    )
    ranges = [{"CidrIp": "10.0.0.0/16", "Description": "inside"}]
    ec2.authorize_security_group_ingress(
        GroupId=made["GroupId"],
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}],
    )
    return str(made["GroupId"])


def _instance(ec2: Any, image: str, subnet: str, group: str) -> str:
    made = ec2.run_instances(
        ImageId=image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group],
        UserData=USER_DATA,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [*TAGS, {"Key": "Name", "Value": "Ana's box"}]}],
    )
    return str(made["Instances"][0]["InstanceId"])


def _scaling_group(ec2: Any, image: str, subnet: str) -> str:
    template = ec2.create_launch_template(
        LaunchTemplateName="legacy", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    boto3.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="legacy-nodes",
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=1,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        Tags=[{**TAGS[0], "PropagateAtLaunch": True}],
    )
    return "legacy-nodes"


def _role() -> str:
    condition = {"StringLike": {"aws:PrincipalTag/team": "${aws:PrincipalTag/team}"}}
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": condition,
            }
        ],
    }
    made = boto3.client("iam").create_role(
        RoleName="legacy-role", AssumeRolePolicyDocument=json.dumps(trust), Description="Made by hand", Tags=TAGS
    )
    return str(made["Role"]["Arn"])


def _domain(vpc: str, subnet: str, group: str, role: str) -> str:
    made = boto3.client("sagemaker").create_domain(
        DomainName="legacy-studio",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": role, "SecurityGroups": [group]},
        SubnetIds=[subnet],
        VpcId=vpc,
        Tags=TAGS,
    )
    return str(made["DomainArn"]).rpartition("/")[2]


def _endpoint(role: str) -> str:
    sagemaker = boto3.client("sagemaker")
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:1"
    sagemaker.create_model(ModelName="legacy", PrimaryContainer={"Image": image}, ExecutionRoleArn=role)
    variant = {"VariantName": "all", "ModelName": "legacy", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName="legacy", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="legacy-ranker", EndpointConfigName="legacy", Tags=TAGS)
    return "legacy-ranker"
