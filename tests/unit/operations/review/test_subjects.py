from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra.operations.review import to_json, to_markdown
from tests.unit.operations.review.plans import change, reviewed

if TYPE_CHECKING:
    from pathlib import Path


def group(instance_type: str, nodes: int, **tags: str) -> dict[str, Any]:
    return {
        "name": "two-tower",
        "max_size": nodes,
        "desired_capacity": nodes,
        "mixed_instances_policy": [{"launch_template": [{"override": [{"instance_type": instance_type}]}]}],
        "tag": [{"key": key, "value": value} for key, value in tags.items()],
    }


def test_a_new_cluster_has_its_gpus_owner_and_cost_to_its_end(tmp_path: Path) -> None:
    cluster = group("g5.12xlarge", 2, Owner="ana@example.com", Expires="2026-11-28")
    report = reviewed(tmp_path, change("aws_autoscaling_group.x", None, cluster))
    # Today is 2026-11-26: three days of 24 hours for two nodes, each 5.672 USD an hour.
    (line,) = report.stacks[0].subjects
    assert line == (
        "Cluster `two-tower` is created: 2 x `g5.12xlarge`, 8 x A10G, owner `ana@example.com`, up to 817 USD until "
        "2026-11-28."
    )


def test_a_cluster_costs_at_most_the_bound_of_its_spend_limit(tmp_path: Path) -> None:
    def line_with(**tags: str) -> str:
        cluster = group("g5.12xlarge", 2, Expires="2026-11-28", **tags)
        (line,) = reviewed(tmp_path, change("aws_autoscaling_group.x", None, cluster)).stacks[0].subjects
        return line.partition("8 x A10G, ")[2]

    limited = "up to 600 USD (120% of its spend limit, where it is stopped) until 2026-11-28."
    assert line_with(AutoStop="true", SpendLimitUsd="500.00") == limited
    assert line_with(AutoStop="true", SpendLimitUsd="681.00") == "up to 817 USD until 2026-11-28."
    assert line_with(AutoStop="false", SpendLimitUsd="500.00") == "up to 817 USD until 2026-11-28."
    for invalid in ("nan", "-1", "much"):
        assert line_with(AutoStop="true", SpendLimitUsd=invalid) == "up to 817 USD until 2026-11-28."


def test_a_changed_cluster_has_its_previous_nodes(tmp_path: Path) -> None:
    before, after = group("g4dn.xlarge", 2), group("p5.48xlarge", 2)
    (line,) = reviewed(tmp_path, change("aws_autoscaling_group.x", before, after)).stacks[0].subjects
    assert line.startswith(
        "Cluster `two-tower` is changed: 2 x `p5.48xlarge`, 16 x H100 (before: 2 x `g4dn.xlarge`, 2 x T4), "
    )


def test_clusters_are_before_endpoints_and_buckets_in_the_report(tmp_path: Path) -> None:
    report = reviewed(
        tmp_path,
        change("aws_s3_bucket.x", {"bucket": "lake", "tags_all": {"Team": "ml"}}, None),
        change("aws_sagemaker_endpoint.x", None, {"name": "ranker"}),
        change("aws_autoscaling_group.x", group("g5.xlarge", 1), None),
        change("aws_sns_topic.x", None, {"name": "t"}),
    )
    lines = (
        "Cluster `two-tower` is destroyed: 1 x `g5.xlarge`, 1 x A10G.",
        "Endpoint `ranker` is created.",
        "Bucket `lake` is destroyed: team `ml`.",
    )
    assert report.stacks[0].subjects == lines
    assert json.loads(to_json(report))["stacks"][0]["summary"] == [each.replace("`", "") for each in lines]
    written = to_markdown(report)
    assert written.index("Cluster `two-tower`") < written.index("## Needs approval") < written.index("## Changes")


def test_sensitive_tags_are_not_shown(tmp_path: Path) -> None:
    cluster = group("g5.xlarge", 1, Owner="hunter2")
    report = reviewed(tmp_path, change("aws_autoscaling_group.x", None, cluster, sensitive={"tag": True}))
    assert "hunter2" not in to_json(report)
