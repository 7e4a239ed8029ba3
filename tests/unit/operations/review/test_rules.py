from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.review import Level, all_rules, rules
from tests.unit.operations.review.plans import change, reviewed, texts

if TYPE_CHECKING:
    from pathlib import Path

RULE = {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 22}


def test_the_index_of_the_package_names_the_module_of_each_rule() -> None:
    for id_, rule in all_rules().items():
        rows = re.findall(r"^\| (MLR\S+)(?: (?:to|and) (MLR\S+))? \| `(\w+)`", str(rules.__doc__), re.MULTILINE)
        (name,) = [
            name for first, last, name in rows if first.replace("x", "0") <= id_ <= (last or first.replace("x", "9"))
        ]
        package = (
            "mlinfra.operations.review" if name in {"approvals", "own_checks"} else "mlinfra.operations.review.rules"
        )
        assert rule in importlib.import_module(f"{package}.{name}").RULES


def test_ids_of_rules_are_unique() -> None:
    from mlinfra.operations.review import approvals, own_checks
    from mlinfra.operations.review.rule_modules import MODULES
    from mlinfra.operations.review.rules import live_activity

    ids = [rule.id for module in (*MODULES, approvals, own_checks, live_activity) for rule in module.RULES]
    assert sorted(ids) == list(all_rules())


@pytest.mark.parametrize(
    ("address", "before", "after", "rule"),
    [
        ("aws_s3_bucket.x", {"versioning": [{"enabled": True}]}, {"versioning": [{"enabled": False}]}, "MLR111"),
        ("aws_ecr_repository.x", {"image_tag_mutability": "IMMUTABLE"}, {"image_tag_mutability": "MUTABLE"}, "MLR111"),
        ("aws_kms_key.x", {"enable_key_rotation": True}, {"enable_key_rotation": False}, "MLR112"),
        ("aws_cloudwatch_log_group.x", {"kms_key_id": "arn"}, {"kms_key_id": None}, "MLR112"),
        ("aws_cloudwatch_log_group.x", {"retention_in_days": 0}, {"retention_in_days": 90}, "MLR113"),
        ("aws_db_instance.x", {"backup_retention_period": 7}, {"backup_retention_period": 0}, "MLR113"),
        ("aws_db_instance.x", {"publicly_accessible": False}, {"publicly_accessible": True}, "MLR114"),
        ("aws_s3_bucket_acl.x", {"acl": "private"}, {"acl": "public-read"}, "MLR114"),
        ("aws_s3_bucket.x", {"force_destroy": False}, {"force_destroy": True}, "MLR115"),
        ("aws_rds_cluster.x", {"deletion_protection": True}, {"deletion_protection": False}, "MLR115"),
        ("aws_dynamodb_table.x", {"ttl": [{"enabled": False}]}, {"ttl": [{"enabled": True}]}, "MLR116"),
    ],
)
def test_lost_protection_is_held(
    tmp_path: Path, address: str, before: dict[str, Any], after: dict[str, Any], rule: str
) -> None:
    assert set(texts(reviewed(tmp_path, change(address, before, after)))) == {rule}


def test_unlimited_log_retention_is_not_a_reduction(tmp_path: Path) -> None:
    report = reviewed(
        tmp_path, change("aws_cloudwatch_log_group.x", {"retention_in_days": 90}, {"retention_in_days": 0})
    )
    assert texts(report) == {}


def test_the_protection_of_a_destroyed_bucket_is_not_reported(tmp_path: Path) -> None:
    report = reviewed(
        tmp_path,
        change("aws_s3_bucket.x", {"id": "lake", "bucket": "lake"}, None),
        change("aws_s3_bucket_versioning.x", {"bucket": "lake"}, None),
    )
    assert set(texts(report)) == {"MLR101"}


def test_the_state_bucket_is_identified_by_its_name(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_s3_bucket.x", {"bucket": "recsys-dev-tfstate-1"}, None))
    assert "contains the Terraform state" in texts(report)["MLR101"]


def test_a_rule_that_deletes_objects_is_held(tmp_path: Path) -> None:
    rule = {"status": "Enabled", "expiration": [{"days": 30}], "filter": [{"prefix": "raw/"}]}
    kept = {"status": "Enabled", "transition": [{"days": 30}]}
    address = "aws_s3_bucket_lifecycle_configuration.x"
    assert set(texts(reviewed(tmp_path, change(address, {"rule": [kept]}, {"rule": [kept, rule]})))) == {"MLR116"}
    assert texts(reviewed(tmp_path, change(address, {"rule": [rule]}, {"rule": [rule, kept]}))) == {}


@pytest.mark.parametrize(("cidr", "rule"), [("0.0.0.0/0", "MLR301"), ("0.0.0.0/1", "MLR301"), ("10.0.0.0/8", "MLR302")])
def test_a_port_that_is_open_to_a_large_network_is_held(tmp_path: Path, cidr: str, rule: str) -> None:
    report = reviewed(tmp_path, change("aws_vpc_security_group_ingress_rule.x", None, {**RULE, "cidr_ipv4": cidr}))
    assert texts(report) == {rule: f"`sg-1` now allows port 22 (tcp) inbound from `{cidr}`."}


def test_blocks_inside_a_group_are_compared(tmp_path: Path) -> None:
    block = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}
    opened = {**block, "cidr_blocks": ["10.0.0.0/8"], "ipv6_cidr_blocks": ["::/0"]}
    before, after = ({"name": "nodes", "ingress": [each]} for each in (block, opened))
    assert texts(reviewed(tmp_path, change("aws_security_group.x", before, after))) == {
        "MLR301": "`nodes` now allows port 443 (tcp) inbound from `::/0`."
    }


def test_sensitive_addresses_of_a_group_are_not_shown(tmp_path: Path) -> None:
    after = {**RULE, "cidr_ipv4": "203.0.113.7/32"}
    report = reviewed(
        tmp_path, change("aws_vpc_security_group_ingress_rule.x", None, after, sensitive={"cidr_ipv4": True})
    )
    assert texts(report) == {"MLR305": "The source in a rule of `sg-1` is sensitive."}


def test_a_changed_template_without_a_refresh_is_a_note(tmp_path: Path) -> None:
    report = reviewed(
        tmp_path,
        change("aws_launch_template.x", {"name": "n", "image_id": "a"}, {"name": "n", "image_id": "b"}),
    )
    assert texts(report) == {"MLR406": "`n` changes: `image_id`."}


def test_batch_that_ends_jobs_to_change_is_held(tmp_path: Path) -> None:
    update = [{"terminate_jobs_on_update": True}]
    before, after = (
        {"compute_resources": [{"max_vcpus": 96, "instance_type": [kind]}], "update_policy": update}
        for kind in ("p4d.24xlarge", "p5.48xlarge")
    )
    found = texts(reviewed(tmp_path, change("aws_batch_compute_environment.x", before, after)))
    assert set(found) == {"MLR403", "MLR423"}


def test_a_smaller_compute_environment_is_held(tmp_path: Path) -> None:
    before, after = ({"compute_resources": [{"max_vcpus": most}]} for most in (96, 48))
    assert set(texts(reviewed(tmp_path, change("aws_batch_compute_environment.x", before, after)))) == {"MLR402"}


def test_an_instance_that_is_stopped_to_change_is_held(tmp_path: Path) -> None:
    before, after = ({"id": "i-1", "instance_type": kind} for kind in ("g5.xlarge", "g5.2xlarge"))
    report = reviewed(tmp_path, change("aws_instance.x", before, after))
    assert texts(report) == {"MLR404": "`i-1` is stopped to change `instance_type`."}


def test_tags_that_are_known_after_apply_are_taken_as_set(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_sns_topic.x", None, {"name": "n"}, unknown={"tags_all": True}))
    assert report.findings == ()


def test_missing_tags_are_a_warning(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_sns_topic.x", None, {"tags_all": {"Team": "ml"}}))
    (found,) = report.findings
    assert (found.id, found.level) == ("MLR601", Level.WARNING)
    assert "`Team`" not in found.text


def test_an_instance_without_a_gpu_has_its_price_too(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_instance.x", None, {"instance_type": "m5.large"}))
    assert report.stacks[0].cost.unknown == ()
    assert report.stacks[0].cost.after.usual == pytest.approx(0.096 * 730)


def test_an_unknown_price_is_not_zero(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_instance.x", None, {"instance_type": "x9.huge"}))
    assert report.stacks[0].cost.unknown == (("aws_instance.x", "no price of x9.huge on demand in us-east-1"),)
    assert report.stacks[0].cost.after == (0, 0)


def test_removed_termination_protection_is_held(tmp_path: Path) -> None:
    before, after = ({"id": "i-1", "disable_api_termination": each} for each in (True, False))
    assert set(texts(reviewed(tmp_path, change("aws_instance.x", before, after)))) == {"MLR115"}


@pytest.mark.parametrize(
    ("group", "words"),
    [("AllUsers", "unauthenticated principals"), ("AuthenticatedUsers", "the principals of any AWS account")],
)
def test_a_grant_to_a_public_group_is_held(tmp_path: Path, group: str, words: str) -> None:
    grantee = {"type": "Group", "uri": f"http://acs.amazonaws.com/groups/global/{group}"}
    lists = [{"grant": [{"permission": "READ", "grantee": [grantee]}]}]
    after = {"bucket": "lake", "access_control_policy": lists}
    report = reviewed(tmp_path, change("aws_s3_bucket_acl.x", {"bucket": "lake", "acl": "private"}, after))
    assert texts(report) == {"MLR114": f"The access control list of `lake` grants access to {words}."}


def test_a_grant_to_another_canonical_user_is_held(tmp_path: Path) -> None:
    grants = [{"permission": "READ", "grantee": [{"type": "CanonicalUser", "id": each}]} for each in ("own", "other")]
    after = {"bucket": "lake", "access_control_policy": [{"owner": [{"id": "own"}], "grant": grants}]}
    assert texts(reviewed(tmp_path, change("aws_s3_bucket_acl.x", None, after))) == {
        "MLR114": "The access control list of `lake` grants access to the canonical user `other`."
    }


def test_a_kubernetes_api_without_ranges_is_reported_as_public(tmp_path: Path) -> None:
    access = {"endpoint_public_access": True}
    unknown = {"vpc_config": [{"public_access_cidrs": True}]}
    report = reviewed(
        tmp_path, change("aws_eks_cluster.x", None, {"name": "ml", "vpc_config": [access]}, unknown=unknown)
    )
    assert texts(report) == {"MLR306": "The API of `ml` becomes reachable from `0.0.0.0/0`."}
