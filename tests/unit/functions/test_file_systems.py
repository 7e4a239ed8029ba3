"""Lustre file systems of clusters: kept for a declared time after the stop, then deleted."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.functions.contract import Event, Tag, Variable
from mlinfra.functions.file_systems import FileSystem, FileSystems
from mlinfra.functions.fleet import Target
from mlinfra.functions.settings import Settings
from tests.unit.functions.cloud import NAME, OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.functions.cloud import Cloud

NOW = datetime(2026, 12, 18, 14, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MARK = "/mlinfra/recsys/dev/training/removed-file-systems/two-tower"
TAGS = {
    "Name": NAME,
    Tag.AUTO_STOP: "true",
    Tag.ENVIRONMENT: "dev",
    Tag.EXPERIMENT: "two-tower",
    Tag.OWNER: OWNER,
    Tag.KEEP_HOURS: "48",
}
STOPPED = Target(NAME, "group", TAGS)
RUNNING = Target(NAME, "group", TAGS, desired=1)


class World:
    """FSx, parameters, a table and a topic in memory."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.marks: list[str] = []
        self.since: datetime | None = None
        self.notified: dict[str, str] = {}
        self.sent: list[dict[str, Any]] = []
        self.dry_run = False
        self.refused = False
        self.region = "us-east-1"
        self.fsx = SimpleNamespace(delete_file_system=self._delete)
        self.ssm = SimpleNamespace(
            put_parameter=lambda **request: self.marks.append(request["Name"]),
            delete_parameter=lambda **request: self.marks.remove(request["Name"]),
            get_paginator=lambda _: SimpleNamespace(
                paginate=lambda Path: [{"Parameters": [{"Name": each} for each in self.marks]}]  # noqa: N803, ARG005
            ),
        )

    def _delete(self, **request: str) -> None:
        assert self.marks == [MARK], "the mark is written first"
        if self.refused:
            raise ClientError({"Error": {"Code": "BadRequest", "Message": "in use"}}, "DeleteFileSystem")
        self.deleted.append(request["FileSystemId"])

    def note_unused(self, _cluster: str, now: datetime | None) -> datetime:
        self.since = None if now is None else self.since or now
        return self.since or NOW

    def remember_notification(self, _cluster: str, about: str, what: str) -> bool:
        fresh = self.notified.get(about) != what
        self.notified[about] = what
        return fresh

    def notify(self, detail_type: str, **fields: Any) -> bool:
        self.sent.append({"type": detail_type, **fields})
        return True

    def file_systems(self, after: timedelta = timedelta(0)) -> FileSystems:
        variables = {
            Variable.TABLE: "table",
            Variable.GRACE_DAYS: "3",
            Variable.PREFIX: "recsys-dev-",
            Variable.ENVIRONMENT: "dev",
            Variable.DRY_RUN: "true" if self.dry_run else "false",
        }
        settings = Settings.read(dry_run_by_default=False, variables=variables)
        return FileSystems(self, settings, self, self, NOW + after)  # type: ignore[arg-type]

    def handle(self, target: Target | None = STOPPED, *, hours: float = 0, **tags: str) -> str:
        found = FileSystem("fs-1", 1200, {**TAGS, **tags})
        return self.file_systems(hours * HOUR).handle(found, target)[0]


@pytest.fixture
def world() -> World:
    return World()


def test_it_is_kept_for_its_time_after_the_stop_and_then_deleted(world: World) -> None:
    assert [world.handle(hours=hours) for hours in (0, 24, 47.9, 48)] == ["kept", "kept", "kept", "deleted"]
    assert (world.deleted, world.marks) == (["fs-1"], [MARK])


def test_the_owner_is_notified_at_the_stop_a_day_and_an_hour_before_the_deletion_and_of_it(world: World) -> None:
    subjects = {}
    for hours in (0, 1, 24, 25, 47, 47.5, 48):
        before = len(world.sent)
        world.handle(hours=hours)
        subjects[hours] = [each["what"] for each in world.sent[before:]]
    announced = ["file system fs-1 will be deleted at 2026-12-20T14:00:00Z"]
    deleted = ["file system fs-1 deleted"]
    assert subjects == {0: announced, 1: [], 24: announced, 25: [], 47: announced, 47.5: [], 48: deleted}
    first = world.sent[0]
    assert (first["type"], first["in_dry_run"]) == (Event.FILE_SYSTEM_UNUSED, True)
    assert first["why"] == (
        "its cluster has been stopped since 2026-12-18T14:00:00Z, and it costs 168 USD a month. Files that were not "
        "exported to the data lake are lost then"
    )
    assert first["action"].startswith("To keep it: start the cluster (mlinfra clusters start dev two-tower), or set a")


def test_a_cluster_that_runs_keeps_its_file_system_and_the_time_begins_again(world: World) -> None:
    assert world.handle() == "kept"
    assert world.handle(RUNNING, hours=47) == "kept"
    assert world.handle(hours=50) == "kept"
    assert world.handle(hours=98) == "deleted"


@pytest.mark.parametrize("keep", ["", "soon", "-5", "9" * 30])
def test_without_a_valid_time_it_is_kept_for_72_hours(world: World, keep: str) -> None:
    assert [world.handle(hours=hours, KeepHours=keep) for hours in (0, 71.9, 72)] == ["kept", "kept", "deleted"]


def test_a_file_system_without_a_cluster_is_deleted_too(world: World) -> None:
    assert [world.handle(None, hours=hours) for hours in (0, 48)] == ["kept", "deleted"]


def test_the_time_of_an_earlier_group_of_its_name_does_not_count(world: World) -> None:
    recent = Target(NAME, "group", TAGS, created_at=NOW + 40 * HOUR)
    assert [world.handle(recent, hours=hours) for hours in (0, 48)] == ["kept", "kept"]


def test_one_that_was_created_again_is_kept_for_its_time(world: World) -> None:
    assert [world.handle(hours=hours) for hours in (0, 48)] == ["kept", "deleted"]
    world.marks.clear()
    again = FileSystem("fs-2", 1200, TAGS, created=NOW + 60 * HOUR)
    decisions = [world.file_systems(hours * HOUR).handle(again, STOPPED)[0] for hours in (61, 107, 108)]
    assert decisions == ["kept", "kept", "deleted"]


def test_a_dry_run_announces_and_deletes_nothing(world: World) -> None:
    world.dry_run = True
    assert [world.handle(hours=hours) for hours in (0, 48)] == ["kept", "would_delete"]
    assert (world.deleted, world.marks) == ([], [])


def test_a_refused_deletion_is_reported(world: World) -> None:
    world.refused = True
    assert [world.handle(hours=hours) for hours in (0, 48)] == ["kept", "failed"]
    assert world.sent[-1]["what"] == "file system fs-1 could not be deleted"
    assert world.sent[-1]["action"] == (
        "The janitor tries again in an hour. To delete it: aws fsx delete-file-system --file-system-id fs-1 "
        "--region us-east-1"
    )


def test_marks_of_running_and_of_removed_clusters_are_deleted(world: World) -> None:
    world.marks = [MARK, MARK.replace("two-tower", "gone")]
    world.file_systems().clear_marks([STOPPED])
    assert world.marks == [MARK]
    world.file_systems().clear_marks([RUNNING])
    assert world.marks == []


def test_the_mark_of_a_stopped_cluster_that_no_longer_declares_a_file_system_is_deleted(world: World) -> None:
    world.marks = [MARK]
    without = {key: value for key, value in TAGS.items() if key != Tag.KEEP_HOURS}
    world.file_systems().clear_marks([Target(NAME, "group", without)])
    assert world.marks == []


def test_the_janitor_deletes_counts_and_marks(cloud: Cloud, clients: Callable[..., Any]) -> None:
    fsx, ssm, ec2 = clients("fsx"), clients("ssm"), clients("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    made = fsx.create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=1200,
        SubnetIds=[subnet],
        LustreConfiguration={"DeploymentType": "SCRATCH_2"},
        Tags=tags,
    )["FileSystem"]["FileSystemId"]
    cloud.group(nodes=0, Environment="dev", KeepHours="48")
    decisions = [{each["file_system"]: each["decision"] for each in cloud.janitor()["file_systems"]}]
    cloud.now += 48 * HOUR
    decisions.append({each["file_system"]: each["decision"] for each in cloud.janitor()["file_systems"]})
    assert decisions == [{made: "kept"}, {made: "deleted"}]
    assert float(cloud.remembered()["storage_usd"]["N"]) == pytest.approx(48 * 168 / 730, rel=0.05)
    assert ssm.get_parameter(Name=MARK)["Parameter"]["Type"] == "String"
    assert {each["whose"] for each in cloud.heard()} == {OWNER}
    # As a user does who starts the cluster some other way.
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=1)
    cloud.gpus(cloud.nodes(), 90)
    cloud.janitor()
    assert ssm.get_parameters_by_path(Path=MARK.rpartition("/")[0])["Parameters"] == []


def test_the_janitor_deletes_the_mark_of_the_last_experiment_with_a_file_system(
    cloud: Cloud, clients: Callable[..., Any]
) -> None:
    ssm = clients("ssm")
    ssm.put_parameter(Name=MARK, Value="2026-12-18T14:00:00Z", Type="String", Overwrite=True)
    cloud.group(nodes=0, Environment="dev", Experiment="without-lustre")
    cloud.janitor()
    assert ssm.get_parameters_by_path(Path=MARK.rpartition("/")[0])["Parameters"] == []
