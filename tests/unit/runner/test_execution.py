"""Runs on the nodes of a cluster: real runners as processes, real commands, the local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.runner.cluster import Cluster

pytestmark = pytest.mark.xdist_group("runner")

A, B = "i-0000000000000000a", "i-0000000000000000b"


def test_a_command_runs_on_one_node_and_its_end_is_recorded(cluster: Cluster) -> None:
    code = (
        "import os, pathlib; print('hello', os.environ['NODE_RANK'], os.environ['NNODES']); "
        "pathlib.Path(os.environ['MLINFRA_OUTPUTS'], 'model.pt').write_text('weights')"
    )
    spec = cluster.submit(code)
    cluster.start(A, spec)
    run = cluster.ended(spec)
    assert (run["status"], run["exit_code"], run["attempt"]) == ("succeeded", 0, 1), cluster.logs()
    assert cluster.output(spec) == ["hello 0 1"]
    assert cluster.objects(spec, "outputs/") == ["model.pt"]
    result = cluster.result(spec)
    assert (result["status"], result["nodes"][0]["instance_id"]) == ("succeeded", A)
    assert result["nodes"][0]["outputs"] == {"files": 1, "bytes": 7, "skipped": [], "skipped_files": 0}
    assert cluster.job(spec)["status"] == "completed"
