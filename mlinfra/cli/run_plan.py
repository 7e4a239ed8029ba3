"""`mlinfra run --dry-run`: the code, the cluster and its price."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.runs import Launch, PreparedRun, QueuePlace


def show_plan(launch: Launch, prepared_run: PreparedRun, *, as_json: bool) -> None:
    """Show what a run on a cluster would do."""
    cluster = launch.cluster
    instance_type = launch.environment.instance_type(launch.experiment).name
    facts = {
        "cluster": cluster.name,
        "must_start": cluster.must_start,
        "running_nodes": cluster.running,
        "nodes": cluster.nodes,
        "instance_type": instance_type,
        "usd_per_hour": cluster.usd_per_hour,
    }
    price = "price unknown" if cluster.usd_per_hour is None else f"{cluster.usd_per_hour:.2f} USD per hour"
    state = "would be started: " if cluster.must_start else "runs: "
    line = ("Cluster", f"{cluster.name} {state}{cluster.nodes} x {instance_type}, {price}")
    _show(launch.environment, prepared_run, facts, line, as_json=as_json)


def show_queue_plan(environment: Environment, place: QueuePlace, prepared_run: PreparedRun, *, as_json: bool) -> None:
    """Show what a run in a queue would do."""
    request = place.request
    facts = {
        "queue": place.queue.name,
        "capacity": place.kind,
        "team": place.team,
        "nodes": request.nodes,
        "array_size": request.array_size,
    }
    size = counted(request.nodes, "node")
    copies = f", {request.array_size} copies" if request.array_size else ""
    line = ("Queue", f"{place.queue.name} ({place.kind}), share of {place.team}: {size}{copies}")
    _show(environment, prepared_run, facts, line, as_json=as_json)


def _show(
    environment: Environment,
    prepared_run: PreparedRun,
    facts: dict[str, Any],
    place: tuple[str, str],
    *,
    as_json: bool,
) -> None:
    from mlinfra.cli.presentation import output_console, print_json

    if as_json:
        print_json({"environment": environment.name, **facts, **_facts(environment, prepared_run)})
        return
    console = output_console()
    where = f"{environment.name} ({environment.account_id}, {environment.region})"
    for title, text in [("Environment", where), place, *_lines(environment, prepared_run)]:
        console.print(f"{title:<12}{text}", markup=False)
    console.print("Nothing was uploaded or started.")


def _facts(environment: Environment, prepared_run: PreparedRun) -> dict[str, Any]:
    request, code = prepared_run.request, prepared_run.code
    return {
        "command": list(request.command),
        "image": request.image and environment.names.image_uri(request.image),
        "lock": prepared_run.lock and prepared_run.lock.lock,
        "runner_sha256": prepared_run.runner.archive.sha256,
        "code": code
        and {
            "sha256": code.archive.sha256,
            "bytes": code.archive.bytes,
            "files": code.archive.files,
            "commit": code.origin.commit,
            "branch": code.origin.branch,
            "repository": code.origin.repository,
            "changed": list(code.origin.changed),
            "directory": code.directory,
        },
    }


def _lines(environment: Environment, prepared_run: PreparedRun) -> list[tuple[str, str]]:
    request, code = prepared_run.request, prepared_run.code
    lines = []
    if code is not None:
        commit = code.origin.commit[:12] if code.origin.commit else "no commit"
        changed = f" and {len(code.origin.changed)} changed files" if code.origin.changed else ""
        size = f"{code.archive.files} files, {code.archive.bytes / 1024**2:.1f} MiB"
        lines += [
            ("Code", f"{commit}{changed}: {size}, sha256 {code.archive.sha256[:16]}"),
            ("Directory", code.directory),
        ]
    if request.image:
        lines.append(("Image", environment.names.image_uri(request.image)))
    if prepared_run.lock:
        python = prepared_run.lock.python or "that of the machine image"
        lines.append(("Packages", f"{prepared_run.lock.lock}, Python: {python}"))
    return [*lines, ("Command", shlex.join(request.command))]
