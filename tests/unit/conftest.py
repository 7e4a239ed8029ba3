"""Fixtures of the unit tests."""

from __future__ import annotations

from tests.local_aws import client, clients, local_aws, own_folders, running_local_aws

__all__ = ["client", "clients", "local_aws", "own_folders", "running_local_aws"]
