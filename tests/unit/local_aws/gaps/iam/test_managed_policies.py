"""AWS managed policies after a reset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_a_reset_deletes_the_attachments_of_managed_policies(
    client: Callable[[str], Any], mlinfra_local_aws: LocalAws
) -> None:
    iam = client("iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName="reader", PolicyArn=READ_ONLY)
    assert iam.get_policy(PolicyArn=READ_ONLY)["Policy"]["AttachmentCount"] == 1

    mlinfra_local_aws.reset()

    policy = iam.get_policy(PolicyArn=READ_ONLY)["Policy"]
    assert policy["AttachmentCount"] == 0
    document = iam.get_policy_version(PolicyArn=READ_ONLY, VersionId=policy["DefaultVersionId"])
    assert document["PolicyVersion"]["Document"]["Statement"]
