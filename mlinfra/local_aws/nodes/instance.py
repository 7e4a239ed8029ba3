"""Facts about the instance of a node, read from moto, and the credentials of its role."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from moto.autoscaling.models import autoscaling_backends
from moto.events.models import events_backends
from moto.sts.models import sts_backends

from mlinfra.catalog import InstanceType, gpu_image_family, instance_types
from mlinfra.local_aws.mechanisms.one_at_a_time import one_at_a_time

_CREDENTIAL_SECONDS: Final = 6 * 60 * 60
"""The life of credentials that the metadata service returns. Source: EC2 user guide, "Retrieve security credentials
from instance metadata", read 2026-11-29: new ones are available before the old ones expire."""
_RENEWED_SECONDS: Final = 60 * 60


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of a role."""

    access_key: str
    secret_key: str
    token: str
    expires: datetime


class NodeInstance:
    """The EC2 instance of a node."""

    def __init__(self, instance: Any, account: str, region: str) -> None:  # noqa: ANN401  moto's
        self._instance = instance
        self.account = account
        self.region = region
        self.instance_id = str(instance.id)
        self.spot_notice: dict[str, str] | None = None
        """`action` and `time` of the interruption notice. None: there is none."""
        self._credentials: Credentials | None = None
        self._lock = threading.Lock()

    @property
    def group(self) -> str | None:
        """The name of its auto scaling group. None: it has none."""
        group = getattr(self._instance, "autoscaling_group", None)
        return str(group.name) if group else None

    @property
    def type(self) -> InstanceType | None:
        """Its type in the catalog. None: it is not in it, as types without accelerators are not."""
        return instance_types().get(self._instance.instance_type)

    @property
    def nvidia_gpus(self) -> int:
        """The number of its NVIDIA GPUs."""
        kind = self.type
        return int(kind.accelerator_count) if kind and gpu_image_family(kind.accelerator) is not None else 0

    @property
    def user_data(self) -> str:
        """Its user data as text. Empty: it has none."""
        given = self._instance.user_data
        return str(given.decode()) if given else ""

    def image_version(self, name: str, default: str) -> str:
        """A version of software in the image: that which the boot script expects, as pinned for the image.

        Args:
            name: the variable of the boot script, such as EXPECTED_DRIVER.
            default: the version if the script expects none.
        """
        found = re.search(rf"^{name}=([\d.]+)$", self.user_data, re.MULTILINE)
        return found.group(1) if found else default

    @property
    def role_arn(self) -> str | None:
        """The role of its instance profile. None: it has none."""
        associations = self._instance.ec2_backend.iam_instance_profile_associations
        found = associations.get(self.instance_id)
        roles = getattr(found.iam_instance_profile, "roles", None) if found else None
        return str(roles[0].arn) if roles else None

    def credentials(self) -> Credentials | None:
        """Credentials of its role. None: it has no role."""
        role = self.role_arn
        if role is None:
            return None
        with self._lock:
            soon = datetime.now(timezone.utc) + timedelta(seconds=_RENEWED_SECONDS)
            if self._credentials is None or self._credentials.expires < soon:
                self._credentials = self._assume(role)
            return self._credentials

    def terminate(self) -> None:
        """Terminate it, as EC2 does. Its group launches what is missing to its desired capacity."""
        with one_at_a_time:
            if self._instance.state != "terminated":
                self._instance.terminate()
                autoscaling_backends[self.account][self.region].notify_terminate_instances([self.instance_id])

    def send_interruption_warning(self) -> None:
        """Send EC2's event about the interruption of a spot instance.

        Source: EC2 user guide, "Spot Instance interruption notices", read 2026-11-29.
        """
        detail = {"instance-id": self.instance_id, "instance-action": "terminate"}
        event = {
            "Source": "aws.ec2",
            "DetailType": "EC2 Spot Instance Interruption Warning",
            "Resources": [f"arn:aws:ec2:{self._instance.placement.zone}:instance/{self.instance_id}"],
            "Detail": json.dumps(detail),
        }
        events_backends[self.account][self.region].put_events([event])

    def _assume(self, role: str) -> Credentials:
        assumed = sts_backends[self.account]["aws"].assume_role(
            region_name=self.region,
            role_session_name=self.instance_id,
            role_arn=role,
            policy="",
            duration=_CREDENTIAL_SECONDS,
            external_id="",
        )
        expires = datetime.now(timezone.utc) + timedelta(seconds=_CREDENTIAL_SECONDS)
        return Credentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token, expires)

    def metadata(self, path: str, address: str) -> str | None:
        """The value of a path of the metadata service, such as `meta-data/instance-id`. None: there is none.

        Args:
            path: the path after `/latest/`.
            address: the address of the node.
        """
        instance = self._instance
        role = (self.role_arn or "").rpartition("/")[2]
        values = {
            "meta-data/instance-id": self.instance_id,
            "meta-data/instance-type": instance.instance_type,
            "meta-data/instance-life-cycle": "spot" if instance.lifecycle == "spot" else "on-demand",
            "meta-data/ami-id": instance.image_id,
            "meta-data/local-ipv4": address,
            "meta-data/local-hostname": f"{self.instance_id}.{self.region}.compute.internal",
            "meta-data/hostname": f"{self.instance_id}.{self.region}.compute.internal",
            "meta-data/placement/availability-zone": instance.placement.zone,
            "meta-data/placement/region": self.region,
            "meta-data/services/domain": "amazonaws.com",
            "user-data": self.user_data or None,
            "dynamic/instance-identity/document": self._document(address),
        }
        if self.spot_notice:
            values["meta-data/spot/instance-action"] = json.dumps(self.spot_notice)
            values["meta-data/spot/termination-time"] = self.spot_notice["time"]
        if role:
            values["meta-data/iam/security-credentials"] = role
            if path == f"meta-data/iam/security-credentials/{role}":
                return self._credentials_document()
        return values.get(path.rstrip("/"))

    def _document(self, address: str) -> str:
        instance = self._instance
        return json.dumps(
            {
                "accountId": self.account,
                "region": self.region,
                "instanceId": self.instance_id,
                "instanceType": instance.instance_type,
                "imageId": instance.image_id,
                "availabilityZone": instance.placement.zone,
                "privateIp": address,
            }
        )

    def _credentials_document(self) -> str | None:
        credentials = self.credentials()
        if credentials is None:
            return None
        return json.dumps(
            {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "LastUpdated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "AccessKeyId": credentials.access_key,
                "SecretAccessKey": credentials.secret_key,
                "Token": credentials.token,
                "Expiration": f"{credentials.expires:%Y-%m-%dT%H:%M:%SZ}",
            }
        )
