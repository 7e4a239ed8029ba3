"""Statements of the page about security that the synthesized stacks and the pipelines can prove."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = " ".join((ROOT / "docs" / "security.md").read_text(encoding="utf-8").split())


class Stacks:
    """The resources of all synthesized stacks."""

    def __init__(self, folder: Path) -> None:
        self._stacks = [json.loads(file.read_text()) for file in folder.glob("*/cdk.tf.json")]

    def all(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a type. There must be some."""
        found = [each for stack in self._stacks for each in stack.get("resource", {}).get(kind, {}).values()]
        assert found, kind
        return found


@pytest.fixture
def stacks(synthesized: Path) -> Stacks:
    return Stacks(synthesized)


def said(sentence: str) -> None:
    """The page has the sentence that a test proves."""
    assert sentence in PAGE


def test_all_buckets_are_private_and_deny_requests_without_tls(stacks: Stacks) -> None:
    said("buckets, topics and queues deny requests without TLS")
    buckets = stacks.all("aws_s3_bucket")
    blocks = stacks.all("aws_s3_bucket_public_access_block")
    assert len(blocks) == len(buckets)
    assert all(
        each[name]
        for each in blocks
        for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    )
    for kind in ("aws_s3_bucket_policy", "aws_sns_topic_policy", "aws_sqs_queue_policy"):
        assert all("aws:SecureTransport" in each["policy"] for each in stacks.all(kind)), kind


def test_data_is_encrypted_as_the_table_says(stacks: Stacks) -> None:
    said("| access logs of buckets | SSE-S3")
    algorithms = {
        _only(_only(each["rule"])["apply_server_side_encryption_by_default"])["sse_algorithm"]: each["bucket"]
        for each in stacks.all("aws_s3_bucket_server_side_encryption_configuration")
    }
    assert algorithms.keys() == {"aws:kms", "AES256"}
    assert "access-logs" in algorithms["AES256"]
    assert all(each["kms_key_id"] for each in stacks.all("aws_cloudwatch_log_group"))
    assert all(each["kms_master_key_id"] for each in stacks.all("aws_sns_topic"))
    assert all(each["kms_key_arn"] for each in stacks.all("aws_lambda_function"))
    assert all(_only(each["server_side_encryption"])["kms_key_arn"] for each in stacks.all("aws_dynamodb_table"))
    assert {each["type"] for each in stacks.all("aws_ssm_parameter")} <= {"String", "StringList"}


def test_keys_rotate_yearly(stacks: Stacks) -> None:
    said("Keys rotate yearly")
    assert all(each["enable_key_rotation"] for each in stacks.all("aws_kms_key"))


def test_nothing_accepts_connections_from_addresses(stacks: Stacks) -> None:
    said("Only the nodes of a cluster may connect to each other")
    for each in stacks.all("aws_vpc_security_group_ingress_rule"):
        assert "cidr_ipv4" not in each
        assert each["referenced_security_group_id"] == each["security_group_id"]
    said("nodes reach every host on port 443")
    anywhere = [
        each for each in stacks.all("aws_vpc_security_group_egress_rule") if each.get("cidr_ipv4") == "0.0.0.0/0"
    ]
    assert {each["to_port"] for each in anywhere} == {443}


def test_instance_metadata_requires_a_token_and_makes_one_hop(stacks: Stacks) -> None:
    said("Instance metadata requires a token (IMDSv2), and its answers make one hop")
    for each in stacks.all("aws_launch_template"):
        options = _only(each["metadata_options"])
        assert (options["http_tokens"], options["http_put_response_hop_limit"]) == ("required", 1)


def test_images_have_tags_that_cannot_be_moved_and_are_scanned(stacks: Stacks) -> None:
    said("tags that cannot be moved, scanned on push")
    for each in stacks.all("aws_ecr_repository"):
        assert each["image_tag_mutability"] == "IMMUTABLE"
        assert _only(each["image_scanning_configuration"])["scan_on_push"]


def test_containers_of_endpoints_are_isolated_unless_they_are_serverless(stacks: Stacks) -> None:
    said("Containers of real-time and asynchronous endpoints make no network calls")
    isolated = [each for each in stacks.all("aws_sagemaker_model") if each.get("enable_network_isolation")]
    assert isolated
    assert all(each["vpc_config"] for each in isolated)


def test_flow_logs_are_on_in_each_network(stacks: Stacks) -> None:
    said("VPC flow logs are on")
    assert len(stacks.all("aws_flow_log")) == len(stacks.all("aws_vpc"))


def test_no_trail_is_configured(synthesized: Path) -> None:
    said("mlinfra configures no organization trail, GuardDuty or Security Hub")
    text = "".join(file.read_text() for file in synthesized.glob("*/cdk.tf.json"))
    assert not re.search(r"aws_cloudtrail|aws_guardduty|aws_securityhub", text)


def test_actions_are_pinned_to_commits() -> None:
    said("| actions of GitHub | commits |")
    used = list(_uses())
    assert len(used) > 5
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in used), used


def _uses() -> Iterator[str]:
    for file in ROOT.glob(".github/workflows/*.yml"):
        found = re.findall(r"uses: *(\S+)", file.read_text(encoding="utf-8"))
        yield from (each for each in found if not each.startswith("./"))


def test_python_packages_have_hashes() -> None:
    said("versions and SHA-256 of each file")
    for file in ROOT.glob("requirements/*.txt"):
        text = file.read_text(encoding="utf-8")
        packages = re.findall(r"^\w\S*==\S+.*(?:\\\n.*)+", text, re.MULTILINE)
        assert len(packages) == len(re.findall(r"^\w\S*==", text, re.MULTILINE)), file.name
        assert all("--hash=sha256:" in each for each in packages), file.name


def _only(value: Any) -> Any:
    """The only item of a list, or the value itself: Terraform JSON has both for a block."""
    return value[0] if isinstance(value, list) else value
