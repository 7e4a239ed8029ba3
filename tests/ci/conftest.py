"""Fixtures of tests that use a local AWS."""

from tests.local_aws import running_local_aws

__all__ = ["running_local_aws"]
