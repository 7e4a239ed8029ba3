"""An account that was used by hand: clusters, data and leftovers of several people, most of them without an owner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.local_aws.server import LocalAws

REGION = "us-east-1"
"""The region of all resources except the forgotten cluster."""
OTHER_REGION = "us-west-2"
"""The region of the forgotten cluster."""
BUCKET = "acme-clicks"
_PEOPLE = ("ana@example.com", "ben@example.com", "li@example.com")


@dataclass(frozen=True)
class Created:
    """A created resource."""

    region: str
    text: str


@dataclass(frozen=True)
class _Access:
    """Clients that sign with the keys of one principal, so that the event history names it."""

    endpoint: str
    key: str = "local"
    secret: str = "local"  # noqa: S105  the local AWS accepts any value

    def client(self, service: str, region: str = REGION) -> Any:  # noqa: ANN401  boto3 has no static types
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            # As `client_variables`: proxies are for other machines.
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )

    def user(self, name: str) -> _Access:
        """Create a user with all permissions, and return its access."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return _Access(self.endpoint, key["AccessKeyId"], key["SecretAccessKey"])


def create_unmanaged(server: LocalAws, on_created: Callable[[Created], None] = lambda _: None) -> None:
    """Create unmanaged resources on a local AWS, as the console does it, by three users of IAM.

    Args:
        server: the local AWS.
        on_created: called after each resource. Default: nothing.

    Raises:
        OperationError: the resources exist already.
    """
    administrator = _Access(server.endpoint)
    try:
        ana, ben, li = (administrator.user(each) for each in _PEOPLE)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        message = "The local AWS contains these resources already. `mlinfra local down` deletes all resources."
        raise OperationError(message) from error
    for each in chain(_of_ana(ana), _of_ben(ben), _of_li(li)):
        on_created(each)


def _of_ana(access: _Access) -> Iterator[Created]:
    """An endpoint that serves, and the cluster and the data that its model was trained with."""
    s3 = access.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for day in range(1, 4):
        s3.put_object(Bucket=BUCKET, Key=f"clicks/2026-11-0{day}.csv", Body=b"user,item,clicked\n1,7,1\n2,9,0\n")
    yield Created(REGION, f"bucket {BUCKET}")
    ec2 = access.client("ec2")
    template = ec2.create_launch_template(
        LaunchTemplateName="ranker-nodes",
        LaunchTemplateData={"ImageId": _image(ec2), "InstanceType": "g5.12xlarge"},
    )["LaunchTemplate"]["LaunchTemplateId"]
    access.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="ranker-nodes",
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=2,
        VPCZoneIdentifier=_subnet(ec2),
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
    )
    yield Created(REGION, "auto scaling group ranker-nodes, 2 x g5.12xlarge")
    role = _role(access, "ranker-endpoint", "sagemaker.amazonaws.com")
    sagemaker = access.client("sagemaker")
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:1"
    sagemaker.create_model(ModelName="ranker-v0", PrimaryContainer={"Image": image}, ExecutionRoleArn=role)
    variant = {
        "VariantName": "all",
        "ModelName": "ranker-v0",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.g5.2xlarge",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="ranker-v0", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="ranker-v0", EndpointConfigName="ranker-v0")
    yield Created(REGION, "endpoint ranker-v0, 1 x ml.g5.2xlarge")


def _of_ben(access: _Access) -> Iterator[Created]:
    """A cluster of a hackathon in another region, reachable from the internet."""
    ec2 = access.client("ec2", OTHER_REGION)
    ec2.create_key_pair(KeyName="ben-laptop")
    group = ec2.create_security_group(GroupName="hackathon", Description="SSH from anywhere")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    ec2.run_instances(
        ImageId=_image(ec2),
        InstanceType="p4d.24xlarge",
        MinCount=4,
        MaxCount=4,
        KeyName="ben-laptop",
        SecurityGroupIds=[group],
        SubnetId=_subnet(ec2),
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "hackathon"}]}],
    )
    yield Created(OTHER_REGION, "instances hackathon, 4 x p4d.24xlarge")


def _of_li(access: _Access) -> Iterator[Created]:
    """Leftovers: a volume of a deleted instance, an address, and a group of logs that are kept for ever."""
    ec2 = access.client("ec2")
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "old-checkpoints"}]}]
    ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=2000, VolumeType="gp3", TagSpecifications=tags)
    yield Created(REGION, "volume old-checkpoints, 2,000 GiB, unattached")
    ec2.allocate_address(Domain="vpc")
    yield Created(REGION, "Elastic IP address, unassociated")
    access.client("logs").create_log_group(logGroupName="/hackathon/training")
    yield Created(REGION, "log group /hackathon/training, without a retention period")


def _image(ec2: Any) -> str:  # noqa: ANN401
    images = ec2.describe_images(Owners=["amazon"])["Images"]
    return str(next(each["ImageId"] for each in images if "Nvidia" in each["Name"]))


def _subnet(ec2: Any) -> str:  # noqa: ANN401
    """A subnet of the default VPC, where the console puts instances."""
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return str(min(subnets, key=lambda each: str(each["AvailabilityZone"]))["SubnetId"])


def _role(access: _Access, name: str, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    made = access.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(made["Role"]["Arn"])
