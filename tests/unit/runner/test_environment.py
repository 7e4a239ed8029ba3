"""Environment variables of commands, against the documentation of AWS, NVIDIA and the EFA plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.catalog import instance_types
from mlinfra.runner.contract import Member
from mlinfra.runner.environment import (
    command_environment,
    declared_environment,
    network_variables,
    node_environment,
    torchrun_options,
)
from mlinfra.runner.paths import RunPaths
from tests.unit.runner.runs import RUN_ID, specification

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = (Member("i-0aa", "10.0.0.10"), Member("i-0bb", "10.0.0.11"))
_EFA_TYPES = [each for each in instance_types().values() if each.efa_count]
# With aws-ofi-nccl from 1.7.0: doc/efa-env-var.md, "Sample Presets". Read 2026-11-29.
_NOTHING: dict[str, str] = {}
# Neuron documentation, "How to prepare trn1.32xlarge for multi-node execution". Read 2026-11-29.
_NEURON = {
    "FI_PROVIDER": "efa",
    "FI_EFA_USE_DEVICE_RDMA": "1",
    "FI_EFA_FORK_SAFE": "1",
    "NEURON_RT_ROOT_COMM_ID": "10.0.0.10:41000",
}
_DOCUMENTED = {
    **dict.fromkeys(("g4dn", "g5", "g6", "gr6", "g6e", "g7", "g7e", "p3dn"), _NOTHING),
    **dict.fromkeys(("p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300"), _NOTHING),
    **dict.fromkeys(("trn1", "trn1n", "trn2", "trn2u"), _NEURON),
    "inf1": _NOTHING,  # no images of clusters run it
}


def test_every_type_with_efa_gets_what_the_documentation_asks_for() -> None:
    for each in _EFA_TYPES:
        found = network_variables(each.name, efa_adapters=each.efa_count, members=MEMBERS)
        assert found == _DOCUMENTED[each.name.partition(".")[0]], each.name


def test_one_node_needs_no_variable_of_the_network() -> None:
    assert network_variables("trn1.32xlarge", efa_adapters=8, members=MEMBERS[:1]) == {}


def test_trainium_without_adapters_still_has_a_rendezvous() -> None:
    found = network_variables("trn1.2xlarge", efa_adapters=0, members=MEMBERS)
    assert found == {"NEURON_RT_ROOT_COMM_ID": "10.0.0.10:41000"}


def test_a_command_knows_its_place(tmp_path: Path) -> None:
    spec = specification(checkpoints="checkpoints")
    paths = RunPaths(tmp_path, spec)
    found = command_environment(spec, rank=1, members=MEMBERS, paths=paths, base={"NNODES": "4"}, attempt=2)
    work = tmp_path / f"var/lib/mlinfra/runs/{RUN_ID}"
    assert found == {
        "NODE_RANK": "1",
        "NNODES": "2",
        "MASTER_ADDR": "10.0.0.10",
        "MASTER_PORT": "29500",
        **torchrun_options(spec, rank=1, members=MEMBERS),
        "MLINFRA_RUN": RUN_ID,
        "MLINFRA_JOB": RUN_ID,
        "MLINFRA_ATTEMPT": "2",
        "MLINFRA_OUTPUTS": str(work / "code/outputs"),
        "MLINFRA_CHECKPOINTS": str(work / "code/checkpoints"),
        "MLINFRA_NOTICE_FILE": str(work / "notice.json"),
    }


@pytest.mark.parametrize(
    ("instance_type", "gpus", "processes"),
    [("g5.12xlarge", 4, "4"), ("p5.48xlarge", 8, "8"), ("m5.large", 0, None), ("trn1.32xlarge", 16, None)],
)
def test_torchrun_starts_a_process_for_each_gpu_of_all_nodes(
    instance_type: str, gpus: int, processes: str | None
) -> None:
    found = torchrun_options(specification(instance_type=instance_type, gpus=gpus), rank=1, members=MEMBERS)
    assert found.pop("PET_NPROC_PER_NODE", None) == processes
    assert found == {
        "PET_NNODES": "2",
        "PET_NODE_RANK": "1",
        "PET_MASTER_ADDR": "10.0.0.10",
        "PET_MASTER_PORT": "29500",
    }


def test_an_experiment_can_declare_the_processes_of_a_node(tmp_path: Path) -> None:
    spec, base = specification(gpus=8), {"PET_NPROC_PER_NODE": "2"}
    found = command_environment(spec, rank=0, members=MEMBERS, paths=RunPaths(tmp_path, spec), base=base)
    assert found["PET_NPROC_PER_NODE"] == "2"


def test_torchrun_sets_the_rank_of_processes(tmp_path: Path) -> None:
    spec = specification()
    found = command_environment(spec, rank=0, members=MEMBERS, paths=RunPaths(tmp_path, spec), base={})
    assert not {"RANK", "WORLD_SIZE", "LOCAL_RANK"} & found.keys()


def test_a_variable_of_the_submitter_wins(tmp_path: Path) -> None:
    variables = {"FI_PROVIDER": "tcp", "MASTER_PORT": "4000"}
    spec = specification(instance_type="trn1.32xlarge", efa_adapters=8, variables=variables)
    paths = RunPaths(tmp_path, spec)
    found = command_environment(spec, rank=0, members=MEMBERS, paths=paths, base={"FI_EFA_FORK_SAFE": "0"})
    assert (found["FI_PROVIDER"], found["MASTER_PORT"], found["FI_EFA_FORK_SAFE"]) == ("tcp", "4000", "0")


def test_declared_variables_are_read_literally(tmp_path: Path) -> None:
    (tmp_path / "etc/mlinfra").mkdir(parents=True)
    (tmp_path / "etc/mlinfra/environment.docker").write_text('A=1\nB=two "words"=$HOME\n')
    assert declared_environment(tmp_path) == {"A": "1", "B": 'two "words"=$HOME'}


def test_a_node_without_declared_variables_has_those_of_the_runner_only(tmp_path: Path) -> None:
    own = {"PATH": "/usr/bin", "PYTHONPATH": "/var/lib/mlinfra/runner/ab", "INVOCATION_ID": "1"}
    assert node_environment(tmp_path, own) == {"PATH": "/usr/bin"}


def test_the_declared_cuda_is_first_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "etc/mlinfra").mkdir(parents=True)
    (tmp_path / "etc/mlinfra/environment.docker").write_text("CUDA_HOME=/usr/local/cuda-12.8\n")
    assert node_environment(tmp_path, {"PATH": "/usr/bin"})["PATH"] == "/usr/local/cuda-12.8/bin:/usr/bin"
