"""What moto lacks of the AWS that mlinfra deploys to, one subject a file.

Each file closes one gap on moto's own classes and says how AWS behaves there. A gap that a newer
moto has closed by itself is left alone.
"""

from mlinfra.local_aws.gaps import ec2_launch_template_tags, ec2_security_group_rules, s3_bucket_policy

GAPS = (ec2_launch_template_tags, ec2_security_group_rules, s3_bucket_policy)


def close_gaps() -> None:
    """Close every gap that the installed moto has, in this process."""
    for gap in GAPS:
        if gap.is_open():
            gap.close()
