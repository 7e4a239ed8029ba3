"""The node that executes a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.runner.nodes import ThisNode, node_settings

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = """CLUSTER="recsys-dev-two-tower-v2"
REGION="eu-west-1"
INSTANCE_ID="i-0123456789abcdef0"
ADDRESS="10.0.1.7"
TABLE="recsys-dev-mlinfra"
"""


@pytest.fixture(autouse=True)
def without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("MLINFRA_INSTANCE_ID", "MLINFRA_CLUSTER", "MLINFRA_TABLE", "MLINFRA_NODE_ROOT"):
        monkeypatch.delenv(name, raising=False)


def test_the_node_is_known_from_the_settings_of_its_boot_script(tmp_path: Path) -> None:
    (tmp_path / "etc/mlinfra").mkdir(parents=True)
    (tmp_path / "etc/mlinfra/node").write_text(_SETTINGS)
    found = ThisNode.read(tmp_path)
    assert (found.instance_id, found.address, found.cluster, found.table, found.region) == (
        "i-0123456789abcdef0",
        "10.0.1.7",
        "recsys-dev-two-tower-v2",
        "recsys-dev-mlinfra",
        "eu-west-1",
    )
    assert found.instance_type == ""


def test_without_settings_and_metadata_the_node_is_refused(tmp_path: Path) -> None:
    assert node_settings(tmp_path) == {}
    with pytest.raises(OSError, match="the instance-id of this node is unknown"):
        ThisNode.read(tmp_path)
