"""All-reduce over the nodes of a run. A small C library stands for NCCL and CUDA: this machine has no GPUs."""

from __future__ import annotations

import ctypes
import shutil
import socket
import subprocess
import sys
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from mlinfra.catalog import instance_types
from mlinfra.runner.collective import (
    PUBLISHED_GB_PER_SECOND,
    Collective,
    CollectiveError,
    bus_gb_per_second,
    check_collective,
    exchange_id,
    judge,
    load_library,
)
from mlinfra.runner.contract import Member

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = (Member("i-0aa", "127.0.0.1"), Member("i-0bb", "127.0.0.1"))
# Refuses what NCCL refuses: a communicator without the id of rank 0, a rank out of range, an all-reduce before the end
# of the group that connects.
_LIBRARY = r"""
#include <stdlib.h>
#include <string.h>
typedef struct { char internal[128]; } ncclUniqueId;
static int group = 0, connected = 0;
int ncclGetUniqueId(ncclUniqueId *id) { memset(id, 7, sizeof *id); return 0; }
int ncclGroupStart(void) { group++; return 0; }
int ncclGroupEnd(void) { group--; connected = 1; return 0; }
int ncclCommInitRank(void **comm, int ranks, ncclUniqueId id, int rank) {
  if (!group || id.internal[127] != 7 || rank < 0 || rank >= ranks) return 4;
  *comm = malloc(1); return 0;
}
int ncclAllReduce(const void *in, void *out, size_t count, int type, int op, void *comm, void *stream) {
  return !(group && connected && in && in == out && count == 256 && type == 7 && op == 0 && comm && stream);
}
int cudaSetDevice(int device) { return device > 1 ? 101 : 0; }
int cudaMalloc(void **place, size_t size) { *place = malloc(size); return 0; }
int cudaStreamCreate(void **stream) { *stream = malloc(1); return 0; }
int cudaStreamSynchronize(void *stream) { return stream == 0; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler is not here")
    folder = tmp_path_factory.mktemp("library")
    (folder / "fake.c").write_text(_LIBRARY)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(folder / "libfake.so"), str(folder / "fake.c")], check=True)
    return folder / "libfake.so"


def _collective(library: Path, *, gpus: int = 2, rank: int = 0) -> Collective:
    loaded = ctypes.CDLL(str(library))
    return Collective(loaded, loaded, gpus=gpus, rank=rank, nodes=2)


def test_all_gpus_of_a_node_take_part(library: Path) -> None:
    collective = _collective(library)
    collective.connect(collective.new_id(), 1024)
    assert collective.reduce(1024, 3) > 0


def test_the_id_of_rank_0_reaches_the_library_of_another_node(library: Path) -> None:
    other = _collective(library, rank=1)
    other.connect(_collective(library).new_id(), 1024)
    with pytest.raises(CollectiveError, match="ncclCommInitRank failed with status 4"):
        other.connect(bytes(128), 1024)


def test_a_missing_gpu_is_reported_by_the_name_of_the_function(library: Path) -> None:
    with pytest.raises(CollectiveError, match="cudaSetDevice failed with status 101"):
        _collective(library, gpus=3).connect(bytes(128), 1024)


def test_the_id_is_sent_to_every_node() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found: list[bytes] = []

    def node(rank: int) -> None:
        found.append(exchange_id(lambda: b"id", rank=rank, nodes=3, address="127.0.0.1", port=port, seconds=30))

    threads = [Thread(target=node, args=(rank,)) for rank in (2, 1, 0)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [b"id"] * 3


def test_the_bus_bandwidth_is_that_of_nccl_tests() -> None:
    # The line of 1 GiB on two P5 in the source of the published figures: 4607.6 us, 436.95 GB/s.
    assert bus_gb_per_second(1073741824, 4607.6e-6, 16) == pytest.approx(436.95, rel=1e-3)


def test_a_network_below_half_of_the_published_bandwidth_is_a_problem_that_replaces_no_node() -> None:
    said: list[str] = []
    (problem,) = judge("p5.48xlarge", 90.0, said.append)
    assert problem.message.startswith("An all-reduce over the nodes has 90 GB/s, and at least 218 GB/s are expected")
    assert problem.replaces is False
    assert judge("p5.48xlarge", 430.0, said.append) == []
    assert said[-1] == "all-reduce: 430 GB/s, and AWS measured 437 GB/s on two nodes"


def test_a_type_without_a_published_figure_is_not_judged() -> None:
    said: list[str] = []
    assert judge("g5.48xlarge", 1.0, said.append) == []
    assert said == ["all-reduce: 1 GB/s (no published figure for g5.48xlarge)"]


def test_the_published_figures_are_of_types_of_the_catalog_and_within_their_network() -> None:
    types = instance_types()
    for name, figure in PUBLISHED_GB_PER_SECOND.items():
        # NVSwitch carries a part of the traffic, so that the bus bandwidth can exceed the network's.
        assert figure < 2 * (types[name].network_mbps or 0) / 8000


def test_a_node_without_nccl_says_so_and_has_no_problem() -> None:
    said: list[str] = []
    assert check_collective("p5.48xlarge", gpus=8, rank=0, members=MEMBERS, port=29500, say=said.append) == []
    assert said[-1] == "the all-reduce was not measured: the image has no libnccl.so.2"


@pytest.mark.parametrize(
    ("instance_type", "gpus", "members"),
    [("p5.48xlarge", 8, MEMBERS[:1]), ("m5.large", 0, MEMBERS), ("trn1.32xlarge", 16, MEMBERS)],
)
def test_nodes_without_gpus_of_nvidia_or_without_a_network_are_not_measured(
    instance_type: str, gpus: int, members: tuple[Member, ...]
) -> None:
    said: list[str] = []
    assert check_collective(instance_type, gpus=gpus, rank=0, members=members, port=29500, say=said.append) == []
    assert said == []


def test_a_library_is_found_by_pattern(library: Path) -> None:
    assert load_library(["libnone.so", f"{library.parent}/lib*.so"]).ncclGroupStart() == 0
    with pytest.raises(CollectiveError, match=r"no libnone\.so"):
        load_library(["libnone.so"])


class _Measured:
    """Stands for the program that measures: its answer, and its arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
        self.calls: list[list[str]] = []

        def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            self.calls.append(words)
            return subprocess.CompletedProcess(words, 0, answer, "")

        monkeypatch.setattr("mlinfra.runner.collective.subprocess.run", run)


def _check(stamp: Path, members: tuple[Member, ...] = MEMBERS) -> list[str]:
    said: list[str] = []
    check_collective("p5.48xlarge", gpus=8, rank=0, members=members, port=29500, say=said.append, stamp=stamp)
    return said


def test_the_same_nodes_are_measured_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = _Measured(monkeypatch, '{"bus_gb_per_second": 430.0}')
    _check(tmp_path / "stamp")
    _check(tmp_path / "stamp")
    _check(tmp_path / "stamp", (*MEMBERS[:1], Member("i-0cc", "127.0.0.1")))
    assert ["--skip" in each for each in measured.calls] == [False, True, False]


def test_a_slow_network_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = _Measured(monkeypatch, '{"bus_gb_per_second": 30.0}')
    _check(tmp_path / "stamp")
    _check(tmp_path / "stamp")
    assert ["--skip" in each for each in measured.calls] == [False, False]


def test_the_decision_of_rank_0_to_skip_is_that_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _Measured(monkeypatch, '{"bus_gb_per_second": null}')
    assert _check(tmp_path / "stamp")[-1] == "the nodes have measured an all-reduce less than an hour ago"


def test_the_program_prints_the_reason_if_it_cannot_measure() -> None:
    words = ["--gpus", "1", "--rank", "0", "--nodes", "1", "--port", "29500", "--address", "127.0.0.1"]
    ended = subprocess.run(
        [sys.executable, "-m", "mlinfra.runner.collective", *words], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "the image has no libnccl.so.2\n")
