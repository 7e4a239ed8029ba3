"""Submission of a run: its code, its specification and its records.

The order leaves nothing half-done if this process ends in between: the archives and `run.json` are written first, and
the records, with which the run exists, in one transaction. From then on nodes start the run, with or without this
process.
"""

from __future__ import annotations

import secrets
import shlex
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.functions.contract import Table
from mlinfra.operations.deploy import last_apply
from mlinfra.operations.runs.bundle import build_runner
from mlinfra.operations.runs.occupancy import Admission
from mlinfra.operations.runs.packing import pack
from mlinfra.operations.runs.tracking import tracking_server, tracking_variables
from mlinfra.operations.runs.uploads import ModelsZone
from mlinfra.runner import Code, Provenance, RunAttribute, RunKey, RunSpecification, RunStatus, Virtualenv, run_index
from mlinfra.runner.contract import JOIN_SECONDS, KEPT_DAYS, RunMarker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.declarations import Experiment
    from mlinfra.operations.runs.archives import Archive
    from mlinfra.operations.runs.bundle import RunnerArchive
    from mlinfra.operations.runs.occupancy import Place
    from mlinfra.operations.runs.packing import PackedCode
    from mlinfra.operations.runs.recorded_run import Run
    from mlinfra.operations.runs.request import RunRequest
    from mlinfra.operations.runs.run_table import RunTable
    from mlinfra.operations.terraform import Progress, Step

_MIB: Final = 1024**2
_PATCH: Final = "changes.patch"
_SPECIFICATION: Final = "run.json"


@dataclass(frozen=True)
class PreparedRun:
    """The archives of a run, in temporary files, before anything is uploaded."""

    request: RunRequest
    code: PackedCode | None
    runner: RunnerArchive
    lock: Virtualenv | None


@dataclass(frozen=True)
class UploadedRun:
    """A run whose archives are uploaded, before its specification and its records are written."""

    spec: RunSpecification
    runner: Code
    patch: bytes | None
    zone: ModelsZone


@contextmanager
def prepared(request: RunRequest, progress: Progress) -> Iterator[PreparedRun]:
    """The archives of a run, until the end of the block.

    Raises:
        OperationError: if the code cannot be packed; see `pack`.
    """
    with TemporaryDirectory(prefix="mlinfra-run-") as folder:
        code, lock = None, None
        if request.has_code:
            with progress.step("Pack the code") as step:
                wanted = [request.folder / request.lock] if request.lock else []
                code = pack(request.folder, Path(folder, "code.tar.gz"), dirty=request.dirty, wanted=wanted)
                for path, digest in code.digests.items():
                    lock = Virtualenv(path, digest, request.python)
                step.conclude(_described(code))
        yield PreparedRun(request, code, build_runner(Path(folder, "runner.tar.gz")), lock)


def upload_run(
    table: RunTable,
    experiment: Experiment,
    prepared_run: PreparedRun,
    *,
    nodes: int,
    wait_seconds: int,
    progress: Progress,
) -> UploadedRun:
    """Upload the archives of a run for the cluster of an experiment. Nodes do not know the run yet.

    Args:
        table: the records of the environment.
        experiment: the experiment.
        prepared_run: its archives.
        nodes: the number of nodes of the deployed cluster.
        wait_seconds: the time for which the user waits for the nodes, in seconds. Nodes wait for each other at least as
            long.
        progress: receives the steps.

    Raises:
        OperationError: if AWS refuses.
    """
    environment, request, code = table.environment, prepared_run.request, prepared_run.code
    zone = ModelsZone(environment, table.account)
    with progress.step("Upload the runner") as step:
        runner = _uploaded(zone, f"{experiment.name}/{RunMarker.RUNNER}", prepared_run.runner.archive, step)
    sent = None
    if code is not None:
        with progress.step("Upload the code") as step:
            sent = _uploaded(zone, f"{experiment.name}/{RunMarker.CODE}", code.archive, step)
    run_id = new_run_id(table)
    prefix = f"{experiment.name}/{RunMarker.RUNS}/{run_id}/"
    instance_type = environment.instance_type(experiment)
    patch = code.patch if code else None
    spec = RunSpecification(
        run_id=run_id,
        name=request.name or experiment.name,
        environment=environment.name,
        project=environment.project,
        region=environment.region,
        experiment=experiment.name,
        partition=environment.names.cluster(experiment),
        table=table.name,
        bucket=zone.bucket,
        prefix=prefix,
        log_group=environment.names.cluster_log_group(experiment),
        command=request.command,
        nodes=nodes,
        instance_type=instance_type.name,
        gpus=instance_type.accelerator_count,
        efa_adapters=instance_type.efa_count if environment.uses_efa(experiment) else 0,
        provenance=_provenance(table, prepared_run, f"{prefix}{_PATCH}" if patch else None),
        variables=tracking_variables(environment, experiment, run_id) | dict(request.variables),
        code=sent,
        image=request.image and environment.names.image_uri(request.image),
        virtualenv=prepared_run.lock,
        working_directory=code.directory if code else ".",
        outputs=request.outputs,
        checkpoints=request.checkpoints,
        retries=request.retries,
        keep_minutes=request.keep_minutes,
        # Nodes join as soon as they have booted, and the last one may be launched much later.
        join_seconds=JOIN_SECONDS + wait_seconds,
    )
    return UploadedRun(spec, runner, patch, zone)


def submit(table: RunTable, uploaded: UploadedRun, place: Place, progress: Progress) -> RunSpecification:
    """Write the specification and the records of a run. From then on, nodes start it.

    Raises:
        OperationError: if AWS refuses, or another run has taken the place in the meantime.
    """
    spec, zone = replace(uploaded.spec, concurrent=place.admission is Admission.CONCURRENT), uploaded.zone
    with progress.step("Submit the run") as step:
        if uploaded.patch:
            zone.write(spec.run_object(_PATCH), uploaded.patch, content_type="text/x-diff")
        zone.write(spec.run_object(_SPECIFICATION), spec.to_json().encode(), content_type="application/json")
        write_records(table, spec, uploaded.runner, place)
        step.conclude(spec.run_id)
    return spec


def new_run_id(table: RunTable) -> str:
    """A new id, from the time of the clock of AWS."""
    return f"{table.now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def write_records(table: RunTable, spec: RunSpecification, runner: Code, place: Place) -> None:
    """Write the record of a run and its entry in the index, in one transaction that takes the place.

    Raises:
        OperationError: if AWS refuses, or another run has taken the place in the meantime.
    """
    expires = int((table.now + timedelta(days=KEPT_DAYS)).timestamp())
    record: dict[str, Any] = {
        **RunKey(spec.partition, spec.run_id).run,
        RunAttribute.NAME: spec.name,
        RunAttribute.EXPERIMENT: spec.experiment,
        RunAttribute.STATUS: RunStatus.WAITING,
        RunAttribute.ATTEMPT: 1,
        RunAttribute.RETRIES: spec.retries,
        RunAttribute.NODES: spec.nodes,
        RunAttribute.COMMAND: shlex.join(spec.command),
        RunAttribute.SPECIFICATION: spec.run_object(_SPECIFICATION),
        RunAttribute.BUCKET: spec.bucket,
        RunAttribute.RUNNER_KEY: runner.key,
        RunAttribute.RUNNER_SHA256: runner.sha256,
        RunAttribute.SUBMITTED_BY: spec.provenance.submitted_by,
        RunAttribute.SUBMITTED_AT: Decimal(str(spec.provenance.submitted_at)),
        Table.EXPIRE_AT: expires,
    }
    if spec.provenance.commit:
        record[RunAttribute.COMMIT] = spec.provenance.commit
    if spec.array_size:
        record[RunAttribute.ARRAY_SIZE] = spec.array_size
    entry = {
        Table.CLUSTER: run_index(spec.run_id),
        Table.RECORD: spec.run_id,
        RunAttribute.PARTITION: spec.partition,
        Table.EXPIRE_AT: expires,
    }
    new = "attribute_not_exists(#record)"
    names = {"#record": Table.RECORD}
    puts = [
        {"Put": {"TableName": table.name, "Item": item, "ConditionExpression": new, "ExpressionAttributeNames": names}}
        for item in (record, entry)
    ]
    place.take(spec.run_id, puts)


def read_submitted(table: RunTable, spec: RunSpecification) -> Run:
    """The run of a specification, as its records describe it."""
    found = table.read(spec.partition, spec.run_id)
    assert found is not None  # noqa: S101  its records were written, and are kept for 400 days
    return found


def _uploaded(zone: ModelsZone, folder: str, archive: Archive, step: Step) -> Code:
    sent = 0

    def on_bytes(count: int) -> None:
        nonlocal sent
        sent += count
        step.say(f"{sent / _MIB:.1f} of {archive.bytes / _MIB:.1f} MiB")

    key = f"{folder}/{archive.sha256}.tar.gz"
    is_new = zone.upload(archive, key, on_bytes=on_bytes)
    step.conclude(f"{archive.bytes / _MIB:.1f} MiB" if is_new else "there already")
    return Code(key, archive.sha256, archive.bytes)


def _provenance(table: RunTable, prepared_run: PreparedRun, patch_key: str | None) -> Provenance:
    origin = prepared_run.code.origin if prepared_run.code else None
    # A run must not depend on the permission to read it.
    applied = None
    with suppress(OperationError):
        applied = last_apply(table.account, table.environment, "training")
    return Provenance(
        submitted_by=table.account.caller,
        submitted_at=table.now.timestamp(),
        mlinfra=version("mlinfra-cdktf"),
        repository=origin.repository if origin else None,
        commit=origin.commit if origin else None,
        branch=origin.branch if origin else None,
        patch_key=patch_key,
        infrastructure_commit=applied.commit if applied else None,
        infrastructure_plan=applied.sha256 if applied else None,
        data=prepared_run.request.data,
        tracking=tracking_server(table.environment),
    )


def _described(code: PackedCode) -> str:
    origin, archive = code.origin, code.archive
    commit = origin.commit[:12] if origin.commit else "no commit"
    branch = f" ({origin.branch})" if origin.branch else ""
    changed = f" with {len(origin.changed)} changed files" if origin.changed else ""
    return f"{commit}{branch}{changed}: {archive.files} files, {archive.bytes / _MIB:.1f} MiB"
