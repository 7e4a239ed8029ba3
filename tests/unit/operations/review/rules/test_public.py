from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]


@pytest.mark.parametrize(
    ("address", "after"),
    [
        ("aws_s3_bucket_website_configuration.x", {"bucket": "lake"}),
        ("aws_s3_access_point.x", {"public_access_block_configuration": [{"block_public_policy": False}]}),
        ("aws_s3_object.x", {"acl": "public-read"}),
        ("aws_s3_bucket_public_access_block.x", {"block_public_acls": False, "block_public_policy": True}),
        ("aws_s3_account_public_access_block.x", {"block_public_acls": None}),
        ("aws_db_instance.x", {"publicly_accessible": True, "storage_encrypted": True}),
        ("aws_rds_cluster_instance.x", {"publicly_accessible": True}),
        ("aws_redshift_cluster.x", {"publicly_accessible": True, "encrypted": "true"}),
        ("aws_lb.x", {"internal": False}),
        ("aws_elb.x", {"internal": False}),
        ("aws_sagemaker_notebook_instance.x", {"direct_internet_access": "Enabled"}),
        ("aws_subnet.x", {"map_public_ip_on_launch": True}),
        ("aws_instance.x", {"associate_public_ip_address": True}),
        ("aws_launch_template.x", {"network_interfaces": [{"associate_public_ip_address": "true"}]}),
        ("aws_ec2_managed_prefix_list.x", {"entry": [{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}]}),
        ("aws_ec2_managed_prefix_list_entry.x", {"cidr": "::/0"}),
        ("aws_cognito_identity_pool.x", {"allow_unauthenticated_identities": True}),
        ("aws_opensearchserverless_security_policy.x", {"policy": '[{"AllowFromPublic": true}]'}),
        ("aws_mwaa_environment.x", {"webserver_access_mode": "PUBLIC_ONLY"}),
        ("aws_batch_job_definition.x", {"container_properties": '{"assignPublicIp": "ENABLED"}'}),
        ("aws_vpc_block_public_access_exclusion.x", {"vpc_id": "vpc-1"}),
        ("aws_ecrpublic_repository.x", {"repository_name": "x"}),
    ],
)
def test_a_resource_that_is_created_public_is_held(tmp_path: Path, address: str, after: Values) -> None:
    assert "hold" in {level for _, level in rules_of(tmp_path, change(address, None, after))}


def test_a_load_balancer_without_a_scheme_is_public(tmp_path: Path) -> None:
    created = change("aws_lb.x", None, {"name": "api"}, unknown={"internal": True})
    assert texts(reviewed(tmp_path, created)) == {
        "MLR311": "The load balancer `api` is reachable from the internet: `internal` is known after apply."
    }


@pytest.mark.parametrize(
    ("address", "before", "after", "rule"),
    [
        ("aws_subnet.x", {"map_public_ip_on_launch": False}, {"map_public_ip_on_launch": True}, "MLR311"),
        ("aws_s3_bucket_public_access_block.x", {"block_public_acls": True}, {"block_public_acls": False}, "MLR114"),
        ("aws_opensearch_domain.x", {"vpc_options": [{"subnet_ids": ["a"]}]}, {"vpc_options": []}, "MLR311"),
        ("aws_api_gateway_rest_api.x", {"endpoint_configuration": [{"types": ["PRIVATE"]}]},
         {"endpoint_configuration": [{"types": ["REGIONAL"]}]}, "MLR311"),
        ("aws_vpc.x", {"assign_generated_ipv6_cidr_block": False}, {"assign_generated_ipv6_cidr_block": True},
         "MLR312"),
        ("aws_ec2_serial_console_access.x", {"enabled": False}, {"enabled": True}, "MLR311"),
        ("aws_vpc_block_public_access_options.x", {"internet_gateway_block_mode": "block-bidirectional"},
         {"internet_gateway_block_mode": "off"}, "MLR313"),
    ],
)  # fmt: skip
def test_a_resource_that_becomes_public_is_found(
    tmp_path: Path, address: str, before: Values, after: Values, rule: str
) -> None:
    assert set(texts(reviewed(tmp_path, change(address, before, after)))) == {rule}


def test_a_finding_says_from_what_to_what(tmp_path: Path) -> None:
    before, after = ({"id": "subnet-1", "map_public_ip_on_launch": each} for each in (False, True))
    assert texts(reviewed(tmp_path, change("aws_subnet.x", before, after))) == {
        "MLR311": (
            "Instances in the subnet `subnet-1` get public addresses: `map_public_ip_on_launch` changes "
            "from `false` to `true`."
        )
    }


def test_a_removed_block_of_the_account_is_held(tmp_path: Path) -> None:
    removed = change("aws_vpc_block_public_access_options.x", {"internet_gateway_block_mode": "x"}, None)
    assert rules_of(tmp_path, removed) == {("MLR313", "hold")}
