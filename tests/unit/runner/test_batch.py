"""Runs in containers of AWS Batch: the real bootstrap and runner as processes, with a local AWS."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.runner.batch import ArraySpecification, BatchPlace
from mlinfra.runner.batch_contract import LOST_NODE_STATUS
from mlinfra.runner.contract import Member
from tests.conftest import ROOT
from tests.unit.runner.runs import BUCKET, TABLE, specification

if TYPE_CHECKING:
    from mlinfra.runner.specification import RunSpecification
    from tests.unit.runner.cluster import Cluster

pytestmark = pytest.mark.xdist_group("runner")

_BOOTSTRAP = (ROOT / "mlinfra/runner/bootstrap.py").read_text()
_VARIABLES = {
    "MLINFRA_RUN": "20261130-101500-7f3a",
    "MLINFRA_SPECIFICATION": "two-tower-v2/runs/x/run.json",
    "MLINFRA_BUCKET": BUCKET,
    "MLINFRA_REGION": "us-east-1",
    "MLINFRA_RUN_TABLE": TABLE,
    "MLINFRA_PARTITION": "recsys-dev-ranking-spot",
}


def _variables(cluster: Cluster, spec: RunSpecification, **batch: str) -> dict[str, str]:
    """The variables of a container of the job of `spec`. AWS Batch sets those in `batch`."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLINFRA_"))},
        **_VARIABLES,
        "MLINFRA_RUN": spec.run_id,
        "MLINFRA_SPECIFICATION": spec.run_object("run.json"),
        "MLINFRA_PARTITION": cluster.name,
        "MLINFRA_NODE_ROOT": str(cluster.folder / "-".join(["container", *batch.values()])),
        "AWS_ENDPOINT_URL": cluster.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        **batch,
    }


def _start(cluster: Cluster, spec: RunSpecification, **batch: str) -> subprocess.Popen[bytes]:
    """Start the runner in a container, after the bootstrap."""
    script = (
        "import sys; from mlinfra.runner.batch import main; from mlinfra.runner.pulse import Intervals; "
        "sys.exit(main(intervals=Intervals(poll=0.2, fresh=3, logs=0.2, checkpoints=0.3)))"
    )
    variables = _variables(cluster, spec, **batch)
    os.makedirs(variables["MLINFRA_NODE_ROOT"], exist_ok=True)  # noqa: PTH103
    with (cluster.folder / "containers.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=variables, stdout=log, stderr=log)
    cluster.containers.append(process)
    return process


def _submit(cluster: Cluster, code: str, **changes: Any) -> RunSpecification:
    return cluster.submit(code, queue="ranking", image="two-tower:2.3", **changes)


def test_a_run_in_a_container_is_recorded_as_on_a_cluster(cluster: Cluster) -> None:
    spec = _submit(
        cluster,
        "import os, pathlib; print('hello', os.environ['NODE_RANK'], os.getcwd()); "
        "pathlib.Path(os.environ['MLINFRA_OUTPUTS'], 'model.pt').write_text('weights')",
    )
    assert _start(cluster, spec).wait() == 0, cluster.logs()
    run = cluster.run(spec)
    assert (run["status"], run["exit_code"], run["attempt"]) == ("succeeded", 0, 1)
    assert cluster.output(spec) == [f"hello 0 {ROOT}"]
    assert cluster.objects(spec, "outputs/") == ["model.pt"]
    assert cluster.result(spec)["nodes"][0]["instance_id"] == "node-0"


def test_the_exit_code_of_the_command_is_that_of_the_container(cluster: Cluster) -> None:
    spec = _submit(cluster, f"exit({LOST_NODE_STATUS})", retries=2)
    assert _start(cluster, spec).wait() == 1
    run = cluster.run(spec)
    assert (run["status"], run["exit_code"], run["fault"]) == ("failed", LOST_NODE_STATUS, "code")


def test_an_attempt_after_the_loss_of_the_host_goes_on_from_its_checkpoint(cluster: Cluster) -> None:
    code = (
        "import os, pathlib, time; folder = pathlib.Path(os.environ['MLINFRA_CHECKPOINTS']); "
        "file = folder / 'step'; print('from', file.read_text() if file.exists() else 'nothing'); "
        "file.write_text('7'); time.sleep(0 if os.environ['MLINFRA_ATTEMPT'] == '2' else 600)"
    )
    spec = _submit(cluster, code, checkpoints="checkpoints", retries=1)
    first = _start(cluster, spec, AWS_BATCH_JOB_ATTEMPT="1")
    cluster.until(lambda: any(each.endswith(".json") for each in cluster.objects(spec, "checkpoints/")))
    first.kill()
    first.wait()
    assert _start(cluster, spec, AWS_BATCH_JOB_ATTEMPT="2").wait() == 0, cluster.logs()
    assert cluster.output(spec, attempt=2) == ["from 7"]
    assert (cluster.run(spec)["status"], cluster.run(spec)["attempt"]) == ("succeeded", 2)


def test_the_nodes_of_a_job_know_their_ranks_and_the_main_node(cluster: Cluster) -> None:
    code = "import os; print(*(os.environ[each] for each in ('NODE_RANK', 'NNODES', 'MASTER_ADDR')))"
    spec = _submit(cluster, code, nodes=2)
    nodes = {"AWS_BATCH_JOB_NUM_NODES": "2", "AWS_BATCH_JOB_MAIN_NODE_INDEX": "0"}
    address = {"AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": "10.0.0.7"}
    main = _start(cluster, spec, AWS_BATCH_JOB_NODE_INDEX="0", **nodes)
    other = _start(cluster, spec, AWS_BATCH_JOB_NODE_INDEX="1", **nodes, **address)
    assert (main.wait(), other.wait()) == (0, 0), cluster.logs()
    assert cluster.output(spec, rank=0)[0].startswith("0 2 ")
    assert cluster.output(spec, rank=1)[0].startswith("1 2 ")
    assert cluster.run(spec)["status"] == "succeeded"


def test_the_loss_of_a_further_node_repeats_the_job(cluster: Cluster) -> None:
    spec = _submit(cluster, "import time; time.sleep(600)", nodes=2, retries=1)
    nodes = {"AWS_BATCH_JOB_NUM_NODES": "2"}
    main = _start(cluster, spec, AWS_BATCH_JOB_NODE_INDEX="0", **nodes)
    other = _start(cluster, spec, AWS_BATCH_JOB_NODE_INDEX="1", **nodes)
    cluster.until(lambda: cluster.node(spec, "node-1").get("step") == "running")
    other.kill()
    other.wait()
    assert main.wait() == LOST_NODE_STATUS, cluster.logs()
    run = cluster.run(spec)
    assert (run["status"], run["attempt"], run["fault"]) == ("retrying", 2, "node")


def test_a_job_that_batch_does_not_repeat_any_more_has_failed(cluster: Cluster) -> None:
    spec = _submit(cluster, "import time; time.sleep(600)")
    container = _start(cluster, spec)
    cluster.until(lambda: cluster.node(spec, "node-0").get("step") == "running")
    container.terminate()
    container.wait()
    assert cluster.run(spec)["status"] == "failed", cluster.logs()


def test_a_cancelled_run_ends_with_its_container(cluster: Cluster) -> None:
    spec = _submit(cluster, "import time; time.sleep(600)")
    container = _start(cluster, spec)
    cluster.until(lambda: cluster.node(spec, "node-0").get("step") == "running")
    cluster.cancel(spec)
    assert container.wait() != 0
    assert cluster.run(spec)["status"] == "cancelled", cluster.logs()


def test_the_jobs_of_an_array_are_independent_and_the_last_one_ends_the_run(cluster: Cluster) -> None:
    code = "import os; print('index', os.environ['AWS_BATCH_JOB_ARRAY_INDEX']); exit(int(os.environ['FAIL']))"
    spec = _submit(cluster, code, array_size=2)
    assert _start(cluster, spec, AWS_BATCH_JOB_ARRAY_INDEX="0", FAIL="3").wait() == 3, cluster.logs()
    assert cluster.run(spec)["status"] == "running"
    assert _start(cluster, spec, AWS_BATCH_JOB_ARRAY_INDEX="1", FAIL="0").wait() == 0, cluster.logs()
    run = cluster.run(spec)
    assert (run["status"], run["exit_code"], run["failed_rank"]) == ("failed", 3, 0)
    assert run["reason"].startswith("1 of 2 jobs failed. Job 0: ")
    assert cluster.output(spec, rank=1) == ["index 1"]
    assert cluster.objects(spec, "array-1/") == ["result.json"]


def test_a_run_that_has_ended_is_not_started_again(cluster: Cluster) -> None:
    spec = _submit(cluster, "print('never')")
    cluster.change(spec, status="cancelled")
    assert _start(cluster, spec).wait() == 1
    assert cluster.run(spec)["status"] == "cancelled"


def test_a_second_job_of_a_run_does_nothing(cluster: Cluster) -> None:
    spec = _submit(cluster, "print('once')")
    cluster.change(spec, batch_job_id="4a3f")
    assert _start(cluster, spec, AWS_BATCH_JOB_ID="other#0").wait() == 1
    assert cluster.run(spec)["status"] == "waiting"
    assert _start(cluster, spec, AWS_BATCH_JOB_ID="4a3f#0").wait() == 0, cluster.logs()
    assert cluster.run(spec)["status"] == "succeeded"


def _archive() -> bytes:
    """A runner that prints its arguments and its path."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        program = b"import os; print(os.environ['MLINFRA_RUN'], os.environ['MLINFRA_OWN_PYTHONPATH'])"
        for name, text in (
            ("mlinfra/__init__.py", b""),
            ("mlinfra/runner/__init__.py", b""),
            ("mlinfra/runner/batch.py", program),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return file.getvalue()


def _bootstrap(cluster: Cluster, data: bytes, sha256: str, key: str = "runner/a b+c.tar.gz") -> Any:
    cluster.client("s3").put_object(Bucket=BUCKET, Key="runner/a b+c.tar.gz", Body=data)
    variables = {
        **_variables(cluster, specification()),
        "MLINFRA_RUNNER_KEY": key,
        "MLINFRA_RUNNER_SHA256": sha256,
        "PYTHONPATH": "/opt/own",
    }
    return subprocess.run(
        [sys.executable, "-c", _BOOTSTRAP], env=variables, capture_output=True, text=True, check=False, cwd="/"
    )


def test_the_bootstrap_becomes_the_runner(cluster: Cluster) -> None:
    data = _archive()
    ended = _bootstrap(cluster, data, hashlib.sha256(data).hexdigest())
    assert ended.stdout == f"{specification().run_id} /opt/own\n", ended.stderr


def test_the_bootstrap_refuses_another_runner_than_the_submitted_one(cluster: Cluster) -> None:
    ended = _bootstrap(cluster, _archive(), "0" * 64)
    assert ended.returncode == 1
    assert ended.stderr.endswith("is not the submitted one\n")


def test_the_bootstrap_explains_a_missing_runner(cluster: Cluster) -> None:
    ended = _bootstrap(cluster, b"", "0" * 64, key="runner/none.tar.gz")
    assert ended.returncode == 1
    assert "cannot be downloaded: HTTP Error 404" in ended.stderr


def test_the_signature_is_that_of_botocore() -> None:
    from datetime import datetime, timezone
    from unittest.mock import patch

    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    from mlinfra.runner.bootstrap import signed_request

    now = datetime(2026, 11, 30, 10, 15, tzinfo=timezone.utc)
    key = "two-tower/runner/a b+c~.tar.gz"
    own = signed_request("bucket", key, "eu-west-1", ["AKIA", "secret", "token"], now)
    theirs = AWSRequest("GET", own.full_url, headers={"x-amz-content-sha256": own.headers["X-amz-content-sha256"]})
    with patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None), create=True):
        S3SigV4Auth(Credentials("AKIA", "secret", "token"), "s3", "eu-west-1").add_auth(theirs)
    assert theirs.headers["X-Amz-Date"] == "20261130T101500Z"
    assert own.headers["Authorization"] == theirs.headers["Authorization"]


def test_a_container_that_is_not_of_a_run_is_explained() -> None:
    with pytest.raises(ValueError, match="MLINFRA_RUN is not set"):
        BatchPlace.read({})


def test_only_node_0_knows_its_own_address_as_that_of_the_main_node() -> None:
    main = BatchPlace.read({**_VARIABLES, "AWS_BATCH_JOB_NODE_INDEX": "0", "AWS_BATCH_JOB_NUM_NODES": "2"})
    assert main.members("10.0.0.7") == [Member("node-0", "10.0.0.7"), Member("node-1", "")]
    other = BatchPlace.read(
        {
            **_VARIABLES,
            "AWS_BATCH_JOB_NODE_INDEX": "1",
            "AWS_BATCH_JOB_NUM_NODES": "2",
            "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": "10.0.0.7",
        }
    )
    assert other.members("10.0.0.8") == main.members("10.0.0.7")


def test_a_job_of_an_array_has_a_log_stream_and_a_folder_of_its_own() -> None:
    spec = ArraySpecification.of(specification(array_size=4), 3)
    assert spec.log_stream(1, 0) == specification().log_stream(1, 3)
    assert spec.run_object("result.json") == specification().run_object("array-3/result.json")
