"""Time, memory and requests of an audit of many instances in all regions of a local AWS.

    python -m benchmarks.audit --instances 10000

The local AWS answers more slowly than AWS: the processor time of the audit, and the number of its requests, are what to
compare.
"""

from __future__ import annotations

import argparse
import functools
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from mlinfra.cli.presentation import progress
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES
from mlinfra.local_aws.server import serving
from mlinfra.operations.audit import AuditOptions, audit_account
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Sequence

_A_REQUEST = 200
"""Instances of a launch request."""


@functools.cache
def _client(service: str, region: str = "us-east-1") -> Any:  # noqa: ANN401  boto3 makes its clients at run time
    return boto3.client(service, region_name=region)


def _fill(regions: Sequence[str], instances: int) -> None:
    """Launch instances, evenly in all regions."""
    made = 0
    for number, region in enumerate(regions, start=1):
        while (wanted := instances * number // len(regions) - made) > 0:
            count = min(wanted, _A_REQUEST)
            image = DEEP_LEARNING_IMAGES[0].image_id(region)
            _client("ec2", region).run_instances(
                ImageId=image, InstanceType="g5.xlarge", MinCount=count, MaxCount=count
            )
            made += count


def main() -> None:
    """Fill a local AWS, audit it, and print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--regions", type=int, default=17)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(log=Path(folder) / "log") as server:
        with in_force(client_variables(server, present=os.environ)):
            listed = _client("ec2").describe_regions()["Regions"]
            regions = [each["RegionName"] for each in listed][: chosen.regions]
            _fill(regions, chosen.instances)
            before = server.log.read_text().count("HTTP/1.1")
            wall, cpu = time.monotonic(), time.process_time()
            audit = audit_account((), None, progress(), options=AuditOptions(regions=regions, launchers=False))
            wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        requests = server.log.read_text().count("HTTP/1.1") - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    nodes = sum(each.nodes for each in audit.items)
    print(  # noqa: T201  its output
        f"{nodes} instances in {len(regions)} regions: {wall:.1f} s, {cpu:.1f} s of processor time, {requests} "
        f"requests, {memory} MiB, {len(audit.failed_regions)} failures"
    )


if __name__ == "__main__":
    main()
