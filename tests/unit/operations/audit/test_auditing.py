"""Audits of a local AWS."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.operations.audit.auditing import AuditOptions, audit_account
from mlinfra.operations.audit.rendering import headline, totals
from mlinfra.variables import in_force
from tests.unit.operations.audit.story import (
    a_group,
    a_project,
    clients_of_user,
    put_state,
    run_instances,
    tell_story,
    the_environment,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws
    from mlinfra.operations.audit.item import Audit, Item

SIX_WEEKS = timedelta(days=42)


class Steps:
    """Progress that keeps what is shown."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.lines: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[Steps]:
        self.titles.append(title)
        yield self

    def say(self, line: str) -> None:
        self.lines.append(line)

    def conclude(self, result: str) -> None:
        self.lines.append(result)


def audited(*regions: str, root: Path | None = None, later: timedelta = timedelta(0)) -> Audit:
    options = AuditOptions(regions=regions, now=datetime.now(timezone.utc) + later)
    return audit_account([the_environment()] if root else [], root, Steps(), options=options)


def named(audit: Audit, name: str) -> Item:
    (item,) = [each for each in audit.items if each.name == name]
    return item


@pytest.fixture(scope="module")
def story(mlinfra_local_aws: LocalAws, clients: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Audit:
    mlinfra_local_aws.reset()
    root = a_project(tmp_path_factory.mktemp("project"))
    with in_force(client_variables(mlinfra_local_aws, present=os.environ)):
        tell_story(clients, mlinfra_local_aws)
        return audited("us-east-1", "us-west-2", "eu-west-1", root=root, later=SIX_WEEKS)


def test_the_audit_answers_who_owns_eight_clusters_in_three_regions(story: Audit) -> None:
    assert story.failed_regions == ()
    clusters = [each for each in story.items if each.accelerators]
    assert [(each.name, each.classification, each.nodes, each.accelerators) for each in clusters] == [
        ("hackathon", "unmanaged", 4, 32),
        (next(each.id for each in clusters if each.region == "eu-west-1" and each.nodes == 2), "unmanaged", 2, 16),
        ("recsys-dev-two-tower", "managed", 2, 16),
        ("cluster-7", "unmanaged", 1, 8),
        ("recsys-dev-old", "orphaned", 1, 8),
        ("recsys-dev-ranker", "managed", 2, 8),
        ("search-index", "managed-elsewhere", 2, 8),
        ("recsys-dev-retrieval", "managed", 1, 4),
    ]
    assert [text for classification, _, text in totals(story) if classification == "unmanaged"] == [
        "3 clusters, 2 buckets, 1 volume"
    ]
    assert headline(story).startswith("Account 123456789012: 1")
    assert headline(story).endswith(" USD a month, in 3 of 3 regions.")


def test_the_hackathon_of_six_weeks_ago_has_its_cost_and_its_launcher(story: Audit) -> None:
    hackathon = named(story, "hackathon")
    hours = 42 * 24
    gpu = 4 * 21.957642
    assert hackathon.usd_per_month == pytest.approx(gpu * 730, rel=0.01)
    assert hackathon.usd_so_far == pytest.approx(gpu * hours, rel=0.01)
    assert hackathon.kind == "instance-group"
    assert len(hackathon.members) == 4
    assert hackathon.launched_by == "ben@example.com"
    assert (hackathon.owner, hackathon.owner_is_certain) == ("ben@example.com", False)
    assert hackathon.owner_evidence.startswith("CloudTrail: RunInstances by ben@example.com on 20")
    assert hackathon.owner_evidence.endswith("; key pair ben-laptop")
    assert any(each.startswith("4 x p4d.24xlarge x ") for each in hackathon.cost_basis)


def test_the_launcher_of_a_group_is_who_created_it(story: Audit) -> None:
    cluster = named(story, "cluster-7")
    assert cluster.launched_by == "administrator"
    assert cluster.owner_evidence.startswith("CloudTrail: CreateAutoScalingGroup by administrator on ")


def test_an_orphaned_cluster_is_in_the_state_and_not_in_the_code(story: Audit) -> None:
    old = named(story, "recsys-dev-old")
    assert old.conditions == ("expired",)
    assert old.manager.startswith("aws_autoscaling_group.old in s3://recsys-dev-tfstate-")
    assert "It expired on 2026-01-31." in old.problems
    assert (old.owner, old.owner_is_certain) == ("ana@example.com", True)


def test_other_terraform_states_are_recognized_by_the_names_of_their_buckets(story: Audit) -> None:
    index = named(story, "search-index")
    assert index.manager == "Terraform: aws_autoscaling_group.search-index in s3://search-team-terraform/index.tfstate"


def test_an_instance_and_its_volumes_are_counted_with_their_group_only(story: Audit) -> None:
    assert [each.kind for each in story.items if each.region == "us-east-1" and each.service == "ec2"] == []
    kinds = {each.kind for each in story.items if each.region == "eu-west-1"}
    assert kinds == {"instance-group", "auto-scaling-group", "volume"}
    assert len({each.key for each in story.items}) == len(story.items)


def test_an_unattached_volume_is_reported(story: Audit) -> None:
    (volume,) = [each for each in story.items if each.kind == "volume"]
    assert volume.conditions == ("unattached",)
    assert volume.problems == ("A volume is not encrypted.",)
    assert volume.usd_per_month == pytest.approx(500 * 0.088)


def test_a_public_instance_with_open_ports_is_named(client: Callable[..., Any], local_aws: LocalAws) -> None:  # noqa: ARG001
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="open", Description="-")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        ],
    )
    (instance,) = run_instances(client, "box", "t3.micro", 1, "us-east-1", SecurityGroupIds=[group])
    box = named(audited("us-east-1"), "box")
    assert box.kind == "instance"
    assert box.problems[0].startswith(f"{instance} has the public address ")
    assert box.problems[0].endswith(", with ports open to the internet: tcp 22.")


def test_idle_gpus_are_reported_and_missing_metrics_are_not_idleness(client: Callable[..., Any]) -> None:
    idle, busy, unknown = (
        run_instances(client, name, "g5.xlarge", 1, "us-east-1")[0] for name in ("idle", "busy", "unknown")
    )
    now = datetime.now(timezone.utc)
    for instance, percent in ((idle, 0.5), (busy, 80.0)):
        client("cloudwatch").put_metric_data(
            Namespace="CWAgent",
            MetricData=[
                {
                    "MetricName": "nvidia_smi_utilization_gpu",
                    "Dimensions": [{"Name": "InstanceId", "Value": instance}],
                    "Timestamp": now - timedelta(hours=hour),
                    "Value": percent,
                }
                for hour in range(1, 12)
            ],
        )
    audit = audited("us-east-1")
    assert named(audit, "idle").conditions == ("idle",)
    assert "GPU utilization was below 5% in every hour of the last day." in named(audit, "idle").problems
    assert named(audit, "idle").gpu_utilization == pytest.approx(0.5)
    assert named(audit, "busy").conditions == ()
    assert named(audit, "busy").gpu_utilization == pytest.approx(80)
    assert (named(audit, "unknown").conditions, named(audit, "unknown").gpu_utilization) == ((), None)
    assert unknown


def test_nodes_with_numbered_names_are_one_cluster(client: Callable[..., Any], local_aws: LocalAws) -> None:
    cleo = clients_of_user(client, local_aws, "cleo")
    for number in range(3):
        run_instances(cleo, f"llm-{number}", "p4d.24xlarge", 1, "us-east-1")
    (cluster,) = [each for each in audited("us-east-1").items if each.accelerators]
    assert (cluster.name, cluster.nodes, cluster.kind, cluster.owner) == ("llm", 3, "instance-group", "cleo")


def test_an_audit_outside_of_a_project_says_that_nothing_is_classified_as_managed(local_aws: LocalAws) -> None:  # noqa: ARG001
    (remark,) = audited("us-east-1").remarks
    assert remark.startswith("No environment of a project in this folder is in this account")


def test_code_that_cannot_be_synthesized_is_a_remark(client: Callable[..., Any], tmp_path: Path) -> None:
    entry = a_group(client, "recsys-dev-old", "g5.48xlarge", 1, "us-east-1")
    put_state(client, the_environment().names.state_bucket, the_environment().names.state_key("training"), [entry])
    (tmp_path / "main.py").write_text("raise SystemExit('no such module')")
    audit = audited("us-east-1", root=tmp_path)
    assert named(audit, "recsys-dev-old").classification == "managed"
    (remark,) = audit.remarks
    assert remark.startswith(
        "The resources of dev were not compared with the code, because it cannot be synthesized: The stacks of 'dev' "
        "cannot be synthesized"
    )
    assert remark.endswith("no such module")


def test_a_region_that_is_not_enabled_is_refused(local_aws: LocalAws) -> None:  # noqa: ARG001
    with pytest.raises(OperationError, match=r"The region 'me-south-1' is not enabled for the account\. Enabled: "):
        audited("me-south-1")
    with pytest.raises(OperationError, match="The region 'us-east-9' is not a region of AWS"):
        audited("us-east-9")


def test_all_enabled_regions_are_read_and_the_progress_is_shown(local_aws: LocalAws) -> None:  # noqa: ARG001
    steps = Steps()
    audit = audit_account([], None, steps, options=AuditOptions(launchers=False))
    assert len(audit.regions) >= 17
    assert "me-south-1" in audit.disabled_regions
    assert audit.failed_regions == ()
    assert steps.titles == [
        "Check the account",
        f"Read {len(audit.regions)} regions",
        "Read Terraform states and code",
        "Read utilization",
    ]
    assert any("lists, last " in line for line in steps.lines)
