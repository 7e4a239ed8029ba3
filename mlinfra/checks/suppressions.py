"""What checkov finds and mlinfra means, each with its reason. Everything else that it finds is a mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """One finding that stays."""

    check: str
    """checkov's id of the check, such as CKV_AWS_18."""

    address: str
    """Which resources it is for: a regular expression that the whole address in checkov's report matches."""

    reason: str
    """Why it stays."""

    def covers(self, check: str, address: str) -> bool:
        """Whether a finding of `check` at `address` is this one."""
        return check == self.check and re.fullmatch(self.address, address) is not None


SUPPRESSIONS = (
    Suppression(
        check="CKV2_AWS_34",
        address=r"aws_ssm_parameter\..*_master_.*",
        reason="It holds the private address of a node, which is no secret; all nodes read it when a job starts.",
    ),
    Suppression(
        check="CKV_AWS_117",
        address=r"resource\.(shutdown_.*|watch|model-registry_approvals)_function_.*",
        reason="The functions reach AWS's own APIs and nothing in the network. Inside it they would depend on its NAT "
        "gateway to stop what costs money, and to tell of it.",
    ),
    Suppression(
        check="CKV_AWS_272",
        address=r"resource\.(shutdown_.*|watch|model-registry_approvals)_function_.*",
        reason="The package is made by the synth and its hash stands in the plan, which is what is reviewed.",
    ),
    Suppression(
        check="CKV_AWS_338",
        address=r"resource\.((shutdown_.*|watch)_function_log|model-registry_approvals_log|endpoint-[^_]*_log|.*_logs)_.*",
        reason="Logs of functions and endpoints are kept for 90 days, those of nodes for 30. What was stopped and why "
        "is in events and records too.",
    ),
    Suppression(
        check="CKV_AWS_98",
        address=r"resource\.endpoint-[^_]*_configuration_.*",
        reason="Serverless endpoints have no volume of the team's, and instances with local disks encrypt those "
        "themselves and get no key. All other instance types get it.",
    ),
    Suppression(
        check="CKV_AWS_370",
        address=r"resource\.endpoint-[^_]*_model-.*",
        reason="SageMaker has no network isolation for serverless endpoints. All others have it unless declared "
        "otherwise.",
    ),
    Suppression(
        check="CKV2_AWS_5",
        address=r"aws_security_group\.endpoint-.*",
        reason="It is attached to a SageMaker model, where checkov does not look.",
    ),
    Suppression(
        check="CKV2_AWS_34",
        address=r"aws_ssm_parameter\.parameter-.*",
        reason="They hold ids and ARNs, which are no secrets; encrypted ones would need the key's permission to be "
        "read, for nothing.",
    ),
    Suppression(
        check="CKV2_AWS_62",
        address=r"aws_s3_bucket\..*",
        reason="A zone's changes go to EventBridge where its environment says so; elsewhere nothing acts on them, and "
        "an event that nobody reads is noise.",
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
        address=r"aws_s3_bucket\.bucket_.*",
        reason="The state bucket is there before any other bucket that could take its logs. Who changed which state "
        "when is in the bucket's versions.",
    ),
    Suppression(
        check="CKV_AWS_338",
        address=r"resource\.network_flow-logs_.*",
        reason="How long flow logs are kept is a field of the environment: prod keeps them for a year.",
    ),
    Suppression(
        check="CKV2_AWS_5",
        address=r"aws_security_group\.studio_security-group_.*",
        reason="The domain and every user profile name it. checkov does not look into their settings.",
    ),
    Suppression(
        check="CKV_AWS_394",
        address=r"data\.network_zones_.*",
        reason="A subnet ignores changes of its zone once it exists, so a zone that AWS adds moves nothing.",
    ),
)
