"""Search of resources in AWS by id, ARN, name or tags."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.operations.adopt.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mlinfra.operations.aws import AwsAccount

_ABSENT = frozenset(
    {
        "404",
        "InvalidGroup.NotFound",
        "InvalidGroupId.Malformed",
        "InvalidInstanceID.Malformed",
        "InvalidInstanceID.NotFound",
        "NoSuchBucket",
        "NoSuchEntity",
        "NotFound",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)
GROUP_TAG = "aws:autoscaling:groupName"
"""The tag of instances that were launched by an auto scaling group."""

_TERMINATED = frozenset({"shutting-down", "terminated"})


@dataclass(frozen=True)
class Found:
    """A resource in AWS."""

    kind: Kind
    id: str
    """The id for an import by Terraform."""
    name: str
    """The name, or the id of a resource without one."""
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)
    region: str | None = None
    """The region, if it is not that of the environment. IAM roles have none."""

    def __str__(self) -> str:
        name = "" if self.name == self.id else f" ({self.name})"
        place = f" in {self.region}" if self.region else ""
        return f"{self.kind.word} {self.id}{name}{place}"


def find(account: AwsAccount, identifier: str, kinds: Sequence[Kind]) -> Found:
    """Find the resource with an id, an ARN or a name.

    Raises:
        OperationError: if no resource or several resources match.
    """
    if identifier.startswith("arn:"):
        kind, identifier = _of_arn(identifier, account)
        kinds = [kind]
    else:
        kinds = [each for each in kinds if _could_be(identifier, each)]
    found = list(dict.fromkeys(each for kind in kinds for each in _BY_NAME[kind.word](account, identifier)))
    if len(found) == 1:
        return found[0]
    words = ", ".join(each.word for each in kinds)
    if not found:
        message = (
            f"No {words.replace(', ', ' or ')} {identifier!r} was found in {account.account_id}, {_region(account)}. "
            f"Expected: an id, an ARN or a name. IAM roles are found in all regions, other resources in this one only; "
            f"another region is searched with --region, or for an ARN in it."
        )
        raise OperationError(message)
    message = f"{identifier!r} matches {len(found)} resources. Give the id of one of them, or --type."
    raise OperationError(message, details="\n".join(str(each) for each in found))


def find_tagged(account: AwsAccount, tags: Mapping[str, str], kinds: Sequence[Kind]) -> tuple[Found, ...]:
    """Find all resources of `kinds` with all of `tags`.

    Raises:
        OperationError: if no resource matches.
    """
    found = [each for kind in kinds for each in _BY_TAGS[kind.word](account, tags) if tags.items() <= each.tags.items()]
    if not found:
        wanted = ", ".join(f"{key}={value}" for key, value in tags.items())
        message = f"No adoptable resource with the tags {wanted} was found in {account.account_id}, {_region(account)}."
        raise OperationError(message)
    return tuple(found)


_ARNS: Sequence[tuple[str, str]] = (
    (r"arn:[\w-]+:s3:::(?P<id>[^/]+)", "bucket"),
    (r"arn:[\w-]+:ec2:(?P<region>[\w-]+):(?P<account>\d+):instance/(?P<id>.+)", "instance"),
    (r"arn:[\w-]+:ec2:(?P<region>[\w-]+):(?P<account>\d+):security-group/(?P<id>.+)", "security-group"),
    (
        r"arn:[\w-]+:autoscaling:(?P<region>[\w-]+):(?P<account>\d+):autoScalingGroup:[^:]+:[^/:]+/(?P<id>.+)",
        "auto-scaling-group",
    ),
    (r"arn:[\w-]+:iam::(?P<account>\d+):role/(?:.*/)?(?P<id>[^/]+)", "role"),
    (r"arn:[\w-]+:sagemaker:(?P<region>[\w-]+):(?P<account>\d+):domain/(?P<id>.+)", "domain"),
    (r"arn:[\w-]+:sagemaker:(?P<region>[\w-]+):(?P<account>\d+):endpoint/(?P<id>.+)", "endpoint"),
)


def region_of(identifier: str) -> str | None:
    """The region of an ARN. None: it is not an ARN, or names no region."""
    parts = identifier.split(":")
    return parts[3] or None if identifier.startswith("arn:") and len(parts) > 5 else None  # noqa: PLR2004  six parts


def _of_arn(arn: str, account: AwsAccount) -> tuple[Kind, str]:
    for pattern, word in _ARNS:
        if match := re.fullmatch(pattern, arn):
            parts = {"account": account.account_id, "region": _region(account), **match.groupdict()}
            if (parts["account"], parts["region"]) != (account.account_id, _region(account)):
                message = f"{arn} is not in {account.account_id}, {_region(account)}."
                raise OperationError(message)
            return KINDS[word], parts["id"]
    message = f"Resources such as {arn} cannot be adopted. Expected: the ARN of one of {', '.join(KINDS)}."
    raise OperationError(message)


_IDS = {"instance": r"i-[0-9a-f]{8,17}", "security-group": r"sg-[0-9a-f]{8,17}", "domain": r"d-[a-z0-9]{8,}"}


def _could_be(identifier: str, kind: Kind) -> bool:
    """False if `identifier` has the form of an id of another kind."""
    forms = [word for word, pattern in _IDS.items() if re.fullmatch(pattern, identifier)]
    return not forms or kind.word in forms


def _region(account: AwsAccount) -> str:
    return str(account.session.region_name)


def _tags(listed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in listed}


def _filters(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]


def _or_none(request: Callable[[], Any]) -> Any:  # noqa: ANN401  any response of boto3
    """The response of AWS. None: not found."""
    try:
        return request()
    except ClientError as error:
        code, text = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        # SageMaker responds with a ValidationException: "Could not find endpoint".
        if code in _ABSENT or (code == "ValidationException" and "not find" in text):
            return None
        raise


def _bucket(account: AwsAccount, name: str) -> Iterator[Found]:
    s3 = account.client("s3")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name):
        return
    try:
        found = _or_none(lambda: s3.head_bucket(Bucket=name, ExpectedBucketOwner=account.account_id))
    except ClientError as error:
        # Names of buckets are unique in all accounts, so the name of a group or role can be that of a bucket of another
        # account. S3 answers as for a missing permission. Source: S3 API reference, HeadBucket, read 2026-11-30.
        if error.response["Error"].get("Code") != "403" or _is_own_bucket(s3, name):
            raise
        return
    if found is not None:
        yield _as_bucket(account, name)


def _is_own_bucket(s3: Any, name: str) -> bool:  # noqa: ANN401  boto3 makes its clients at run time
    pages = s3.get_paginator("list_buckets").paginate()
    return any(each["Name"] == name for page in pages for each in page.get("Buckets", ()))


def _as_bucket(account: AwsAccount, name: str) -> Found:
    try:
        tags = _tags(account.client("s3").get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        tags = {}
    return Found(KINDS["bucket"], name, name, tags)


def _buckets(account: AwsAccount, tags: Mapping[str, str]) -> Iterator[Found]:
    pages = account.client("resourcegroupstaggingapi").get_paginator("get_resources")
    wanted = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    for page in pages.paginate(ResourceTypeFilters=["s3"], TagFilters=wanted):
        for each in page["ResourceTagMappingList"]:
            if "/" not in (name := each["ResourceARN"].rpartition(":")[2]):
                yield Found(KINDS["bucket"], name, name, _tags(each["Tags"]))


def _instance(account: AwsAccount, name: str) -> Iterator[Found]:
    if re.fullmatch(_IDS["instance"], name):
        yield from _described_instances(account, InstanceIds=[name])
    else:
        yield from _described_instances(account, Filters=_filters({"Name": name}))


def _instances(account: AwsAccount, tags: Mapping[str, str]) -> Iterator[Found]:
    """Instances outside of auto scaling groups. Of others, the group is adopted, which has the tag too."""
    for each in _described_instances(account, Filters=_filters(tags)):
        if GROUP_TAG not in each.tags:
            yield each


def _described_instances(account: AwsAccount, **query: Any) -> Iterator[Found]:  # noqa: ANN401  boto3's own
    pages = account.client("ec2").get_paginator("describe_instances")
    for page in _or_none(lambda: list(pages.paginate(**query))) or ():
        for each in (instance for reservation in page["Reservations"] for instance in reservation["Instances"]):
            if each["State"]["Name"] not in _TERMINATED:
                tags = _tags(each.get("Tags", ()))
                yield Found(KINDS["instance"], each["InstanceId"], tags.get("Name") or each["InstanceId"], tags)


def _security_group(account: AwsAccount, name: str) -> Iterator[Found]:
    if re.fullmatch(_IDS["security-group"], name):
        yield from _described_groups(account, GroupIds=[name])
    else:
        yield from _described_groups(account, Filters=[{"Name": "group-name", "Values": [name]}])


def _security_groups(account: AwsAccount, tags: Mapping[str, str]) -> Iterator[Found]:
    yield from _described_groups(account, Filters=_filters(tags))


def _described_groups(account: AwsAccount, **query: Any) -> Iterator[Found]:  # noqa: ANN401  boto3's own
    pages = account.client("ec2").get_paginator("describe_security_groups")
    for page in _or_none(lambda: list(pages.paginate(**query))) or ():
        for each in page["SecurityGroups"]:
            yield Found(KINDS["security-group"], each["GroupId"], each["GroupName"], _tags(each.get("Tags", ())))


def _auto_scaling_group(account: AwsAccount, name: str) -> Iterator[Found]:
    yield from _described_scaling_groups(account, AutoScalingGroupNames=[name])


def _auto_scaling_groups(account: AwsAccount, tags: Mapping[str, str]) -> Iterator[Found]:
    yield from _described_scaling_groups(account, Filters=_filters(tags))


def _described_scaling_groups(account: AwsAccount, **query: Any) -> Iterator[Found]:  # noqa: ANN401  boto3's own
    for page in account.client("autoscaling").get_paginator("describe_auto_scaling_groups").paginate(**query):
        for each in page["AutoScalingGroups"]:
            name = each["AutoScalingGroupName"]
            yield Found(KINDS["auto-scaling-group"], name, name, _tags(each.get("Tags", ())))


def _role(account: AwsAccount, name: str) -> Iterator[Found]:
    if not re.fullmatch(r"[\w+=,.@-]{1,64}", name):
        return
    answer = _or_none(lambda: account.client("iam").get_role(RoleName=name))
    if answer:
        yield Found(KINDS["role"], name, name, _tags(answer["Role"].get("Tags", ())))


def _roles(account: AwsAccount, tags: Mapping[str, str]) -> Iterator[Found]:  # noqa: ARG001  IAM filters by no tag
    iam = account.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for each in page["Roles"]:
            if not each["Path"].startswith("/aws-service-role/"):
                name = each["RoleName"]
                yield Found(KINDS["role"], name, name, _tags(iam.list_role_tags(RoleName=name)["Tags"]))


def _domain(account: AwsAccount, name: str) -> Iterator[Found]:
    for each in _domains(account, {}):
        if name in {each.id, each.name}:
            yield each


def _domains(account: AwsAccount, tags: Mapping[str, str]) -> Iterator[Found]:  # noqa: ARG001  SageMaker filters by no tag
    sagemaker = account.client("sagemaker")
    for page in sagemaker.get_paginator("list_domains").paginate():
        for each in page["Domains"]:
            found = _tags(sagemaker.list_tags(ResourceArn=each["DomainArn"])["Tags"])
            yield Found(KINDS["domain"], each["DomainId"], each["DomainName"], found)


def _endpoint(account: AwsAccount, name: str) -> Iterator[Found]:
    if not re.fullmatch(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}", name):
        return
    sagemaker = account.client("sagemaker")
    if answer := _or_none(lambda: sagemaker.describe_endpoint(EndpointName=name)):
        tags = _tags(sagemaker.list_tags(ResourceArn=answer["EndpointArn"])["Tags"])
        yield Found(KINDS["endpoint"], name, name, tags)


def _endpoints(account: AwsAccount, tags: Mapping[str, str]) -> Iterator[Found]:  # noqa: ARG001  SageMaker filters by no tag
    sagemaker = account.client("sagemaker")
    for page in sagemaker.get_paginator("list_endpoints").paginate():
        for each in page["Endpoints"]:
            found = _tags(sagemaker.list_tags(ResourceArn=each["EndpointArn"])["Tags"])
            yield Found(KINDS["endpoint"], each["EndpointName"], each["EndpointName"], found)


_BY_NAME: Mapping[str, Callable[[AwsAccount, str], Iterator[Found]]] = {
    "bucket": _bucket,
    "instance": _instance,
    "auto-scaling-group": _auto_scaling_group,
    "security-group": _security_group,
    "role": _role,
    "domain": _domain,
    "endpoint": _endpoint,
}
_BY_TAGS: Mapping[str, Callable[[AwsAccount, Mapping[str, str]], Iterator[Found]]] = {
    "bucket": _buckets,
    "instance": _instances,
    "auto-scaling-group": _auto_scaling_groups,
    "security-group": _security_groups,
    "role": _roles,
    "domain": _domains,
    "endpoint": _endpoints,
}
