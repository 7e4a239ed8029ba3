"""Access to the AWS account of an environment, verified before use."""

from __future__ import annotations

from mlinfra.operations.aws.account import (
    AwsAccount,
    account_of,
    aws_errors_explained,
    endpoint_is_on_this_machine,
    outside,
    reachable,
)

__all__ = ["AwsAccount", "account_of", "aws_errors_explained", "endpoint_is_on_this_machine", "outside", "reachable"]
