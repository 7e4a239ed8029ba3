from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.cost import Key
from mlinfra.operations.deploy.estimated_costs import compare_costs, estimate_costs
from mlinfra.operations.deploy.synthesizing import synth
from mlinfra.operations.terraform.progress import Quiet
from tests.unit.operations.deploy.test_synthesizing import commit, project  # noqa: F401  a fixture

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 29)


def declare(root: Path, **gateways: str) -> None:
    """Give the data stack of each environment NAT gateways, by label and owner."""
    resources = {label: {"tags": {"Owner": owner}} for label, owner in gateways.items()}
    content = {"provider": {"aws": [{"region": "us-east-1"}]}, "resource": {"aws_nat_gateway": resources}}
    (root / "VALUE").write_text(json.dumps(content))


def test_all_stacks_are_synthesized_and_estimated(project: Path) -> None:  # noqa: F811
    declare(project, a="ana@example.com")
    found = estimate_costs(project, Quiet(), today=TODAY)
    # A gateway of 32.85 USD and 100 GB of traffic, in two environments.
    assert {each.name: round(each.usd_per_month_high, 2) for each in found.by(Key.STACK)} == {
        "dev-data": 37.35,
        "prod-data": 37.35,
    }


def test_patterns_select_stacks(project: Path) -> None:  # noqa: F811
    declare(project, a="ana@example.com")
    found = estimate_costs(project, Quiet(), patterns=["prod-*"], today=TODAY)
    assert [each.name for each in found.by(Key.STACK)] == ["prod-data"]
    with pytest.raises(OperationError, match="No stack matches 'test-"):
        estimate_costs(project, Quiet(), patterns=["test-*"], today=TODAY)


def test_a_local_aws_costs_nothing_unless_it_is_named(project: Path, tmp_path: Path) -> None:  # noqa: F811
    declare(project, a="ana@example.com")
    file = project / "environments" / "prod.py"
    file.write_text(file.read_text().replace('team="ml-platform",', 'team="ml-platform", emulated=True,'))
    before = commit(project)
    found = estimate_costs(project, Quiet(), today=TODAY)
    assert [each.name for each in found.by(Key.STACK)] == ["dev-data"]
    named = estimate_costs(project, Quiet(), patterns=["prod-*"], today=TODAY)
    assert [each.name for each in named.by(Key.STACK)] == ["prod-data"]
    assert round(compare_costs(project, Quiet(), before, today=TODAY).total.before_high, 2) == 37.35
    synth(project, Quiet(), out=tmp_path / "synthesized")
    found = estimate_costs(project, Quiet(), synthesized=tmp_path / "synthesized", today=TODAY)
    assert [each.name for each in found.by(Key.STACK)] == ["dev-data"]


def test_a_synthesized_folder_is_not_synthesized_again(project: Path, tmp_path: Path) -> None:  # noqa: F811
    declare(project, a="ana@example.com")
    synth(project, Quiet(), out=tmp_path / "synthesized")
    declare(project)
    found = estimate_costs(project, Quiet(), synthesized=tmp_path / "synthesized", patterns=["dev-*"], today=TODAY)
    assert [each.name for each in found.by(Key.STACK)] == ["dev-data"]
    with pytest.raises(
        OperationError, match=r"No stack in .* matches 'x-\*'\. Expected: one of dev-data, dev-training"
    ):
        estimate_costs(project, Quiet(), synthesized=tmp_path / "synthesized", patterns=["x-*"], today=TODAY)
    with pytest.raises(OperationError, match="has no synthesized stacks"):
        estimate_costs(project, Quiet(), synthesized=tmp_path / "nothing", today=TODAY)


def test_two_commits_are_compared_by_owner(project: Path) -> None:  # noqa: F811
    declare(project, a="ana@example.com", b="li@example.com")
    before = commit(project)
    declare(project, a="ana@example.com", c="sam@example.com", d="sam@example.com")
    found = compare_costs(project, Quiet(), before, patterns=["dev-*"], today=TODAY)
    assert [(each.name, round(each.high, 2)) for each in found.by(Key.OWNER)] == [
        ("sam@example.com", 74.7),
        ("li@example.com", -37.35),
    ]


def test_an_environment_that_is_no_longer_declared_is_a_saving(project: Path) -> None:  # noqa: F811
    declare(project, a="ana@example.com")
    before = commit(project)
    (project / "environments" / "prod.py").unlink()
    found = compare_costs(project, Quiet(), before, today=TODAY)
    assert round(found.total.high, 2) == -37.35


def test_a_commit_that_does_not_exist_is_an_error(project: Path) -> None:  # noqa: F811
    with pytest.raises(OperationError, match="nowhere"):
        compare_costs(project, Quiet(), "nowhere", today=TODAY)
