"""Code of a project that imports mlinfra, checked by mypy --strict and by pyright."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lengthy

VALID = """\
from __future__ import annotations

from datetime import date

from mlinfra import (
    DataLake,
    Environment,
    Experiment,
    MlApp,
    MlStack,
    Network,
    NetworkSettings,
    Platform,
    Queue,
    TrainingCluster,
    TrainingQueue,
)

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    experiments=(Experiment(name="ranker-v1", owner="ana@example.com", expires=date(2099, 12, 18)),),
    queues=(Queue(name="ranking", owner="ana@example.com", gpu="A10G", max_nodes=2, teams={"ranking": 1}),),
)


class RankerStack(MlStack):
    def __init__(self, scope: MlApp) -> None:
        super().__init__(scope, environment, "ranker")
        platform = Platform.lookup(self)
        cluster = TrainingCluster(self, "train", experiment=environment.experiment("ranker-v1"), network=platform)
        platform.data_lake.grant_read(cluster, zones=["raw", "features"])
        lake = DataLake(self, "lake")
        settings = NetworkSettings(vpc_id="vpc-1", private_subnet_ids=["subnet-1"], compute_key_arn=lake.key_arn)
        queue = TrainingQueue(self, "queue", queue=environment.queue("ranking"), network=settings)
        lake.grant_read(queue.job("train", image="ranker:1.4"), zones=["raw"])
        network = Network(self, "network", compute_key_arn=lake.key_arn)
        TrainingQueue(self, "other", queue=environment.queue("ranking"), network=network)
"""
INVALID = """\
from mlinfra import MlStack, NetworkSettings, NoSuchName, TrainingQueue

NetworkSettings(vpc_id=1, private_subnet_ids=["subnet-1"], compute_key_arn="arn")


def build(stack: MlStack) -> None:
    TrainingQueue(stack, "queue", queue="ranking", network="vpc-1")
    stack.no_such_attribute()
"""
WRONG_LINES = {1, 3, 7, 8}
MYPY_CONFIGURATION = """\
[mypy]
strict = true
[mypy-cdktf_cdktf_provider_aws]
# Only its __init__ is skipped, which imports 2,200 modules.
follow_imports = skip
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a valid and an invalid module."""
    (tmp_path / "valid.py").write_text(VALID)
    (tmp_path / "invalid.py").write_text(INVALID)
    return tmp_path


def errors(command: list[str], project: Path) -> dict[str, set[int]]:
    """The lines with errors by module."""
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, set[int]] = {}
    for module, line in re.findall(r"(\w+)\.py:(\d+):.* error[:\s]", done.stdout):
        found.setdefault(module, set()).add(int(line))
    return found


def test_mypy_accepts_valid_code_and_rejects_invalid_code(project: Path) -> None:
    (project / "mypy.ini").write_text(MYPY_CONFIGURATION)
    # Kept between runs: a run without a cache reads all of cdktf.
    cache = ROOT / ".mypy_cache" / "consumer"
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", str(cache)]
    assert errors([*command, "valid.py", "invalid.py"], project) == {"invalid": WRONG_LINES}


def test_pyright_accepts_valid_code_and_rejects_invalid_code(project: Path) -> None:
    command = [str(ROOT / "node_modules" / ".bin" / "pyright"), "--pythonpath", sys.executable]
    assert errors([*command, "valid.py", "invalid.py"], project) == {"invalid": WRONG_LINES}
