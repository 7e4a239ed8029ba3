"""Advice on the construct that could manage a resource, and on the differences. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.declarations import Environment
    from mlinfra.operations.adopt.reading import ReadResource


def next_step(read: ReadResource, environment: Environment) -> str:
    """The construct that could manage `read`, and the changes that result."""
    construct, way, differences = _KINDS[read.found.kind.word](read.values, environment)
    if not construct:
        return way
    listed = "; ".join(differences)
    return f"{construct}. {way}" + (f" Differences: {listed}." if listed else "")


_Proposal = tuple[str, str, list[str]]


def _bucket(values: Mapping[str, Any], environment: Environment) -> _Proposal:
    differences = list(_bucket_differences(values))
    way = (
        f"The bucket can become a zone of the data lake: bucket_names={{'raw': {values['bucket']!r}}} in the "
        f"environment {environment.name!r}, after it is forgotten in this stack and imported in the other."
    )
    return "DataLake", way, differences


def _bucket_differences(values: Mapping[str, Any]) -> Iterator[str]:
    versioning = _first(values, "versioning")
    if not versioning.get("enabled"):
        yield "versioning would be enabled"
    rule = _first(_first(values, "server_side_encryption_configuration"), "rule")
    algorithm = _first(rule, "apply_server_side_encryption_by_default").get("sse_algorithm")
    if algorithm != "aws:kms":
        yield f"new objects would be encrypted with the lake's KMS key instead of {algorithm or 'the default of S3'}"
    if values.get("policy"):
        yield "the bucket policy would be replaced"
    if values.get("lifecycle_rule"):
        yield "the lifecycle rules would be replaced"
    yield "public access would be blocked, and requests without TLS denied"


def _instance(_: Mapping[str, Any], __: Environment) -> _Proposal:
    return (
        "",
        "mlinfra has no construct for single instances: keep it adopted. For training, declare an Experiment.",
        [],
    )


def _group(values: Mapping[str, Any], environment: Environment) -> _Proposal:
    differences = [f"the name {values['name']!r} would be {environment.names.prefix}-EXPERIMENT"]
    if not values.get("protect_from_scale_in"):
        differences.append("busy nodes would be protected from scale-in")
    if not _first(values, "launch_template").get("id"):
        differences.append("nodes would use a launch template of mlinfra")
    differences.append("nodes would be private, encrypted and tagged, and stopped when idle or expired")
    way = (
        "AWS cannot rename auto scaling groups: declare an Experiment, move the jobs, and delete this group when it is "
        "empty."
    )
    return "TrainingCluster", way, differences


def _security_group(_: Mapping[str, Any], __: Environment) -> _Proposal:
    return "", "Constructs of mlinfra create their own security groups: keep this one until it is unused.", []


def _role(_: Mapping[str, Any], __: Environment) -> _Proposal:
    way = (
        "Constructs of mlinfra create their own roles with least privilege: keep this one until it is unused. Its "
        "policies are not adopted."
    )
    return "", way, []


def _domain(values: Mapping[str, Any], _: Environment) -> _Proposal:
    differences = []
    if values.get("app_network_access_type") != "VpcOnly":
        differences.append(f"network access {values.get('app_network_access_type')} would be VpcOnly")
    if not values.get("kms_key_id"):
        differences.append("home directories would be encrypted with the environment's key, in a new domain")
    differences.append("each team would have its own role, and idle apps would be shut down")
    way = (
        "VPC, key and name of a domain cannot be changed: declare studio=StudioSettings(), move the home directories, "
        "and delete this domain when it is empty."
    )
    return "Studio", way, differences


def _endpoint(values: Mapping[str, Any], environment: Environment) -> _Proposal:
    differences = [f"the name {values['name']!r} would be {environment.names.prefix}-ENDPOINT"]
    if not values.get("deployment_config"):
        differences.append("new versions would be deployed blue/green and rolled back on alarms")
    way = "AWS cannot rename endpoints: declare an Endpoint, redirect the requests to it, and delete this one."
    return "ServingEndpoint", way, differences


def _first(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    listed = values.get(name) or [{}]
    first: Mapping[str, Any] = listed[0]
    return first


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Environment], _Proposal]] = {
    "bucket": _bucket,
    "instance": _instance,
    "auto-scaling-group": _group,
    "security-group": _security_group,
    "role": _role,
    "domain": _domain,
    "endpoint": _endpoint,
}
