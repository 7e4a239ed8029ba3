"""Environment variables with which a program uses a local AWS, and cannot reach a real one."""

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
"""Other sources of credentials, which are disabled even if a shell sets them later."""


def client_variables(
    server: LocalAws, *, region: str = "us-east-1", present: Mapping[str, str] = os.environ
) -> Changes:
    """Changes of the environment with which `aws`, boto3, Terraform and cdktf use `server` and no other AWS.

    Args:
        server: the local AWS.
        region: the default region of programs. Default: us-east-1.
        present: the present variables. Those that AWS tools read and that are not set here are unset.
            Default: those of this process.
    """
    changes: dict[str, str | None] = dict.fromkeys(_ALWAYS_TAKEN_AWAY)
    changes.update({name: None for name in present if name.startswith("AWS_")})
    # Before Terraform 1.12, its S3 backend reads the endpoint of each service, not the common one.
    endpoints = ("", "_S3", "_DYNAMODB", "_STS", "_IAM")
    changes.update({f"AWS_ENDPOINT_URL{service}": server.endpoint for service in endpoints})
    changes.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106  the local AWS accepts any value
        AWS_REGION=region,
        AWS_DEFAULT_REGION=region,
        AWS_EC2_METADATA_DISABLED="true",
        # Profiles in these files may name other endpoints, or a program that fetches real credentials.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        # Disable the usage reports of Terraform and cdktf.
        CHECKPOINT_DISABLE="1",
    )
    changes.update(_past_proxies(present))
    return changes


def _past_proxies(present: Mapping[str, str]) -> Changes:
    """Exclude loopback from proxies, which boto3 otherwise uses for it too."""
    if not any(name.lower() in {"http_proxy", "all_proxy"} for name in present):
        return {}
    exceptions = present.get("NO_PROXY") or present.get("no_proxy") or ""
    both = f"{exceptions},127.0.0.1".lstrip(",")
    return {"NO_PROXY": both, "no_proxy": both}
