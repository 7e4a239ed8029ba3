"""Resources whose id AWS chooses, found by a name that is unique in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlinfra.operations.aws import AwsAccount


def look_up(type_: str, planned: Mapping[str, Any], account: AwsAccount) -> str | None:
    """The id of the resource with the planned name; None if there is none, several, or its type cannot be looked up."""
    find = _BY_TYPE.get(type_)
    found = find(planned, account) if find else []
    return found[0] if len(found) == 1 else None


def _security_groups(planned: Mapping[str, Any], account: AwsAccount) -> list[str]:
    """Names of security groups are unique in a VPC."""
    if not planned.get("name") or not planned.get("vpc_id"):
        return []
    filters = [
        {"Name": "group-name", "Values": [planned["name"]]},
        {"Name": "vpc-id", "Values": [planned["vpc_id"]]},
    ]
    found = account.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return [each["GroupId"] for each in found]


def _launch_templates(planned: Mapping[str, Any], account: AwsAccount) -> list[str]:
    """Names of launch templates are unique in an account and region."""
    if not planned.get("name"):
        return []
    filters = [{"Name": "launch-template-name", "Values": [planned["name"]]}]
    found = account.client("ec2").describe_launch_templates(Filters=filters)["LaunchTemplates"]
    return [each["LaunchTemplateId"] for each in found]


def _open_id_providers(planned: Mapping[str, Any], account: AwsAccount) -> list[str]:
    """An account has one provider for each issuer."""
    issuer = str(planned.get("url") or "").removeprefix("https://")
    listed = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return [each["Arn"] for each in listed if issuer and each["Arn"].endswith(f":oidc-provider/{issuer}")]


_BY_TYPE: Final[Mapping[str, Callable[[Mapping[str, Any], AwsAccount], list[str]]]] = {
    "aws_iam_openid_connect_provider": _open_id_providers,
    "aws_launch_template": _launch_templates,
    "aws_security_group": _security_groups,
}
