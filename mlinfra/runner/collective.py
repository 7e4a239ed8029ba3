"""Bandwidth of an all-reduce over all GPUs of a run's nodes, measured with the NCCL library of the image.

Run as a program on each node, `python -m mlinfra.runner.collective`, so that a fault of the library ends it alone.
nccl-tests need MPI, and MPI a login from node to node, which clusters do not have.
"""

from __future__ import annotations

import argparse
import ctypes
import glob
import json
import os
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from mlinfra.runner.health import HealthProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mlinfra.runner.contract import Member

PUBLISHED_GB_PER_SECOND: Final = {
    "p4d.24xlarge": 76.8,
    "p4de.24xlarge": 76.8,
    "p5.48xlarge": 437.0,
}
"""The bus bandwidth of an all-reduce of 1 GiB over two nodes, in GB per second, as AWS measured it with nccl-tests.

Source: github.com/aws-samples/awsome-distributed-training, micro-benchmarks/nccl-tests/README.md, "Results", read
2026-11-29: P4de and P5. P4d has the same network and NVSwitch as P4de (EC2 user guide, "Accelerated computing"). Other
types have no figure there: their bandwidth is said, and not judged.
"""
LEAST_PART: Final = 0.5
"""The part of the published figure below which the network counts as faulty. More nodes have somewhat less."""
_SIZE_BYTES: Final = 1 << 30
_WARM_UP, _REPETITIONS = 2, 5
_SECONDS: Final = 180
_FRESH_SECONDS: Final = 60 * 60
_PORT_OFFSET: Final = 1
"""The port of the exchange of NCCL's id, from that of the rendezvous."""
_ID_BYTES: Final = 128
_LIBRARIES: Final = (
    "libnccl.so.2",
    "/usr/local/cuda/lib/libnccl.so.2",
    "/usr/local/cuda/lib64/libnccl.so.2",
    "/usr/local/cuda-*/lib*/libnccl.so.2",
    "/opt/nccl/build/lib/libnccl.so.2",
)
"""The places of NCCL: the paths of the loader, and those of the Deep Learning images. Source: Deep Learning AMIs
developer guide, release notes of the Base images; EC2 user guide, "Get started with EFA and NCCL". Read 2026-11-29."""
_RUNTIMES: Final = ("libcudart.so", "/usr/local/cuda/lib64/libcudart.so", "/usr/local/cuda-*/lib64/libcudart.so")
_FLOAT, _SUM = 7, 0  # ncclFloat32 and ncclSum of nccl.h


class CollectiveError(Exception):
    """The bandwidth could not be measured."""


def check_collective(
    instance_type: str,
    *,
    gpus: int,
    rank: int,
    members: Sequence[Member],
    port: int,
    say: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
    stamp: Path | None = None,
) -> list[HealthProblem]:
    """Measure an all-reduce over all nodes, and compare it with what AWS published for the type.

    All nodes call it at the same time. A bandwidth that cannot be measured is said, and is not a problem. One that is
    too low is a problem of all nodes together: no node is replaced, since it is not known which one has the fault.

    Args:
        instance_type: the type of all nodes.
        gpus: the GPUs of a node.
        rank: the rank of this node.
        members: the nodes, by rank.
        port: the port of the rendezvous; the next one is used.
        say: tells people about the step.
        environment: the variables of the command, with those of its network. Default: those of this process.
        stamp: the file in which rank 0 keeps the nodes of the last measurement: the same nodes are measured once an
            hour. Default: they are measured every time.
    """
    if len(members) == 1 or not gpus or not instance_type.startswith(("p", "g")):
        return []
    say("measuring an all-reduce over the nodes")
    options = {"gpus": gpus, "rank": rank, "nodes": len(members), "address": members[0].address, "port": port}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    nodes = "\n".join(each.instance_id for each in members)
    if rank == 0 and stamp is not None and _is_fresh(stamp, nodes):
        words.append("--skip")
    try:
        ended = subprocess.run(  # noqa: S603  this module
            [sys.executable, "-m", "mlinfra.runner.collective", *words],
            env={**os.environ, **(environment or {}), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"the all-reduce was not measured: {error}")
        return []
    if ended.returncode != 0:
        reason = (ended.stderr.strip().splitlines() or ["it failed"])[-1]
        say(f"the all-reduce was not measured: {reason}")
        return []
    measured = json.loads(ended.stdout.splitlines()[-1])["bus_gb_per_second"]  # NCCL can print lines before it
    if measured is None:
        say("the nodes have measured an all-reduce less than an hour ago")
        return []
    problems = judge(instance_type, float(measured), say)
    if rank == 0 and stamp is not None and not problems:
        with suppress(OSError):
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.write_text(nodes, encoding="utf-8")
    return problems


def _is_fresh(stamp: Path, nodes: str) -> bool:
    """True if the file has the same nodes, and is younger than an hour."""
    try:
        return stamp.read_text(encoding="utf-8") == nodes and time.time() - stamp.stat().st_mtime < _FRESH_SECONDS
    except OSError:
        return False


def judge(instance_type: str, measured: float, say: Callable[[str], None]) -> list[HealthProblem]:
    """Compare a measured bus bandwidth with the published one.

    Args:
        instance_type: the type of the nodes.
        measured: in GB per second.
        say: tells people about the result.
    """
    published = PUBLISHED_GB_PER_SECOND.get(instance_type)
    if published is None:
        say(f"all-reduce: {measured:.0f} GB/s (no published figure for {instance_type})")
        return []
    say(f"all-reduce: {measured:.0f} GB/s, and AWS measured {published:.0f} GB/s on two nodes")
    if measured >= LEAST_PART * published:
        return []
    message = (
        f"An all-reduce over the nodes has {measured:.0f} GB/s, and at least {LEAST_PART * published:.0f} GB/s are "
        f"expected of {instance_type}. Set NCCL_DEBUG=INFO to see if NCCL uses the Elastic Fabric Adapters."
    )
    return [HealthProblem(message, replaces=False)]


def bus_gb_per_second(size: int, seconds: float, ranks: int) -> float:
    """The bus bandwidth of an all-reduce, in GB per second.

    Source: nccl-tests, doc/PERFORMANCE.md, "AllReduce": the algorithm's bandwidth times 2(n-1)/n, read 2026-11-29.

    Args:
        size: the bytes of each rank.
        seconds: the duration.
        ranks: the number of GPUs.
    """
    return size / seconds * 2 * (ranks - 1) / ranks / 1e9


def exchange_id(own: Callable[[], bytes], *, rank: int, nodes: int, address: str, port: int, seconds: float) -> bytes:
    """The id of the communicator: rank 0 creates it and sends it to the other nodes.

    Args:
        own: creates the id.
        rank: the rank of this node.
        nodes: the number of nodes.
        address: the address of rank 0.
        port: its port.
        seconds: the limit for all of it.

    Raises:
        OSError: if a node does not answer in time.
    """
    end = time.monotonic() + seconds
    if rank == 0:
        created = own()
        with socket.create_server(("", port)) as server:
            for _ in range(nodes - 1):
                server.settimeout(max(0.1, end - time.monotonic()))
                connection, _ = server.accept()
                with connection:
                    connection.sendall(struct.pack("!I", len(created)) + created)
        return created
    while True:
        try:
            with socket.create_connection((address, port), timeout=5) as connection:
                size = struct.unpack("!I", _receive(connection, 4))[0]
                return _receive(connection, size)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            message = "the connection was closed"
            raise ConnectionError(message)
        data += part
    return data


def load_library(names: Sequence[str]) -> ctypes.CDLL:
    """The first shared library of `names` that can be loaded.

    Raises:
        CollectiveError: if there is none.
    """
    for pattern in names:
        for path in sorted(glob.glob(pattern), reverse=True) or [pattern]:  # noqa: PTH207  absolute patterns
            try:
                return ctypes.CDLL(path)
            except OSError:
                continue
    message = f"the image has no {names[0]}"
    raise CollectiveError(message)


class _UniqueId(ctypes.Structure):
    _fields_ = (("internal", ctypes.c_byte * _ID_BYTES),)


class Collective:
    """An all-reduce over the GPUs of all nodes, with one process on each node.

    The functions are those of nccl.h and cuda_runtime_api.h, which are stable within NCCL 2 and CUDA 11 to 13.
    """

    def __init__(self, nccl: Any, cuda: Any, *, gpus: int, rank: int, nodes: int) -> None:  # noqa: ANN401  C libraries
        """Do nothing yet.

        Args:
            nccl: the library of NCCL.
            cuda: the CUDA runtime.
            gpus: the GPUs of a node.
            rank: the rank of this node.
            nodes: the number of nodes.
        """
        self._nccl, self._cuda = nccl, cuda
        self._gpus, self._rank, self._nodes = gpus, rank, nodes
        nccl.ncclCommInitRank.argtypes = (ctypes.c_void_p, ctypes.c_int, _UniqueId, ctypes.c_int)
        nccl.ncclAllReduce.argtypes = (
            *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int),
            *(ctypes.c_void_p, ctypes.c_void_p),
        )
        cuda.cudaMalloc.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        cuda.cudaStreamSynchronize.argtypes = (ctypes.c_void_p,)
        self._buffers = [ctypes.c_void_p() for _ in range(gpus)]
        self._streams = [ctypes.c_void_p() for _ in range(gpus)]
        self._communicators = [ctypes.c_void_p() for _ in range(gpus)]

    def new_id(self) -> bytes:
        """A new id of a communicator."""
        created = _UniqueId()
        self._expect("ncclGetUniqueId", self._nccl.ncclGetUniqueId(ctypes.byref(created)))
        return bytes(created)

    def connect(self, unique_id: bytes, size: int) -> None:
        """Allocate `size` bytes on each GPU, and connect all GPUs."""
        shared = _UniqueId.from_buffer_copy(unique_id)
        for gpu in range(self._gpus):
            self._on(gpu)
            self._expect("cudaMalloc", self._cuda.cudaMalloc(ctypes.byref(self._buffers[gpu]), size))
            self._expect("cudaStreamCreate", self._cuda.cudaStreamCreate(ctypes.byref(self._streams[gpu])))
        ranks, first = self._gpus * self._nodes, self._gpus * self._rank
        self._expect("ncclGroupStart", self._nccl.ncclGroupStart())
        for gpu in range(self._gpus):
            self._on(gpu)
            made = ctypes.byref(self._communicators[gpu])
            self._expect("ncclCommInitRank", self._nccl.ncclCommInitRank(made, ranks, shared, first + gpu))
        self._expect("ncclGroupEnd", self._nccl.ncclGroupEnd())

    def reduce(self, size: int, times: int) -> float:
        """The mean duration of an all-reduce of `size` bytes, in seconds."""
        began = time.perf_counter()
        for _ in range(times):
            self._expect("ncclGroupStart", self._nccl.ncclGroupStart())
            for gpu in range(self._gpus):
                place, stream = self._buffers[gpu], self._streams[gpu]
                answer = self._nccl.ncclAllReduce(
                    place, place, size // 4, _FLOAT, _SUM, self._communicators[gpu], stream
                )
                self._expect("ncclAllReduce", answer)
            self._expect("ncclGroupEnd", self._nccl.ncclGroupEnd())
        for gpu in range(self._gpus):
            self._on(gpu)
            self._expect("cudaStreamSynchronize", self._cuda.cudaStreamSynchronize(self._streams[gpu]))
        return (time.perf_counter() - began) / times

    def _on(self, gpu: int) -> None:
        self._expect("cudaSetDevice", self._cuda.cudaSetDevice(gpu))

    def _expect(self, function: str, status: int) -> None:
        if status:
            message = f"{function} failed with status {status}"
            raise CollectiveError(message)


def main(argv: Sequence[str]) -> int:
    """Measure the bandwidth with all other nodes, and print it as JSON.

    Args:
        argv: the arguments, without the program's name.

    Returns:
        0, or 1 if it could not be measured: the reason is on standard error.
    """
    parser = argparse.ArgumentParser(prog="python -m mlinfra.runner.collective")
    for name in ("gpus", "rank", "nodes", "port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--skip", action="store_true")
    given = parser.parse_args(argv)
    try:
        nccl, cuda = load_library(_LIBRARIES), load_library(_RUNTIMES)
        collective = Collective(nccl, cuda, gpus=given.gpus, rank=given.rank, nodes=given.nodes)
        unique_id = exchange_id(
            (lambda: b"") if given.skip else collective.new_id,
            rank=given.rank,
            nodes=given.nodes,
            address=given.address,
            port=given.port + _PORT_OFFSET,
            seconds=_SECONDS / 3,
        )
        if not unique_id:  # rank 0 has decided that the last measurement is recent enough
            sys.stdout.write(json.dumps({"bus_gb_per_second": None}) + "\n")
            return 0
        collective.connect(unique_id, _SIZE_BYTES)
        collective.reduce(_SIZE_BYTES, _WARM_UP)
        seconds = collective.reduce(_SIZE_BYTES, _REPETITIONS)
    except (CollectiveError, OSError, AttributeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    bandwidth = bus_gb_per_second(_SIZE_BYTES, seconds, given.gpus * given.nodes)
    sys.stdout.write(json.dumps({"bus_gb_per_second": bandwidth}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
