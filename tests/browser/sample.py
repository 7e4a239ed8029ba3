"""Data of a report as the other commands return it: an account after a hackathon, and a project of 1,000 resources."""

# ruff: noqa: E501  a row of data is one line

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from mlinfra.operations.audit import Audit, FailedRead, Item
from mlinfra.operations.cost import Estimate, Line, Unpriced
from mlinfra.operations.drift import Difference, Report, StackReport, to_json
from mlinfra.operations.report.section import Section

NOW = datetime(2026, 11, 29, 20, tzinfo=timezone.utc)
HOSTILE = '</script><img src=x onerror="window.attacked=1"><script>window.attacked=1</script>\'{{data}}'
"""A name that a principal may give to a resource."""


def line(address: str, low: float, high: float, **values: str) -> Line:
    """A line of an estimate, by default of the environment dev and the team ranking."""
    owner, experiment = values.get("owner", ""), values.get("experiment", "")
    return Line(
        address, address.partition(".")[0], values.get("stack", "dev-training"), values.get("environment", "dev"), experiment,
        values.get("team", "ranking"), owner, "ml-1234", low / 730, high / 730, low, high,
        f"{high / 730:.2f} USD per hour x 730 hours", "AWS Price List", "2026-07-20", "",
    )  # fmt: skip


LINES = (
    line(
        "aws_autoscaling_group.two-tower-v2_group_85603368",
        8_000,
        9_000,
        owner="ana@example.com",
        experiment="two-tower-v2",
    ),
    line(
        "aws_autoscaling_group.sampling_group_0885FF0A",
        700,
        700,
        owner="li@example.com",
        experiment="sampling",
        team="search",
    ),
    line("aws_nat_gateway.network_nat-1_A72B97BB", 32.85, 60, stack="dev-foundation", team="ml-platform"),
    line(
        "aws_sagemaker_endpoint.ranker_endpoint_11111111",
        1_000,
        1_000,
        stack="prod-serving",
        environment="prod",
        owner="kim@example.com",
    ),
)
UNPRICED = (
    Unpriced(
        "aws_sagemaker_mlflow_tracking_server.tracking_22222222",
        "aws_sagemaker_mlflow_tracking_server",
        "no price in eu-north-1",
    ),
)


def item(name: str, **values: Any) -> Item:
    """A resource of an audit, by default an instance of an unknown owner in eu-west-1."""
    given = {
        "region": "eu-west-1", "service": "ec2", "kind": "instance", "id": name, "name": name, "state": "running",
        "launched": NOW - timedelta(days=43), "launched_by": "", "usd_per_month": 90.0, "usd_so_far": 120.0,
        "gpu_utilization": None, "owner": "", "owner_evidence": "", "classification": "unmanaged", **values,
    }  # fmt: skip
    return Item(**given)


ITEMS = (
    item(
        "hack-night", usd_per_month=95_700.0, usd_so_far=137_170.0, gpu_utilization=0.2, nodes=4, accelerators=32, instance_types=("p4d.24xlarge",),
        conditions=("idle",), problems=("Port 22 is open to 0.0.0.0/0.",), launched_by="arn:aws:iam::111111111111:user/summer-intern",
    ),
    item("llm-finetune", region="us-west-2", usd_per_month=47_800.0, usd_so_far=97_000.0, owner="sam@example.com", owner_evidence="name of the key pair: sam", classification="orphaned", accelerators=8, nodes=1),
    item("recsys-dev-two-tower-v2", region="us-east-1", usd_per_month=9_000.0, owner="ana@example.com", owner_evidence="tag Owner", owner_is_certain=True, classification="managed", accelerators=4, nodes=1, gpu_utilization=93.0),
    item("nat-1", region="us-east-1", kind="nat-gateway", usd_per_month=32.85, owner="ml-platform", owner_evidence="tag Team", owner_is_certain=True, classification="managed"),
    item("vol-unattached", kind="volume", usd_per_month=96.0, conditions=("unattached",)),
    item("unknown-price", kind="reservation", usd_per_month=None, usd_so_far=None),
    item("=2+5", kind="volume", usd_per_month=2.0, owner="li@example.com", owner_is_certain=True, classification="managed-elsewhere"),
    item(HOSTILE, kind="volume", usd_per_month=1.0, owner=HOSTILE, owner_evidence=HOSTILE),
)  # fmt: skip


def cluster(name: str, **values: Any) -> dict[str, Any]:
    """A cluster as the collection returns it."""
    return {
        "environment": "dev", "name": f"recsys-dev-{name}", "experiment": name, "owner": "ana@example.com", "instance_types": ["p3.8xlarge"],
        "nodes": 2, "wanted": 2, "state": "running", "since": "2026-11-20T20:00:00Z", "work": "busy", "work_reason": "its nodes are busy",
        "idle_minutes": 0, "usd_per_hour": 24.48, "usd_so_far": 4_920.0, "spend_limit_usd": 15_000.0, "expires": "2026-12-23", "extended": False,
        "forced_end": None, "marks": [], "problems": [], "declared": True, **values,
    }  # fmt: skip


CLUSTERS = (
    cluster("two-tower-v2"),
    cluster("hackathon", owner=None, usd_per_hour=131.1, idle_minutes=360, usd_so_far=31_210.0, expires="2026-11-17", declared=False,
            marks=[{"kind": "over-limit", "text": "its cost of 31210.00 USD exceeds its spend limit of 15000.00 USD"}]),
    cluster("sampling", owner="li@example.com", nodes=1, wanted=1, idle_minutes=185, usd_per_hour=5.67, usd_so_far=412.0, spend_limit_usd=500.0, expires="2026-12-01"),
    cluster("ranker", nodes=0, wanted=0, state="stopped", since=None, usd_per_hour=0.0, usd_so_far=88.0, expires="2026-12-12", instance_types=[], idle_minutes=None),
)  # fmt: skip
HISTORY = tuple(
    {"day": f"2026-11-{day}", "cluster": f"recsys-dev-{name}", "owner": owner, "usd": usd * day}
    for day in range(10, 30)
    for name, owner, usd in (("two-tower-v2", "ana@example.com", 20.0), ("hackathon", "", 100.0))
)
DIFFERENCES = (
    Difference("dev-data", "aws_s3_bucket_policy.lake_policy_AAAAAAAA", "changed", "policy", "{}", '{"Principal":"*"}'),
    Difference("dev-data", "aws_security_group.nodes_BBBBBBBB", "unmanaged", "ingress", None, HOSTILE, new=False),
)
FINDING = {
    "id": "MLR101", "digest": "0a1b2c3d4e", "level": "hold", "stack": "dev-data", "address": "aws_s3_bucket.lake_CCCCCCCC",
    "text": "The bucket is deleted.", "fix": "Keep the bucket.", "approved_by": None, "approve": "mlinfra approve 0a1b2c3d4e --reason TEXT",
}  # fmt: skip
APPROVAL = {
    "finding": "MLR203", "digest": "ffeeddccbb", "stack": "dev-foundation", "address": "aws_iam_role.ci_DDDDDDDD",
    "reason": "Required for the migration", "who": "kim@example.com", "until": "2026-12-04", "file": "approvals/dev-foundation.yaml",
}  # fmt: skip


def resource(address: str, path: str, *uses: str, **values: str) -> dict[str, Any]:
    """A resource of the architecture."""
    return {"address": address, "type": address.partition(".")[0], "path": path, "uses": list(uses), **values}


def stack(name: str, dependencies: tuple[str, ...], *resources: dict[str, Any]) -> dict[str, Any]:
    """A stack of the architecture."""
    return {
        "name": name,
        "environment": name.partition("-")[0],
        "dependencies": list(dependencies),
        "resources": list(resources),
    }


STACKS = (
    stack(
        "dev-foundation", (),
        resource("aws_vpc.network_vpc_12345678", "network/vpc", name="recsys-dev"),
        resource("aws_nat_gateway.network_nat-1_A72B97BB", "network/nat-1", "aws_vpc.network_vpc_12345678"),
        *(resource(f"aws_subnet.network_subnet-{n}_0000000{n}", f"network/subnet-{n}", "aws_vpc.network_vpc_12345678") for n in (1, 2, 3)),
        resource("aws_ssm_parameter.vpc-id_23456789", "vpc-id", "aws_vpc.network_vpc_12345678"),
    ),
    stack(
        "dev-training", ("dev-foundation",),
        resource("aws_security_group.two-tower-v2_sg_34567890", "two-tower-v2/sg", "dev-foundation/aws_ssm_parameter.vpc-id_23456789"),
        resource("aws_launch_template.two-tower-v2_template_45678901", "two-tower-v2/template", "aws_security_group.two-tower-v2_sg_34567890"),
        resource("aws_autoscaling_group.two-tower-v2_group_85603368", "two-tower-v2/group", "aws_launch_template.two-tower-v2_template_45678901", owner="ana@example.com"),
        resource("aws_autoscaling_group.sampling_group_0885FF0A", "sampling/group", owner="li@example.com"),
        resource("aws_lambda_function.shutdown_janitor_56789012", "shutdown/janitor/function", name=HOSTILE),
        resource("aws_iam_role.shutdown_janitor_67890123", "shutdown/janitor/role"),
    ),
    stack("prod-serving", (), resource("aws_sagemaker_endpoint.ranker_endpoint_11111111", "ranker/endpoint", owner="kim@example.com")),
)  # fmt: skip


def environment(name: str, limit: float) -> dict[str, Any]:
    """An environment with one experiment."""
    experiments = [{"name": f"{name}-experiment", "owner": "ana@example.com", "expires": "2026-12-05"}]
    return {
        "name": name, "account_id": "111111111111", "region": "us-east-1", "team": "ml-platform", "cost_center": "ml-1234",
        "monthly_spend_limit_usd": limit, "limits": {"owner": {"ana@example.com": 8_000.0} if name == "dev" else {}, "team": {}}, "experiments": experiments,
    }  # fmt: skip


def report(**sections: Section) -> dict[str, Any]:
    """The data of a report, with some sections replaced."""
    estimate = Estimate(LINES, UNPRICED).as_json()
    audit = Audit(ITEMS, (FailedRead("ap-south-2", "sagemaker", "AccessDenied"),), NOW).as_json()
    drift = json.loads(to_json(Report("dev", NOW, (StackReport("dev-data", differences=DIFFERENCES),))))
    usual = {
        "architecture": Section({"stacks": list(STACKS)}),
        "cost": Section({"lines": estimate["lines"], "unpriced": estimate["unpriced"]}),
        "clusters": Section(
            {"clusters": list(CLUSTERS), "history": list(HISTORY)},
            remarks=("Not listed: prod, not in the AWS account in use.",),
        ),
        "audit": Section({"items": audit["items"], "failed_regions": audit["failed_regions"]}),
        "drift": Section({"reports": [drift]}),
        "approvals": Section(
            {"findings": [FINDING], "approvals": [APPROVAL], "reviewed": ["dev-data"], "command": "mlinfra plan"}
        ),
    }
    return {
        "format": 1, "project": "recsys", "created": "2026-11-29T20:00:00Z", "version": "0.1.0", "commit": "4795352aa0", "refresh": False,
        "environments": [environment("dev", 15_000.0), environment("prod", 900.0)],
        "sections": {name: section.as_json() for name, section in {**usual, **sections}.items()},
    }  # fmt: skip


def large_report(resources: int = 1_000) -> dict[str, Any]:
    """The data of a report with many resources, each with a line of the estimate and an item of the audit."""
    each_stack, lines, items = 100, [], []
    stacks = []
    for number in range(resources // each_stack):
        name = f"dev-part-{number}"
        made = [
            resource(
                f"aws_instance.group-{index % 10}_node-{index}_{index:08X}", f"group-{index % 10}/node-{index}",
                *([f"aws_instance.group-{(index - 1) % 10}_node-{index - 1}_{index - 1:08X}"] if index else []),
                name=f"recsys-dev-node-{number}-{index}", owner=f"person-{index % 7}@example.com",
            )
            for index in range(each_stack)
        ]  # fmt: skip
        stacks.append(stack(name, (f"dev-part-{number - 1}",) if number else (), *made))
        lines += [
            line(
                each["address"],
                index,
                index * 2.0,
                stack=name,
                owner=each["owner"],
                experiment=f"experiment-{index % 20}",
            )
            for index, each in enumerate(made)
        ]
        items += [
            item(f"node-{number}-{index}", usd_per_month=index * 2.0, classification="managed", owner="ana@example.com")
            for index in range(each_stack)
        ]
    estimate, audit = Estimate(tuple(lines)).as_json(), Audit(tuple(items), (), NOW).as_json()
    return report(
        architecture=Section({"stacks": stacks}),
        cost=Section({"lines": estimate["lines"], "unpriced": []}),
        audit=Section({"items": audit["items"], "failed_regions": []}),
    )
