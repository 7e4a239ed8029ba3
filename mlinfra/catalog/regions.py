"""The AWS regions that an environment can live in."""

from functools import lru_cache

from botocore.session import Session


@lru_cache(maxsize=1)
def regions() -> tuple[str, ...]:
    """Every region of the commercial partition (`aws`) with EC2, sorted.

    Source: the endpoint data of the installed botocore, so a new region needs a newer boto3 and
    nothing else. GovCloud and China are left out: their ARNs begin with another partition, and
    mlinfra writes `arn:aws:`.
    """
    return tuple(sorted(Session().get_available_regions("ec2", partition_name="aws")))
