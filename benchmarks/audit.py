"""Measure an audit of many instances in all regions of a local AWS: `python -m benchmarks.audit`. Linux only.

Beside it, Cloud Custodian lists the same kinds of resources in the same regions, and filters those without a tag for
the owner. The local AWS answers more slowly than AWS: compare the processor time and the number of requests.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks import measure
from benchmarks.page import print_table, write_table
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES
from mlinfra.local_aws.server import LocalAws, serving
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.measure import Measurement

_A_REQUEST = 200
"""Instances of a launch request."""

_CUSTODIAN = measure.REPOSITORY / ".venv/custodian/bin/custodian"

_KINDS = (
    "ec2",
    "ebs",
    "ebs-snapshot",
    "network-addr",
    "nat-gateway",
    "ec2-capacity-reservation",
    "security-group",
    "s3",
    "fsx",
    "efs",
    "eks",
    "eks-nodegroup",
    "batch-compute",
    "sagemaker-app",
    "sagemaker-cluster",
    "sagemaker-domain",
    "sagemaker-endpoint",
    "sagemaker-job",
    "sagemaker-notebook",
    "sagemaker-space",
    "log-group",
    "app-elb",
    "app-elb-target-group",
    "elb",
    "asg",
)
"""Cloud Custodian's names of the resources that `mlinfra audit` reads. It has none for tracking servers of MLflow."""

_AUDIT = """
import sys
from mlinfra.cli.presentation import progress
from mlinfra.operations.audit import AuditOptions, audit_account
regions = sys.argv[2:]
audit = audit_account((), None, progress(), options=AuditOptions(regions=regions, launchers=False))
nodes = sum(each.nodes for each in audit.items)
sys.exit(f"{nodes} instances, {len(audit.failed_regions)} failures" if (
    nodes != int(sys.argv[1]) or audit.failed_regions) else 0)
"""
_HEADER = ("", "wall", "processor", "memory", "requests")


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


class _Custodian:
    """Runs of Cloud Custodian."""

    def __init__(self, folder: Path, regions: Sequence[str], instances: int) -> None:
        """Write the policies."""
        self._folder = folder
        self._regions = regions
        self._instances = instances
        owner = {"tag:Owner": "absent"}
        policies = [{"name": each, "resource": f"aws.{each}", "filters": [owner]} for each in _KINDS]
        (folder / "policies.json").write_text(json.dumps({"policies": policies}))

    def run(self) -> Measurement:
        """Run the policies in all regions.

        Raises:
            CommandFailedError: if they do not find all instances.
        """
        places = [word for region in self._regions for word in ("--region", region)]
        options = ["--output-dir", str(self._folder / "out"), "--cache-period", "0", *places]
        arguments = ["run", *options, str(self._folder / "policies.json")]
        measured = measure.run(arguments, {}, self._folder / "bytecode", program=_CUSTODIAN)
        found = sum(len(json.loads(each.read_text())) for each in self._folder.glob("out/*/ec2/resources.json"))
        if found != self._instances:
            message = f"Cloud Custodian found {found} of {self._instances} instances"
            raise measure.CommandFailedError(message)
        return measured


def _row(name: str, run: Callable[[], Measurement], server: LocalAws, rounds: int) -> list[str]:
    run()  # unmeasured: fills Python's bytecode cache and the disk cache
    before = server.log.read_text().count("HTTP/1.1")
    runs = [run() for _ in range(rounds)]
    requests = (server.log.read_text().count("HTTP/1.1") - before) // rounds
    return [
        name,
        f"{statistics.median(each.seconds for each in runs):.1f} s",
        f"{statistics.median(each.cpu_seconds for each in runs):.1f} s",
        f"{statistics.median(each.python_mib for each in runs):.0f} MiB",
        str(requests),
    ]


def main() -> None:
    """Fill a local AWS, audit it both ways, and print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=2_000)
    parser.add_argument("--regions", type=int, default=17)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the table into docs/speed.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlinfra-bench-") as name, serving(log=Path(name) / "log") as server:
        folder = Path(name)
        with in_force(client_variables(server, present=os.environ)):
            listed = _client("ec2").describe_regions()["Regions"]
            regions = [each["RegionName"] for each in listed][: chosen.regions]
            _fill(regions, chosen.instances)
            custodian = _Custodian(folder, regions, chosen.instances)
            arguments = ["-c", _AUDIT, str(chosen.instances), *regions]
            rows = [
                _row("Cloud Custodian", custodian.run, server, chosen.rounds),
                _row("mlinfra audit", lambda: measure.run(arguments, {}, folder / "bytecode"), server, chosen.rounds),
            ]
    title = f"{chosen.instances:,} instances in {len(regions)} regions"
    print_table(title, header=_HEADER, rows=rows)
    if chosen.write:
        write_table("audits", "benchmarks.audit", header=_HEADER, rows=rows)


if __name__ == "__main__":
    try:
        main()
    except measure.CommandFailedError as error:
        sys.exit(f"Benchmark failed: {error}")
