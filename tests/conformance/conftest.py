"""Conformance runs with what deploy tests run with."""

from tests.deploy.conftest import attached, deployable, source
from tests.local_aws import running_local_aws
from tests.snapshots.conftest import snapshot

__all__ = ["attached", "deployable", "running_local_aws", "snapshot", "source"]
