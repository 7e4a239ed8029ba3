"""A project with one experiment of p5.48xlarge."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DECLARATION = """
from datetime import date, timedelta
from mlinfra import Environment, Experiment

capacity = Environment(
    name="capacity", project="recsys", account_id="{account}", region="us-east-1", team="ml", cost_center="ml-1",
    repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=9_000_000, emulated={emulated}, max_nodes=100,
    experiments=[
        Experiment(
            name="{name}", owner="ana@example.com", instance_type="p5.48xlarge", nodes={nodes},
            expires=date.today() + timedelta(days=3),
        ),
    ],
)
"""


def declare(
    project: Path, *, nodes: int, account: str = "123456789012", emulated: bool = True, name: str = "two-tower"
) -> None:
    """Write an environment `capacity` with one experiment into a project."""
    (project / "environments").mkdir(exist_ok=True)
    text = DECLARATION.format(nodes=nodes, account=account, emulated=emulated, name=name)
    (project / "environments" / "capacity.py").write_text(text)
