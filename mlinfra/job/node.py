"""EC2 instance of a job."""

from __future__ import annotations

import os
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from mlinfra.functions.contract import Variable

_METADATA = "http://169.254.169.254"
_METADATA_SECONDS = 1.0


@dataclass(frozen=True)
class Node:
    """An instance and its auto scaling group. None: unknown."""

    group: str | None
    instance_id: str | None

    @property
    def cluster(self) -> str | None:
        """The name under which its jobs are recorded."""
        return self.group or self.instance_id

    def protect_from_scale_in(self, autoscaling: Any, *, on: bool) -> None:  # noqa: ANN401  boto3 has no types
        """Enable or disable scale-in protection of the instance. No effect if the instance or its group is unknown."""
        if self.group and self.instance_id:
            autoscaling.set_instance_protection(
                AutoScalingGroupName=self.group, InstanceIds=[self.instance_id], ProtectedFromScaleIn=on
            )


def own_instance_id() -> str | None:
    """The id of this instance, from `MLINFRA_INSTANCE_ID` or the metadata service (IMDSv2).

    Follows the two variables of AWS that disable or relocate the service. None: no metadata service.

    Raises:
        OSError: if the metadata service does not answer.
    """
    if named := os.environ.get(Variable.INSTANCE):
        return named
    return instance_metadata("instance-id")


def spot_notice() -> str | None:
    """The spot interruption notice of this instance, as JSON with `action` and `time`. None: there is none.

    Raises:
        OSError: where the metadata service does not answer.
    """
    return _metadata("/latest/meta-data/spot/instance-action", may_be_missing=True)


def instance_metadata(item: str) -> str | None:
    """An item of the metadata service, such as `local-ipv4`. None: no metadata service.

    Raises:
        OSError: if the metadata service does not answer.
    """
    return _metadata(f"/latest/meta-data/{item}")


def _metadata(path: str, *, may_be_missing: bool = False) -> str | None:
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    service = urlsplit(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA).netloc
    # http.client uses no proxies: a proxy would return its own instance.
    connection = HTTPConnection(service, timeout=_METADATA_SECONDS)
    try:
        token = _ask(connection, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        headers = {"X-aws-ec2-metadata-token": token or ""}
        return _ask(connection, "GET", path, headers, may_be_missing=may_be_missing)
    finally:
        connection.close()


def _ask(
    connection: HTTPConnection, method: str, path: str, headers: dict[str, str], *, may_be_missing: bool = False
) -> str | None:
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    if may_be_missing and answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        message = f"the metadata service responded to {path} with status {answer.status}"
        raise OSError(message)
    return text
