"""Advice on the construct that could manage a resource, and on the differences. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.declarations import AdoptedType, Environment
    from mlinfra.operations.adopt.reading import ReadResource


@dataclass(frozen=True)
class Advice:
    """The construct that could manage a resource."""

    construct: str
    """Its name. Empty: there is none."""
    way: str
    """The steps towards it, or the reason why there is none."""
    differences: tuple[str, ...] = ()
    """What would change."""


def next_step(read: ReadResource, environment: Environment) -> str:
    """The construct that could manage `read`, and the changes that result."""
    advice = construct_advice(read.found.kind.type, read.values, environment)
    if not advice.construct:
        return advice.way
    listed = "; ".join(advice.differences)
    return f"{advice.construct}. {advice.way}" + (f" Differences: {listed}." if listed else "")


def construct_advice(kind: AdoptedType, values: Mapping[str, Any], environment: Environment) -> Advice:
    """The construct that could manage a resource in an environment.

    Args:
        kind: its type in Terraform.
        values: its attributes in Terraform.
        environment: the environment.
    """
    construct, way, differences = _TYPES[kind](values, environment)
    return Advice(construct, way, tuple(differences))


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


_TYPES: Mapping[AdoptedType, Callable[[Mapping[str, Any], Environment], _Proposal]] = {
    "aws_s3_bucket": _bucket,
    "aws_instance": _instance,
    "aws_autoscaling_group": _group,
    "aws_security_group": _security_group,
    "aws_iam_role": _role,
    "aws_sagemaker_domain": _domain,
    "aws_sagemaker_endpoint": _endpoint,
}
