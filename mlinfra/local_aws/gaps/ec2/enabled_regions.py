"""Gap: regions of the account.

moto returns the regions of all partitions, and ignores AllRegions. In AWS, an account has the regions of one partition,
and without AllRegions the response has only those that are enabled for it. Source: EC2 API reference, DescribeRegions,
and EC2 user guide, "Regions and Zones", read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ec2.responses.availability_zones_and_regions import AvailabilityZonesAndRegions
from moto.utilities.utils import get_partition

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import ActionResult


def is_open() -> bool:
    """True if moto does not read AllRegions."""
    return "AllRegions" not in AvailabilityZonesAndRegions.describe_regions.__code__.co_consts


def close() -> None:
    """Close the gap: return the regions of the partition, and disabled ones only on request."""
    wrap(AvailabilityZonesAndRegions, "describe_regions", _describe)


def _describe(
    original: Callable[[AvailabilityZonesAndRegions], ActionResult], response: AvailabilityZonesAndRegions
) -> ActionResult:
    answer = original(response)
    everything = response._get_bool_param("AllRegions", if_none=False)  # noqa: SLF001  moto's way to read it
    named = response._get_param("RegionNames", [])  # noqa: SLF001
    partition = get_partition(response.region)
    answer.result["Regions"] = [  # type: ignore[index]
        each
        for each in answer.result["Regions"]  # type: ignore[index]
        if get_partition(each.name) == partition and (everything or named or each.opt_in_status != "not-opted-in")
    ]
    return answer
