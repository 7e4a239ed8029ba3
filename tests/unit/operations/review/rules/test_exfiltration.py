from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import IN_OWN_ACCOUNT, OTHER, OWN, change, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]


def replication(account: str | None) -> Values:
    return {"bucket": "lake", "rule": [{"status": "Enabled", "destination": [{"account": account, "bucket": "b"}]}]}


@pytest.mark.parametrize(
    ("address", "after", "rule"),
    [
        ("aws_s3_bucket_replication_configuration.x", replication(OTHER), "MLR701"),
        ("aws_s3_bucket_replication_configuration.x", replication(OWN), "MLR702"),
        ("aws_ecr_replication_configuration.x",
         {"replication_configuration": [{"rule": [{"destination": [{"registry_id": OTHER}]}]}]}, "MLR701"),
        ("aws_cloudwatch_log_subscription_filter.x",
         {"destination_arn": f"arn:aws:logs:us-east-1:{OTHER}:destination:x"}, "MLR701"),
        ("aws_cloudwatch_log_subscription_filter.x",
         {"destination_arn": f"arn:aws:lambda:us-east-1:{OWN}:function:x"}, "MLR702"),
        ("aws_ram_principal_association.x", {"principal": OTHER}, "MLR701"),
        ("aws_ram_resource_share.x", {"allow_external_principals": True}, "MLR701"),
        ("aws_ami_launch_permission.x", {"account_id": OTHER, "image_id": "ami-1"}, "MLR701"),
        ("aws_snapshot_create_volume_permission.x", {"account_id": OTHER}, "MLR701"),
        ("aws_db_snapshot.x", {"shared_accounts": ["all"]}, "MLR701"),
        ("aws_dlm_lifecycle_policy.x", {"policy_details": [{"schedule": [{"share_rule": [
            {"target_accounts": [OTHER]}]}]}]}, "MLR701"),
        ("aws_lakeformation_permissions.x", {"principal": OTHER}, "MLR701"),
        ("aws_lakeformation_permissions.x", {"principal": "IAM_ALLOWED_PRINCIPALS"}, "MLR701"),
        ("aws_lakeformation_permissions.x", {"principal": f"arn:aws:iam::{OWN}:role/x"}, "MLR702"),
        ("aws_vpc_peering_connection.x", {"peer_owner_id": OTHER}, "MLR704"),
        ("aws_vpc_peering_connection.x", {"peer_owner_id": OWN}, "MLR702"),
        ("aws_vpc_peering_connection_accepter.x", {"vpc_peering_connection_id": "pcx-1"}, "MLR704"),
        ("aws_ec2_transit_gateway_vpc_attachment.x", {"transit_gateway_id": "tgw-1"}, "MLR704"),
        ("aws_cloudwatch_event_permission.x", {"principal": "*"}, "MLR701"),
        ("aws_cloudwatch_event_target.x", {"arn": f"arn:aws:events:us-east-1:{OTHER}:event-bus/x"}, "MLR701"),
        ("aws_lambda_layer_version_permission.x", {"principal": OTHER}, "MLR701"),
        ("aws_datasync_location_object_storage.x", {"server_hostname": "files.example.com"}, "MLR701"),
        ("aws_datasync_task.x", {"name": "copy"}, "MLR702"),
        ("aws_kinesis_firehose_delivery_stream.x", {"http_endpoint_configuration": [{"url": "https://x"}]}, "MLR701"),
        ("aws_redshift_data_share_authorization.x", {"consumer_identifier": OTHER}, "MLR701"),
        ("aws_ssm_document.x", {"permissions": {"type": "Share", "account_ids": "All"}}, "MLR701"),
        ("aws_vpc_endpoint_service_allowed_principal.x", {"principal_arn": "*"}, "MLR704"),
        ("aws_sns_topic_subscription.x", {"protocol": "https", "endpoint": "https://example.com"}, "MLR702"),
    ],
)  # fmt: skip
def test_a_new_way_out_is_found(tmp_path: Path, address: str, after: Values, rule: str) -> None:
    assert {id_ for id_, _ in rules_of(tmp_path, change(address, None, after))} - {"MLR116"} == {rule}


def test_a_changed_target_of_replication_is_held(tmp_path: Path) -> None:
    before, after = replication(None), replication(None)
    after["rule"][0]["destination"][0]["bucket"] = "other"
    report = reviewed(tmp_path, change("aws_s3_bucket_replication_configuration.x", before, after), **IN_OWN_ACCOUNT)
    assert texts(report) == {
        "MLR703": (
            "The target of the replication of `lake` changes: `rule.*.destination.*.bucket` changes "
            "from `b` to `other`."
        )
    }


def test_a_share_that_does_not_change_has_no_finding(tmp_path: Path) -> None:
    before = {"name": "s", "shared_accounts": [OTHER], "timeout": 1}
    assert rules_of(tmp_path, change("aws_db_snapshot.x", before, {**before, "timeout": 2})) == set()
