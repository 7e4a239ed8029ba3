"""`mlinfra run --dry-run`: the code, the cluster and its price."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlinfra.operations.runs import Launch, PreparedRun


def show_plan(launch: Launch, prepared_run: PreparedRun, *, as_json: bool) -> None:
    """Show what a run would do."""
    from mlinfra.cli.presentation import output_console, print_json

    facts = _facts(launch, prepared_run)
    if as_json:
        print_json(facts)
        return
    console = output_console()
    for title, text in _lines(launch, prepared_run, facts):
        console.print(f"{title:<12}{text}", markup=False)
    console.print("Nothing was uploaded or started.")


def _facts(launch: Launch, prepared_run: PreparedRun) -> dict[str, Any]:
    cluster, request, code = launch.cluster, prepared_run.request, prepared_run.code
    return {
        "environment": launch.environment.name,
        "cluster": cluster.name,
        "must_start": cluster.must_start,
        "running_nodes": cluster.running,
        "nodes": cluster.nodes,
        "instance_type": launch.environment.instance_type(launch.experiment).name,
        "usd_per_hour": cluster.usd_per_hour,
        "command": list(request.command),
        "image": request.image and launch.environment.names.image_uri(request.image),
        "lock": prepared_run.lock and prepared_run.lock.lock,
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
        "runner_sha256": prepared_run.runner.archive.sha256,
    }


def _lines(launch: Launch, prepared_run: PreparedRun, facts: dict[str, Any]) -> list[tuple[str, str]]:
    cluster, code, environment = launch.cluster, prepared_run.code, launch.environment
    price = "price unknown" if cluster.usd_per_hour is None else f"{cluster.usd_per_hour:.2f} USD per hour"
    nodes = f"{cluster.nodes} x {facts['instance_type']}, {price}"
    state = f"would be started: {nodes}" if cluster.must_start else f"runs: {nodes}"
    lines = [
        ("Environment", f"{environment.name} ({environment.account_id}, {environment.region})"),
        ("Cluster", f"{cluster.name} {state}"),
    ]
    if code is not None:
        commit = code.origin.commit[:12] if code.origin.commit else "no commit"
        changed = f" and {len(code.origin.changed)} changed files" if code.origin.changed else ""
        size = f"{code.archive.files} files, {code.archive.bytes / 1024**2:.1f} MiB"
        lines += [
            ("Code", f"{commit}{changed}: {size}, sha256 {code.archive.sha256[:16]}"),
            ("Directory", code.directory),
        ]
    if facts["image"]:
        lines.append(("Image", facts["image"]))
    if prepared_run.lock:
        python = prepared_run.lock.python or "that of the machine image"
        lines.append(("Packages", f"{prepared_run.lock.lock}, Python: {python}"))
    return [*lines, ("Command", shlex.join(prepared_run.request.command))]
