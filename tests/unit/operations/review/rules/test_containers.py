from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, reviewed, texts

if TYPE_CHECKING:
    from pathlib import Path


def task(**values: Any) -> dict[str, Any]:
    containers = values.pop("containers", [{"name": "app"}])
    return {"family": "app", "container_definitions": json.dumps(containers), **values}


@pytest.mark.parametrize(
    ("after", "fact"),
    [
        (task(containers=[{"privileged": True}]), "are privileged"),
        (task(network_mode="host"), "use the network of the host"),
        (task(pid_mode="host"), "see the processes of the host"),
        (task(volume=[{"host_path": "/var/run/docker.sock"}]), "control the container runtime by its socket"),
        (task(volume=[{"host_path": "/"}]), "mount the root file system of the host"),
        (
            task(containers=[{"linuxParameters": {"capabilities": {"add": ["SYS_ADMIN", "CHOWN"]}}}]),
            "have the capabilities `SYS_ADMIN`",
        ),
        (task(pid_mode="host", network_mode="host"), "use the network of the host and see the processes of the host"),
    ],
)
def test_control_of_the_node_is_held_for_existing_workloads(tmp_path: Path, after: dict[str, Any], fact: str) -> None:
    report = reviewed(tmp_path, change("aws_ecs_task_definition.app", task(), after))
    assert texts(report)["MLR519"] == f"Containers of `app` {fact}."
    new = reviewed(tmp_path, change("aws_ecs_task_definition.app", None, after))
    assert texts(new)["MLR520"] == f"Containers of `app` {fact}."


def test_privileged_jobs_and_mounted_sockets_of_jobs_are_held(tmp_path: Path) -> None:
    before = {"name": "train", "container_properties": "{}"}
    properties = {"privileged": True, "volumes": [{"host": {"sourcePath": "/var/run/docker.sock"}}]}
    after = {"name": "train", "container_properties": json.dumps(properties)}
    report = reviewed(tmp_path, change("aws_batch_job_definition.x", before, after))
    assert texts(report) == {
        "MLR519": "Containers of `train` are privileged and control the container runtime by its socket."
    }


def test_kept_control_and_unreadable_documents_are_not_reported(tmp_path: Path) -> None:
    privileged = task(containers=[{"privileged": True}])
    assert not texts(reviewed(tmp_path, change("aws_ecs_task_definition.a", privileged, {**privileged, "cpu": "1"})))
    broken = {"family": "app", "container_definitions": "{"}
    assert not texts(reviewed(tmp_path, change("aws_ecs_task_definition.b", task(), broken)))
