"""The AWS regions that an environment can live in."""

import json
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def aws_regions() -> tuple[str, ...]:
    """Every region of the commercial partition (`aws`), sorted.

    Source: the partition data of the installed botocore, so a new region needs a newer boto3 and
    nothing else. It is read as the file it is: importing botocore's session to ask for it would
    take longer than synthesizing a stack. GovCloud and China are left out: their ARNs begin with
    another partition, and mlinfra writes `arn:aws:`.
    """
    data = json.loads(files("botocore").joinpath("data").joinpath("partitions.json").read_text(encoding="utf-8"))
    (commercial,) = [each for each in data["partitions"] if each["id"] == "aws"]
    return tuple(sorted(name for name in commercial["regions"] if name != "aws-global"))
