"""Environment variables of the command of a run: its place in the run, its folders, and the network of its node."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Variable
from mlinfra.runner.batch_contract import BatchVariable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlinfra.runner.contract import Member
    from mlinfra.runner.paths import RunPaths
    from mlinfra.runner.specification import RunSpecification

MASTER_PORT: Final = 29500
"""The rendezvous port of torchrun: its own default."""
NEURON_PORT: Final = 41000
"""The port of the rendezvous of Neuron's collectives. Source: AWS Neuron documentation, "JAX NeuronX plugin" and
"nccom-test user guide": any free port of the first node, other than the framework's. Read 2026-11-29."""

_NOT_OF_THE_COMMAND: Final = frozenset(
    {"PYTHONPATH", "PYTHONHOME", "INVOCATION_ID", "JOURNAL_STREAM", "NOTIFY_SOCKET", "SYSTEMD_EXEC_PID"}
)
"""Variables that the service manager and the start of the runner set for the runner itself."""

_EFA_OF_NEURON: Final = {"FI_PROVIDER": "efa", "FI_EFA_USE_DEVICE_RDMA": "1", "FI_EFA_FORK_SAFE": "1"}
"""Source: AWS Neuron documentation, "How to prepare trn1.32xlarge for multi-node execution", "Application execution
environment", read 2026-11-29. It states that the last is required on Amazon Linux 2 only; a container may be one."""


def command_environment(
    spec: RunSpecification,
    *,
    rank: int,
    members: Sequence[Member],
    paths: RunPaths,
    base: Mapping[str, str],
    attempt: int = 1,
) -> dict[str, str]:
    """All variables of the command on one node.

    A variable of the network or of `torchrun` is not set if `base` has it, and no variable replaces one that the run's
    submitter set.
    `RANK` and `WORLD_SIZE` are not set: they count processes, which the command starts, with `torchrun` for one.

    Args:
        spec: the run.
        rank: the position of the node among the members, from 0.
        members: the nodes of the attempt, in the order of their ranks.
        paths: the folders of the run on the node.
        base: the variables of the node, with those that the experiment declares.
        attempt: the number of the attempt, from 1. Default: 1.
    """
    network = network_variables(spec.instance_type, efa_adapters=spec.efa_adapters, members=members)
    return {
        **network,
        **torchrun_options(spec, rank=rank, members=members),
        **base,
        "NODE_RANK": str(rank),
        "NNODES": str(len(members)),
        "MASTER_ADDR": members[0].address,
        "MASTER_PORT": str(MASTER_PORT),
        "MLINFRA_RUN": spec.run_id,
        Variable.JOB: spec.run_id,
        "MLINFRA_ATTEMPT": str(attempt),
        "MLINFRA_OUTPUTS": str(paths.outputs),
        **({} if paths.checkpoints is None else {"MLINFRA_CHECKPOINTS": str(paths.checkpoints)}),
        "MLINFRA_NOTICE_FILE": str(paths.notice),
        **spec.variables,
    }


def torchrun_options(spec: RunSpecification, *, rank: int, members: Sequence[Member]) -> dict[str, str]:
    """Options of `torchrun` for one process for each GPU of all nodes, as the variables that it reads them from.

    An option on its command line wins. Nodes of Trainium and Inferentia have more cores than accelerators, so their
    number of processes is left to the command. Source: PyTorch, torch/distributed/argparse_util.py (`PET_` and the name
    of an option is its default) and torch/distributed/run.py (options with it), read 2026-11-30.

    Args:
        spec: the run.
        rank: the position of the node among the members, from 0.
        members: the nodes of the attempt, in the order of their ranks.
    """
    has_gpus = spec.gpus > 0 and not spec.instance_type.startswith(("trn", "inf"))
    return {
        "PET_NNODES": str(len(members)),
        "PET_NODE_RANK": str(rank),
        "PET_MASTER_ADDR": members[0].address,
        "PET_MASTER_PORT": str(MASTER_PORT),
        **({"PET_NPROC_PER_NODE": str(spec.gpus)} if has_gpus else {}),
    }


def network_variables(instance_type: str, *, efa_adapters: int, members: Sequence[Member]) -> dict[str, str]:
    """The variables that communication among nodes of `instance_type` requires.

    NVIDIA GPUs need none: NCCL finds the EFA plugin (aws-ofi-nccl) in the paths of the loader, and the plugin sets all
    that the instance type needs. Its documentation asks for `FI_PROVIDER`, `FI_EFA_USE_DEVICE_RDMA` and
    `NCCL_PROTO=simple` with releases before 1.7.0 only, says that `FI_EFA_FORK_SAFE`, `RDMAV_*`, `NCCL_BUFFSIZE` and
    `NCCL_MIN_CHANNELS` are to be left out, and `FI_EFA_USE_HUGE_PAGE=0` is for programs that fail to fork. The images
    of clusters have 1.16.3 to 1.21.1. NCCL itself excludes the interfaces `lo` and `docker*`, and the others of a node
    have no IP address (`efa-only`), so that `NCCL_SOCKET_IFNAME` is not needed either.

    Sources: github.com/aws/aws-ofi-nccl, doc/efa-env-var.md; release notes of the Deep Learning Base OSS Nvidia Driver
    images of 2025-11-10 to 2026-10-08, `ofi_nccl_version`; NCCL user guide, "Environment Variables",
    NCCL_SOCKET_IFNAME. Read 2026-11-29.

    Args:
        instance_type: the type of all nodes, such as p5.48xlarge.
        efa_adapters: the Elastic Fabric Adapters of a node; 0: none.
        members: the nodes, in the order of their ranks.
    """
    is_trainium = instance_type.startswith("trn")
    if not is_trainium or len(members) == 1:
        return {}
    # Source: AWS Neuron documentation, "nccom-test user guide", for `-N` above 1: host and port of the first node.
    # PyTorch's Neuron backend chooses an own port where it is not set; JAX does not. Read 2026-11-29.
    rendezvous = {"NEURON_RT_ROOT_COMM_ID": f"{members[0].address}:{NEURON_PORT}"}
    return {**rendezvous, **(_EFA_OF_NEURON if efa_adapters else {})}


def node_environment(root: Path, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of the node: those of the runner that concern the command too, and those of the experiment.

    Args:
        root: the root folder of the node.
        own: the variables of the runner. Default: those of this process.
    """
    own = os.environ if own is None else own
    found = {name: value for name, value in own.items() if name not in _NOT_OF_THE_COMMAND}
    if own.get(BatchVariable.OWN_PYTHONPATH):
        found["PYTHONPATH"] = own[BatchVariable.OWN_PYTHONPATH]
    found.update(declared_environment(root))
    if found.get("CUDA_HOME"):
        found["PATH"] = f"{found['CUDA_HOME']}/bin:{found.get('PATH', os.defpath)}"
    return found


def declared_environment(root: Path) -> dict[str, str]:
    """The variables that the cluster sets for users of its nodes, in the file that Docker reads too.

    Args:
        root: the root folder of the node.
    """
    try:
        text = (root / "etc/mlinfra/environment.docker").read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
