"""The parts of a run that can still be had: code, images, data, nodes. Each is checked by a call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import ClientError

from mlinfra.declarations import DATA_ZONES
from mlinfra.errors import OperationError
from mlinfra.functions.clients import error_code
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.deploy import last_apply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.operations.runs.description import RunDescription
    from mlinfra.operations.runs.run_table import RunTable
    from mlinfra.operations.terraform import Repository
    from mlinfra.runner import RunSpecification

Outcome = Literal["same", "differs", "missing", "unknown"]

_ECR: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_DAY: Final = re.compile(r"20\d{2}-\d{2}-\d{2}")
_NO_OBJECT: Final = frozenset(
    {"400", "404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "InvalidArgument"}
)
"""S3's codes for an object or a version that does not exist, an invalid version id, and a delete marker (S3 API
reference, HeadObject, read 2026-11-30: a response to HEAD has no body, so that its code is the HTTP status)."""
_NO_IMAGE: Final = frozenset({"ImageNotFoundException", "RepositoryNotFoundException"})


@dataclass(frozen=True)
class Availability:
    """A part of a run, as it can be had now."""

    part: str
    outcome: Outcome
    """`same`; `differs`: it can be had in another form; `missing`; `unknown`: it could not be checked."""
    reason: str
    """The fact, in a sentence without the last full stop."""


def check_availability(table: RunTable, description: RunDescription, repository: Repository) -> list[Availability]:
    """The parts of a run as they can be had now.

    Args:
        table: the records of its environment.
        description: the run with its specification.
        repository: the clone in which its commit is looked up.
    """
    check = _Check(table, description, repository)
    parts: list[tuple[str, Callable[[], Iterator[Availability]]]] = [
        ("code", check.code),
        ("uncommitted changes", check.patch),
        ("container image", check.image),
        ("data", check.data),
        ("experiment", check.declaration),
        ("zone", check.zones),
        ("machine image", check.machine_image),
        ("infrastructure", check.infrastructure),
        ("mlinfra", check.release),
    ]
    found: list[Availability] = []
    for part, read in parts:
        try:
            with aws_errors_explained():
                found += read()
        except OperationError as error:
            found.append(Availability(part, "unknown", str(error).rstrip(".")))
    return found


class _Check:
    def __init__(self, table: RunTable, description: RunDescription, repository: Repository) -> None:
        assert description.specification is not None  # noqa: S101  checked by the caller
        self._table = table
        self._environment = table.environment
        self._account = table.account
        self._run = description.run
        self._spec: RunSpecification = description.specification
        self._repository = repository

    def code(self) -> Iterator[Availability]:
        commit = self._spec.provenance.commit
        if commit is not None:
            if self._repository.subject(commit) is not None:
                yield Availability("commit", "same", f"{commit[:12]} is in this clone")
            else:
                fetch = " Fetch it: git fetch --all" if self._spec.code is None else ""
                yield Availability("commit", "missing", f"{commit[:12]} is not in this clone{fetch}")
        if self._spec.code is not None:
            yield self._object("code archive", self._spec.code.key)

    def patch(self) -> Iterator[Availability]:
        if self._spec.provenance.patch_key:
            yield self._object("uncommitted changes", self._spec.provenance.patch_key)

    def image(self) -> Iterator[Availability]:
        image = self._spec.image
        if image is None:
            return
        found = _ECR.fullmatch(image)
        if found is None:
            yield Availability("container image", "unknown", f"{image} is not in ECR, and was not checked")
            return
        identity = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
        client = self._account.session.client("ecr", region_name=found["region"])
        try:
            (detail, *_) = client.describe_images(
                registryId=found["account"], repositoryName=found["repository"], imageIds=[identity]
            )["imageDetails"]
        except ClientError as error:
            if error_code(error) not in _NO_IMAGE:
                raise
            yield Availability("container image", "missing", f"{image} is no longer in ECR")
            return
        submitted, pushed = self._run.submitted_at, detail.get("imagePushedAt")
        if found["digest"] is None and submitted and pushed and pushed > submitted:
            yield Availability(
                "container image", "differs", f"{image} was pushed at {pushed:%Y-%m-%d %H:%M} UTC, after the run"
            )
        else:
            yield Availability("container image", "same", f"{image} is in ECR")

    def data(self) -> Iterator[Availability]:
        for prefix, value in sorted(self._spec.provenance.data.items()):
            yield self._data(prefix, value)

    def _data(self, prefix: str, value: str) -> Availability:
        part = f"data {prefix}"
        bucket, key = self._location(prefix)
        if bucket is None:
            return Availability(part, "unknown", "it is not a zone of the data lake or an S3 URI, and was not checked")
        client = self._account.client("s3")
        if _DAY.fullmatch(value) or key.endswith("/") or not key:
            # The first 1000 objects.
            found = client.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents")
            if not found:
                return Availability(part, "missing", f"s3://{bucket}/{key} contains no objects")
            newest = max(each["LastModified"] for each in found)
            if self._run.submitted_at and newest > self._run.submitted_at:
                return Availability(
                    part, "differs", f"objects were written after the run, such as at {newest:%F %H:%M} UTC"
                )
            return Availability(part, "same", "no object was written after the run, as far as checked")
        try:
            client.head_object(Bucket=bucket, Key=key, VersionId=value)
        except ClientError as error:
            if error_code(error) not in _NO_OBJECT:
                raise
            return Availability(part, "missing", f"s3://{bucket}/{key} has no version {value}")
        return Availability(part, "same", f"the version {value} exists")

    def _location(self, prefix: str) -> tuple[str | None, str]:
        if prefix.startswith("s3://"):
            bucket, _, key = prefix.removeprefix("s3://").partition("/")
            return bucket, key
        zone, _, key = prefix.partition("/")
        return (self._environment.names.bucket(zone), key) if zone in DATA_ZONES else (None, "")

    def declaration(self) -> Iterator[Availability]:
        if self._spec.queue is not None:
            names = [each.name for each in self._environment.queues]
            known = self._spec.queue in names
            reason = f"the queue {self._spec.queue} is {'declared' if known else 'no longer declared'}"
            yield Availability("queue", "same" if known else "missing", reason)
            return
        experiment = next((each for each in self._environment.experiments if each.name == self._spec.experiment), None)
        if experiment is None:
            reason = f"{self._spec.experiment} is no longer declared in {self._environment.name}"
            yield Availability("experiment", "missing", reason)
            return
        present, nodes = self._environment.instance_type(experiment).name, experiment.nodes
        yield self._compared("instance type", self._spec.instance_type, present)
        yield self._compared("nodes", str(self._spec.nodes), str(nodes))

    def zones(self) -> Iterator[Availability]:
        types = self._run.node_values("instance_type") or (self._spec.instance_type,)
        for zone in self._run.node_values("zone"):
            offered = self._account.client("ec2").describe_instance_type_offerings(
                LocationType="availability-zone",
                Filters=[{"Name": "location", "Values": [zone]}, {"Name": "instance-type", "Values": list(types)}],
            )["InstanceTypeOfferings"]
            if offered:
                yield Availability("zone", "same", f"{zone} offers {', '.join(types)}")
            else:
                yield Availability("zone", "missing", f"{zone} does not offer {', '.join(types)}")

    def machine_image(self) -> Iterator[Availability]:
        ran = self._run.node_values("image_id")
        if not ran or self._spec.queue is not None:
            return
        client = self._account.client("ec2")
        # A deregistered image is not returned; a deprecated one only on request (EC2 API reference, DescribeImages,
        # read 2026-11-30).
        found = client.describe_images(Filters=[{"Name": "image-id", "Values": list(ran)}], IncludeDeprecated=True)
        existing = {each["ImageId"] for each in found["Images"]}
        present = self._present_image()
        for each in ran:
            software = ", ".join(
                f"{name} {value}"
                for name, attribute in (("driver", "driver"), ("CUDA", "cuda"))
                for value in self._run.node_values(attribute)
            )
            known = f" ({software})" if software else ""
            if each not in existing:
                yield Availability("machine image", "missing", f"{each}{known} is no longer registered")
            elif present is not None and present != each:
                yield Availability(
                    "machine image", "differs", f"new nodes boot {present}; the run had {each}{known}, which exists"
                )
            else:
                yield Availability("machine image", "same", f"{each}{known}")

    def _present_image(self) -> str | None:
        """The image of new nodes of its cluster. None: the cluster does not exist, or its image is not fixed."""
        groups = self._account.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[self._spec.partition]
        )["AutoScalingGroups"]
        if not groups:
            return None
        mixed = groups[0].get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
        template = groups[0].get("LaunchTemplate") or mixed
        if not template:
            return None
        versions = self._account.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=[template.get("Version", "$Default")]
        )["LaunchTemplateVersions"]
        image = versions[0]["LaunchTemplateData"].get("ImageId") if versions else None
        return str(image) if image else None

    def infrastructure(self) -> Iterator[Availability]:
        then = self._spec.provenance.infrastructure_commit
        if then is None:
            return
        now = last_apply(self._account, self._environment, "training")
        if now is None or now.commit is None:
            yield Availability("infrastructure", "unknown", "the commit of the last apply is not recorded")
        else:
            yield self._compared("infrastructure", then[:12], now.commit[:12])

    def release(self) -> Iterator[Availability]:
        yield self._compared("mlinfra", self._spec.provenance.mlinfra, version("mlinfra-cdktf"))

    def _object(self, part: str, key: str) -> Availability:
        where = f"s3://{self._spec.bucket}/{key}"
        try:
            self._account.client("s3").head_object(Bucket=self._spec.bucket, Key=key)
        except ClientError as error:
            if error_code(error) not in _NO_OBJECT:
                raise
            return Availability(part, "missing", f"{where} no longer exists")
        return Availability(part, "same", f"{where} exists")

    @staticmethod
    def _compared(part: str, then: str, now: str) -> Availability:
        if then == now:
            return Availability(part, "same", then)
        return Availability(part, "differs", f"{now} now, {then} then")
