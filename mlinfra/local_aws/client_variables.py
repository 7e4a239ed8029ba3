"""What has to stand in the environment so that a program talks to a local AWS, and cannot reach a real one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.local_aws.server import LocalAws
    from mlinfra.variables import Changes

_ALWAYS_TAKEN_AWAY = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Where credentials could come from besides what is set below, even in a shell that sets them later."""


def client_variables(
    server: LocalAws, *, region: str = "us-east-1", present: Mapping[str, str] = os.environ
) -> Changes:
    """What to change so that `aws`, boto3, Terraform and cdktf talk to `server` and to nothing else.

    Args:
        server: the local AWS.
        region: the region that programs use where they are told none. Default: us-east-1.
        present: the variables there are now. Every one that AWS tools read and that is not set here goes.
            Default: those of this process.
    """
    changes: dict[str, str | None] = dict.fromkeys(_ALWAYS_TAKEN_AWAY)
    changes.update({name: None for name in present if name.startswith("AWS_")})
    # Terraform's S3 backend, before 1.12, takes the endpoint of each service and not the common one.
    endpoints = ("", "_S3", "_DYNAMODB", "_STS", "_IAM")
    changes.update({f"AWS_ENDPOINT_URL{service}": server.endpoint for service in endpoints})
    changes.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106  the local AWS takes any
        AWS_REGION=region,
        AWS_DEFAULT_REGION=region,
        AWS_EC2_METADATA_DISABLED="true",
        # Profiles there may name other endpoints, or a program that fetches real credentials.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        # Neither Terraform nor cdktf reports to its makers what is tried out here.
        CHECKPOINT_DISABLE="1",
    )
    changes.update(_past_proxies(present))
    return changes


def _past_proxies(present: Mapping[str, str]) -> Changes:
    """boto3 sends requests to loopback through a proxy too, unless told not to."""
    if not any(name.lower() in {"http_proxy", "all_proxy"} for name in present):
        return {}
    exceptions = present.get("NO_PROXY") or present.get("no_proxy") or ""
    both = f"{exceptions},127.0.0.1".lstrip(",")
    return {"NO_PROXY": both, "no_proxy": both}
