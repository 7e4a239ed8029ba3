"""Plan with many changes, for the benchmark of the review.

Run as `python -m benchmarks.large_plan COUNT FILE`. The shapes are those of `terraform show -json` of Terraform 1.11:
every resource occurs as a change, as a planned value, in the prior state and in the configuration.
"""

import json
import sys
from pathlib import Path
from typing import Any

_READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}],
}
_TAGS = {"Team": "ml-platform", "Project": "recsys", "CostCenter": "ml-1234", "Environment": "dev"}


def write(count: int, path: Path) -> None:
    """Write a plan that changes `count` resources to `path`."""
    before = [_resource(number, changed=False) for number in range(count)]
    after = [_resource(number, changed=True) for number in range(count)]
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": after}},
        "resource_changes": [_change(*pair) for pair in zip(before, after, strict=True)],
        "prior_state": {"format_version": "1.0", "values": {"root_module": {"resources": before}}},
        "configuration": {"root_module": {"resources": [_configured(each) for each in after]}},
    }
    path.write_text(json.dumps(plan, separators=(",", ":")), encoding="utf-8")


def _resource(number: int, *, changed: bool) -> dict[str, Any]:
    kinds = (_bucket, _policy, _log_group, _group, _rule)
    kind, values = kinds[number % len(kinds)](number, changed=changed)
    return {
        "address": f"{kind}.number_{number}",
        "mode": "managed",
        "type": kind,
        "name": f"number_{number}",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "schema_version": 0,
        "values": values | {"id": f"id-{number}", "tags": _TAGS, "tags_all": _TAGS},
        "sensitive_values": {"tags": {}, "tags_all": {}},
    }


def _bucket(number: int, *, changed: bool) -> tuple[str, dict[str, Any]]:
    return "aws_s3_bucket", {
        "arn": f"arn:aws:s3:::bucket-{number}",
        "bucket": f"bucket-{number}",
        "bucket_domain_name": f"bucket-{number}.s3.amazonaws.com",
        "force_destroy": changed,
        "grant": [{"id": "0123456789abcdef", "permissions": ["FULL_CONTROL"], "type": "CanonicalUser", "uri": ""}],
        "versioning": [{"enabled": not changed, "mfa_delete": False}],
        "server_side_encryption_configuration": [
            {"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}
        ],
    }


def _policy(number: int, *, changed: bool) -> tuple[str, dict[str, Any]]:
    statement = [*_READ["Statement"], {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:{number}"}]
    document = {**_READ, "Statement": statement} if changed else _READ
    return "aws_iam_role_policy", {
        "name": "data",
        "name_prefix": "",
        "role": f"role-{number}",
        "policy": json.dumps(document),
    }


def _log_group(number: int, *, changed: bool) -> tuple[str, dict[str, Any]]:
    return "aws_cloudwatch_log_group", {"name": f"log-{number}", "retention_in_days": 30 if changed else 90}


def _group(number: int, *, changed: bool) -> tuple[str, dict[str, Any]]:
    return "aws_autoscaling_group", {
        "name": f"group-{number}",
        "min_size": 0,
        "max_size": 1 if changed else 4,
        "desired_capacity": 1,
        "mixed_instances_policy": [{"launch_template": [{"override": [{"instance_type": "g5.xlarge"}]}]}],
        "instance_refresh": [],
        "vpc_zone_identifier": ["subnet-1", "subnet-2", "subnet-3"],
    }


def _rule(number: int, *, changed: bool) -> tuple[str, dict[str, Any]]:
    return "aws_vpc_security_group_ingress_rule", {
        "security_group_id": f"sg-{number}",
        "cidr_ipv4": "0.0.0.0/0" if changed else "10.0.0.0/8",
        "ip_protocol": "tcp",
        "from_port": 22,
        "to_port": 22,
    }


def _change(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    named = {name: after[name] for name in ("address", "mode", "type", "name", "provider_name")}
    marks: dict[str, Any] = {"tags": {}, "tags_all": {}}
    change = {
        "actions": ["update"],
        "before": before["values"],
        "after": after["values"],
        "after_unknown": marks,
        "before_sensitive": marks,
        "after_sensitive": marks,
    }
    return {**named, "change": change}


def _configured(resource: dict[str, Any]) -> dict[str, Any]:
    named = {name: resource[name] for name in ("address", "mode", "type", "name")}
    expressions = {name: {"constant_value": value} for name, value in resource["values"].items() if value}
    return {**named, "provider_config_key": "aws", "expressions": expressions, "schema_version": 0}


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
