"""Readers of all services, in the order in which their requests are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.audit.readers import (
    autoscaling,
    containers,
    ec2,
    file_systems,
    load_balancers,
    logs,
    s3,
    sagemaker,
)

if TYPE_CHECKING:
    from mlinfra.operations.audit.reader import Reader

READERS: Final[tuple[Reader, ...]] = (
    *s3.READERS,
    *ec2.READERS,
    *autoscaling.READERS,
    *sagemaker.READERS,
    *containers.READERS,
    *file_systems.READERS,
    *load_balancers.READERS,
    *logs.READERS,
)
