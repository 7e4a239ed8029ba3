"""Which construct of mlinfra a resource would fit, what differs, and how it gets there. In words: nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.declarations import Environment
    from mlinfra.operations.adopt.reading import Read


def next_step(read: Read, environment: Environment) -> str:
    """The construct that `read` could become part of, and what would change about it then."""
    construct, way, differences = _KINDS[read.found.kind.word](read.values, environment)
    if not construct:
        return way
    told = "; ".join(differences)
    return f"{construct}. {way}" + (f" What would differ: {told}." if told else "")


_Proposal = tuple[str, str, list[str]]


def _bucket(values: Mapping[str, Any], environment: Environment) -> _Proposal:
    differences = list(_bucket_differences(values))
    way = (
        f"It fits a zone of the data lake: bucket_names={{'raw': {values['bucket']!r}}} in the environment "
        f"{environment.name!r}, once it is forgotten here and imported there."
    )
    return "DataLake", way, differences


def _bucket_differences(values: Mapping[str, Any]) -> Iterator[str]:
    versioning = _first(values, "versioning")
    if not versioning.get("enabled"):
        yield "versions would be kept"
    rule = _first(_first(values, "server_side_encryption_configuration"), "rule")
    algorithm = _first(rule, "apply_server_side_encryption_by_default").get("sse_algorithm")
    if algorithm != "aws:kms":
        yield f"new objects would be encrypted with the lake's KMS key, not {algorithm or 'as S3 does by itself'}"
    if values.get("policy"):
        yield "its bucket policy would be replaced"
    if values.get("lifecycle_rule"):
        yield "its lifecycle rules would be replaced"
    yield "public access would be blocked, and requests without TLS refused"


def _instance(_: Mapping[str, Any], __: Environment) -> _Proposal:
    return (
        "",
        "mlinfra has no construct for a single instance: it stays as it is. For training, declare an Experiment.",
        [],
    )


def _group(values: Mapping[str, Any], environment: Environment) -> _Proposal:
    differences = [f"its name, {values['name']!r}, would be {environment.names.prefix}-EXPERIMENT"]
    if not values.get("protect_from_scale_in"):
        differences.append("nodes that work would be protected from scale-in")
    if not _first(values, "launch_template").get("id"):
        differences.append("nodes would come from a launch template of mlinfra's")
    differences.append("nodes would be private, encrypted and tagged, and stopped when idle or expired")
    way = (
        "AWS cannot rename a group, so it cannot become one: declare an Experiment, move the jobs, and delete this "
        "group when it is empty."
    )
    return "TrainingCluster", way, differences


def _security_group(_: Mapping[str, Any], __: Environment) -> _Proposal:
    return "", "mlinfra's constructs make security groups of their own: it stays until nothing uses it.", []


def _role(_: Mapping[str, Any], __: Environment) -> _Proposal:
    way = (
        "mlinfra's constructs make roles of their own, with what they need and no more: it stays until nothing uses "
        "it. Its policies are not adopted with it."
    )
    return "", way, []


def _domain(values: Mapping[str, Any], _: Environment) -> _Proposal:
    differences = []
    if values.get("app_network_access_type") != "VpcOnly":
        differences.append(f"network access {values.get('app_network_access_type')} would be VpcOnly")
    if not values.get("kms_key_id"):
        differences.append("home directories would be encrypted with the environment's key, in a new domain")
    differences.append("each team would get a role of its own, and idle apps would be shut down")
    way = (
        "A domain cannot move to another VPC, key or name: declare studio=StudioSettings(), move the home directories, "
        "and delete this domain when it is empty."
    )
    return "Studio", way, differences


def _endpoint(values: Mapping[str, Any], environment: Environment) -> _Proposal:
    differences = [f"its name, {values['name']!r}, would be {environment.names.prefix}-ENDPOINT"]
    if not values.get("deployment_config"):
        differences.append("new versions would be deployed blue/green and rolled back on alarms")
    way = "AWS cannot rename an endpoint: declare an Endpoint, send the requests there, and delete this one after."
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
