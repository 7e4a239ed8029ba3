"""Fixtures of the unit tests."""

from tests.local_aws import client, local_aws, own_folders, running_local_aws

__all__ = ["client", "local_aws", "own_folders", "running_local_aws"]
