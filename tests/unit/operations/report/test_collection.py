"""Data of a report: every source, and the reasons of missing ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Tag
from mlinfra.functions.records import Records
from mlinfra.operations.audit import Audit, AuditOptions, FailedRead, Item, audit_account
from mlinfra.operations.drift import Difference, Report, StackReport, to_json
from mlinfra.operations.report.collection import Sources, collect
from mlinfra.operations.terraform.progress import Quiet
from tests.local_aws import image_ids, make_records_table
from tests.unit.operations.report.project import write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OFFLINE = Sources(aws=False)
NOW = datetime(2026, 11, 24, 3, tzinfo=timezone.utc)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLINFRA_TODAY", "2026-11-24")
    return write_project(tmp_path / "project", dev="111111111111", prod="333333333333")


def sections(root: Path, sources: Sources = OFFLINE) -> dict[str, Any]:
    found: dict[str, Any] = collect(root, Quiet(), sources)["sections"]
    return found


def test_the_environments_have_their_limit_and_experiments(root: Path) -> None:
    found = collect(root, Quiet(), OFFLINE)
    assert found["project"] == "recsys"
    assert [each["name"] for each in found["environments"]] == ["dev", "prod"]
    assert found["environments"][0]["monthly_spend_limit_usd"] == 15_000
    assert found["environments"][0]["limits"] == {"owner": {"ana@example.com": 9_000}, "team": {}}
    assert found["environments"][0]["experiments"] == [
        {"name": "two-tower-v2", "owner": "ana@example.com", "expires": "2026-12-18"}
    ]


def test_the_data_is_json(root: Path) -> None:
    found = collect(root, Quiet(), OFFLINE)
    assert json.loads(json.dumps(found)) == found


def test_only_the_named_environments_are_reported(root: Path) -> None:
    found = collect(root, Quiet(), Sources(environments=("prod",), aws=False))
    assert [each["name"] for each in found["environments"]] == ["prod"]
    assert {each["environment"] for each in found["sections"]["architecture"]["data"]["stacks"]} == {"prod"}


def test_emulated_environments_are_reported_only_by_name_or_alone(tmp_path: Path) -> None:
    root = write_project(tmp_path / "both", local="123456789012", prod="333333333333")
    assert [each["name"] for each in collect(root, Quiet(), OFFLINE)["environments"]] == ["prod"]
    named = collect(root, Quiet(), Sources(environments=("local",), aws=False))
    assert [each["name"] for each in named["environments"]] == ["local"]
    alone = write_project(tmp_path / "alone", local="123456789012")
    assert [each["name"] for each in collect(alone, Quiet(), OFFLINE)["environments"]] == ["local"]


def test_an_environment_that_is_not_declared_is_refused(root: Path) -> None:
    with pytest.raises(OperationError) as refused:
        collect(root, Quiet(), Sources(environments=("test",), aws=False))
    assert str(refused.value) == "There is no environment test. Declared: dev, prod."


def test_the_architecture_is_synthesized(root: Path) -> None:
    names = [each["name"] for each in sections(root)["architecture"]["data"]["stacks"]]
    assert names == ["dev-foundation", "dev-training", "prod-foundation", "prod-training"]


def test_an_environment_that_does_not_synthesize_is_named_and_the_others_are_shown(root: Path) -> None:
    (root / "broken-dev").touch()
    found = sections(root)["architecture"]
    assert {each["environment"] for each in found["data"]["stacks"]} == {"prod"}
    assert found["remarks"] == ["The stacks of 'dev' cannot be synthesized: ValueError: the stack of dev is broken"]
    assert sections(root)["cost"]["data"]["unknown"] == ["dev"]
    (root / "broken-prod").touch()
    found = sections(root)["architecture"]
    assert found["data"] is None
    assert "The stacks of 'prod' cannot be synthesized" in found["reason"]


def test_the_cost_of_the_stacks_is_estimated(root: Path) -> None:
    found = sections(root)["cost"]["data"]
    assert {each["stack"] for each in found["unpriced"]} <= {"dev-training", "prod-training"}
    (root / "stacks.json").write_text(
        json.dumps({"ENV-network": [[], {"resource": {"aws_nat_gateway": {"nat": {"subnet_id": "subnet-1"}}}}]})
    )
    lines = sections(root)["cost"]["data"]["lines"]
    assert {(each["environment"], each["address"], each["team"]) for each in lines} == {
        ("dev", "aws_nat_gateway.nat", "ml-platform"),
        ("prod", "aws_nat_gateway.nat", "ml-platform"),
    }
    assert sum(each["usd_per_month_high"] for each in lines) >= 2 * 32.85


def test_without_aws_the_clusters_are_not_available(root: Path) -> None:
    found = sections(root)["clusters"]
    assert (found["available"], found["reason"]) == (False, "AWS was not called, because of --no-aws.")
    assert found["command"].endswith("mlinfra clusters")


def test_without_credentials_the_clusters_are_not_available(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    own_folders: None,  # noqa: ARG001
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found = sections(root, Sources())
    assert found["clusters"]["reason"].startswith("There are no AWS credentials")
    assert found["audit"]["reason"].startswith("There are no AWS credentials")
    assert found["architecture"]["available"]


@pytest.mark.usefixtures("local_aws")
def test_clusters_of_the_account_in_use_are_listed(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", local="123456789012", prod="333333333333")
    found = sections(root, Sources(environments=("local",), live_audit=False))["clusters"]
    assert (found["data"], found["remarks"]) == ({"clusters": [], "history": []}, [])


def test_clusters_and_their_daily_cost_are_shown_and_other_accounts_are_named(
    tmp_path: Path, client: Callable[..., Any]
) -> None:
    root = write_project(tmp_path / "project", local="123456789012", prod="333333333333")
    prod = root / "environments" / "prod.py"
    prod.write_text(prod.read_text().replace("emulated=False", "emulated=True"))
    make_records_table(client, "recsys-local-clusters")
    today = clock.now().date()
    with_clients = Records(Clients(), "recsys-local-clusters")
    with_clients.add_spend("recsys-local-deleted", today, 12.5, tags={"Owner": "ana@example.com"})
    with_clients.add_spend("recsys-local-deleted", today - timedelta(days=31), 99, tags={})
    make_stopped_cluster(client, "recsys-local-two-tower-v2")
    found = sections(root, Sources(live_audit=False))["clusters"]
    (only,) = found["data"]["clusters"]
    assert (only["environment"], only["name"], only["state"]) == ("local", "recsys-local-two-tower-v2", "stopped")
    assert (only["owner"], only["expires"], only["work"]) == ("ana@example.com", "2026-12-18", "empty")
    assert found["data"]["history"] == [
        {"day": str(today), "cluster": "recsys-local-deleted", "owner": "ana@example.com", "usd": 12.5}
    ]
    assert found["remarks"] == ["Not listed: prod, not on the local AWS in use."]


def make_stopped_cluster(client: Callable[..., Any], name: str) -> None:
    image = image_ids(client("ec2"))[0]
    data = {"ImageId": image, "InstanceType": "g5.xlarge"}
    client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    tags = {
        Tag.AUTO_STOP: "true",
        Tag.OWNER: "ana@example.com",
        Tag.EXPIRES: "2026-12-18",
        Tag.EXPERIMENT: "two-tower-v2",
    }
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name},
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=0,
        VPCZoneIdentifier=client("ec2").describe_subnets()["Subnets"][0]["SubnetId"],
        Tags=[
            {
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
                "ResourceId": name,
                "ResourceType": "auto-scaling-group",
            }
            for key, value in tags.items()
        ],
    )


@pytest.mark.usefixtures("local_aws")
def test_credentials_of_another_account_are_named(root: Path) -> None:
    found = sections(root, Sources(live_audit=False))["clusters"]
    assert found["reason"].startswith("Your AWS credentials belong to account 123456789012")


def test_without_a_file_drift_and_audit_name_their_command(root: Path) -> None:
    found = sections(root)
    assert found["drift"]["reason"] == "Drift was not checked for this report."
    assert "mlinfra drift --env dev --out drift.json" in found["drift"]["command"]
    assert found["audit"]["reason"] == "The account was not audited for this report."
    assert "mlinfra audit --out audit.json" in found["audit"]["command"]


def test_drift_is_read_from_its_file_and_missing_environments_are_named(root: Path) -> None:
    tag = Difference("dev-data", "aws_s3_bucket.lake", "changed", "tags.Zone", "raw", "hot")
    path = root / "drift.json"
    path.write_text(to_json(Report("dev", NOW, (StackReport("dev-data", differences=(tag,)),))))
    found = sections(root, Sources(aws=False, drift=(path,)))["drift"]
    assert found["data"]["reports"][0]["stacks"][0]["differences"][0]["attribute"] == "tags.Zone"
    assert found["remarks"] == ["Not checked: prod."]


def test_audits_of_several_accounts_are_read_from_their_files(root: Path) -> None:
    item = Item(
        "eu-west-1", "ec2", "instance", "i-1", "gpu-box", "running", NOW, "", 90.0, 30.0, None, "", "", "unmanaged"
    )  # fmt: skip
    files = []
    # Two environments share an account.
    for number, account in enumerate(("111111111111", "111111111111", "333333333333")):
        audit = Audit((item,), (FailedRead("eu-west-1", "eks", "AccessDenied"),), NOW, account_id=account)
        files.append(root / f"audit-{number}.json")
        files[-1].write_text(json.dumps(replace(audit, remarks=("CloudTrail was not read.",)).as_json()))
    found = sections(root, Sources(aws=False, audit=tuple(files)))["audit"]
    assert [(each["name"], each["account"]) for each in found["data"]["items"]] == [
        ("gpu-box", "111111111111"),
        ("gpu-box", "333333333333"),
    ]
    assert [each["service"] for each in found["data"]["failed_regions"]] == ["eks"]
    assert found["remarks"] == ["CloudTrail was not read."]


def test_the_account_is_audited(tmp_path: Path, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mlinfra.operations.report.collection.audit_account",
        lambda declared, root, progress: audit_account(
            declared, root, progress, options=AuditOptions(regions=("us-east-1", "eu-west-1"), launchers=False)
        ),
    )
    root = write_project(tmp_path / "project", local="123456789012")
    volume = client("ec2", "eu-west-1").create_volume(AvailabilityZone="eu-west-1a", Size=500)["VolumeId"]
    items = {each["id"]: each for each in sections(root, Sources())["audit"]["data"]["items"]}
    assert items[volume]["region"] == "eu-west-1"
    assert (items[volume]["classification"], items[volume]["owner"]) == ("unmanaged", "")
    assert items[volume]["usd_per_month"] > 30


def test_approvals_of_the_repository_are_shown(root: Path) -> None:
    (root / "approvals").mkdir()
    entry = {
        "finding": "MLR101", "digest": "0a1b2c3d4e", "stack": "dev-data", "address": "aws_s3_bucket.lake",
        "reason": "moved", "who": "kim@example.com", "until": "2026-12-04",
    }  # fmt: skip
    (root / "approvals" / "dev-data.yaml").write_text(json.dumps([entry]))
    assert sections(root)["approvals"]["data"]["approvals"] == [{**entry, "file": "approvals/dev-data.yaml"}]


def test_an_invalid_approval_is_a_remark(root: Path) -> None:
    (root / "approvals").mkdir()
    (root / "approvals" / "dev-data.yaml").write_text("finding: MLR101")
    found = sections(root)["approvals"]
    assert found["data"]["approvals"] == []
    assert found["remarks"][0].startswith("approvals/dev-data.yaml: 1 problem")


def test_findings_of_a_review_have_the_command_that_approves_them(root: Path) -> None:
    finding = {
        "id": "MLR101",
        "digest": "0a1b2c3d4e",
        "level": "hold",
        "stack": "dev-data",
        "address": "aws_s3_bucket.lake",
    }
    other = {**finding, "stack": "test-data"}
    path = root / "review.json"
    path.write_text(json.dumps({"findings": [finding, other], "stacks": [{"stack": "dev-data"}]}))
    found = sections(root, Sources(aws=False, review=(path,)))["approvals"]["data"]
    (only,) = found["findings"]
    assert only["approve"].endswith("mlinfra approve 0a1b2c3d4e --reason TEXT")
    assert found["reviewed"] == ["dev-data"]


def test_saved_plans_are_reviewed(root: Path) -> None:
    folder = root / "plans" / "dev-data"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text('{"resource_changes": []}')
    found = sections(root)["approvals"]
    assert found["remarks"] == []
    assert (found["data"]["findings"], found["data"]["reviewed"]) == ([], ["dev-data"])
