"""Read actions of a refresh, from logs of the AWS provider."""

from __future__ import annotations

from ci.refresh_actions import merged, refresh_actions, table

LOG = """
[DEBUG] provider: HTTP Request Sent: tf_rpc=ReadResource rpc.service=S3 rpc.method=GetBucketCors tf_resource_type=aws_s3_bucket
[DEBUG] provider: HTTP Request Sent: rpc.method=HeadBucket rpc.service=S3 tf_resource_type=aws_s3_bucket tf_rpc=ReadResource
[DEBUG] provider: rpc.service="CloudWatch Logs" tf_resource_type=aws_cloudwatch_log_group rpc.method=DescribeLogGroups
[DEBUG] provider: rpc.service=EC2 tf_data_source_type=aws_subnets rpc.method=DescribeSubnets tf_rpc=ReadDataSource
[DEBUG] provider: rpc.service=STS rpc.method=GetCallerIdentity tf_rpc=Configure
[DEBUG] provider: tf_resource_type=aws_vpc tf_rpc=ReadResource
""".splitlines()  # noqa: E501  as the provider writes it


def test_actions_have_the_names_of_iam() -> None:
    assert refresh_actions(LOG) == {
        "aws_s3_bucket": {"s3:GetBucketCORS", "s3:ListBucket"},
        "aws_cloudwatch_log_group": {"logs:DescribeLogGroups"},
        "data.aws_subnets": {"ec2:DescribeSubnets"},
    }


def test_new_actions_are_added_to_the_stored_ones() -> None:
    stored = {"aws_vpc": ["ec2:DescribeVpcs"], "aws_eip": ["ec2:DescribeAddresses"]}
    assert merged(stored, {"aws_vpc": {"ec2:DescribeRouteTables"}}) == {
        "aws_eip": ["ec2:DescribeAddresses"],
        "aws_vpc": ["ec2:DescribeRouteTables", "ec2:DescribeVpcs"],
    }


def test_the_table_is_sorted_as_the_command_writes_it() -> None:
    assert table() == merged(table(), {})
