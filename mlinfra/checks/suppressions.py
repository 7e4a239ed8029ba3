"""Suppressed findings of checkov in mlinfra's own constructs, each with its reason.

Those of a project are acknowledged: `acknowledge(bucket, "CKV_AWS_18", reason=...)`. A finding about the same fact as
one of mlinfra's checks has no suppression: the acknowledgement of that check covers it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlinfra.checks.acknowledgements import require_acknowledgeable
from mlinfra.checks.index import CHECKS


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """A suppressed finding."""

    check: str
    """checkov's id of the check, such as CKV_AWS_18."""

    address: str
    """The resources: a regular expression that matches the whole address in checkov's report."""

    reason: str
    """The reason for the suppression."""

    def __post_init__(self) -> None:
        """Check the id and the reason, as those of an acknowledgement.

        Raises:
            ValueError: if checkov has no such id, mlinfra has a check of the same fact, or the reason is too short.
        """
        require_acknowledgeable(self.check, self.reason, CHECKS)

    def covers(self, check: str, address: str) -> bool:
        """True if this suppression applies to a finding of `check` at `address`."""
        return check == self.check and re.fullmatch(self.address, address) is not None


SUPPRESSIONS = (
    Suppression(
        check="CKV2_AWS_34",
        address=r"aws_ssm_parameter\..*_master_.*",
        reason="It holds the private address of a node, which is not a secret; all nodes read it when a job starts.",
    ),
    Suppression(
        check="CKV2_AWS_34",
        address=r"aws_ssm_parameter\..*_guard-[0-9]+_.*",
        reason="They hold the program of the node guard, which is public; all nodes read it at boot.",
    ),
    Suppression(
        check="CKV2_AWS_34",
        address=r"aws_ssm_parameter\.shutdown_parameter_.*",
        reason="It holds the name of a table, which is not a secret; the stacks of clusters read it.",
    ),
    Suppression(
        check="CKV_AWS_117",
        address=r"resource\.(shutdown_.*|watch|model-registry_approvals)_function_.*",
        reason="The functions call AWS APIs and nothing in the VPC. In the VPC they would depend on its NAT gateway to "
        "stop resources and to notify owners.",
    ),
    Suppression(
        check="CKV_AWS_272",
        address=r"resource\.(shutdown_.*|watch|model-registry_approvals)_function_.*",
        reason="The synth builds the package, and its hash is part of the plan that is reviewed.",
    ),
    Suppression(
        check="CKV_AWS_338",
        address=r"resource\.((shutdown_.*|watch)_function_log|model-registry_approvals_log|endpoint-[^_]*_log|.*_logs)_.*",
        reason="Logs of functions and endpoints are kept for 90 days, those of nodes for 30. Stopped "
        "resources and the reasons are in events and records too.",
    ),
    Suppression(
        check="CKV_AWS_98",
        address=r"resource\.endpoint-[^_]*_configuration_.*",
        reason="Serverless endpoints have no volume that takes a key, and instances with local disks encrypt them "
        "without one. All other instance types get the key.",
    ),
    Suppression(
        check="CKV_AWS_370",
        address=r"resource\.endpoint-[^_]*_model-.*",
        reason="SageMaker has no network isolation for serverless endpoints. All other endpoints have it by default.",
    ),
    Suppression(
        check="CKV2_AWS_5",
        address=r"aws_security_group\.endpoint-.*",
        reason="It is attached to a SageMaker model, which checkov does not read.",
    ),
    Suppression(
        check="CKV2_AWS_34",
        address=r"aws_ssm_parameter\.parameter-.*",
        reason="They hold ids and ARNs, which are not secrets; encryption would require permission for the key to "
        "read them, without a benefit.",
    ),
    Suppression(
        check="CKV2_AWS_62",
        address=r"aws_s3_bucket\..*",
        reason="Changes of a zone are sent to EventBridge if its environment enables it; otherwise no consumer exists.",
    ),
    Suppression(
        check="CKV_AWS_144",
        address=r"aws_s3_bucket\..*",
        reason="A copy in another region doubles the cost of a data lake. Versions protect from deletion; what must "
        "survive the loss of a region is a decision of the team.",
    ),
    Suppression(
        check="CKV_AWS_145",
        address=r"aws_s3_bucket\.data-lake_access-logs_.*",
        reason="S3 cannot deliver access logs to a bucket with a KMS key as its default.",
    ),
    Suppression(
        check="CKV_AWS_18",
        address=r"aws_s3_bucket\.cost-export_.*",
        reason="It holds the bill and the results of queries about it. Its access logs would need another bucket.",
    ),
    Suppression(
        check="CKV_AWS_145",
        address=r"aws_s3_bucket\.cost-export_.*",
        reason="AWS Data Exports writes with the key of S3: its documentation names no permission for other keys.",
    ),
    Suppression(
        check="CKV_AWS_18",
        address=r"aws_s3_bucket\.bucket_.*",
        reason="The state bucket is created before any bucket that could store its logs. Its versions record the "
        "changes of states.",
    ),
    Suppression(
        check="CKV_AWS_338",
        address=r"resource\.network_flow-logs_.*",
        reason="The retention of flow logs is a field of the environment: a year in prod.",
    ),
    Suppression(
        check="CKV2_AWS_5",
        address=r"aws_security_group\.studio_security-group_.*",
        reason="The domain and every user profile refer to it. checkov does not read their settings.",
    ),
    Suppression(
        check="CKV_AWS_394",
        address=r"data\.network_zones_.*",
        reason="An existing subnet ignores changes of its zone, so an additional zone of AWS changes no subnet.",
    ),
)
