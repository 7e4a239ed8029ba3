"""Start, stop and extension of clusters of a local AWS."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions.contract import HEARTBEAT_SECONDS, JobStatus, Table, Tag
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG
from mlinfra.operations import clusters as operations
from tests.conftest import ROOT, an_experiment
from tests.unit.operations.clusters.account import (
    ENVIRONMENT,
    LAST_DAY,
    NAME,
    node_ids,
    now,
    only_one,
    put_record,
    record_cost,
    report,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import Environment, Experiment

    Client = Callable[..., Any]


STOPPING = frozenset({"UpdateAutoScalingGroup", "SetDesiredCapacity", "TerminateInstances"})
NO_TABLE = (
    "Extensions cannot be recorded: the table recsys-dev-clusters does not exist in account 123456789012, us-east-1: "
    "the shutdown of 'dev' is not deployed there. No function stops its clusters at their expiry there. Nothing was "
    "changed. To change the expiry: set `expires` in the declaration of the experiment, and deploy the stack of the "
    f"cluster. To record extensions: {own_command()} up dev dev-training, or add a Shutdown to the stack of the "
    "cluster."
)


def before_each_call(monkeypatch: pytest.MonkeyPatch, act: Callable[[str], None]) -> list[str]:
    """Run `act` before each AWS call of the command, with the operation's name. Returns the names of the calls."""
    calls: list[str] = []
    make_call = BaseClient._make_api_call  # noqa: SLF001
    acting = False

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        nonlocal acting
        if not acting:
            calls.append(operation)
            acting = True
            try:
                act(operation)
            finally:
                acting = False
        return make_call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", called)
    return calls


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str, code: str, text: str) -> None:
    """Have AWS refuse an operation."""

    def act(called: str) -> None:
        if called == operation:
            raise ClientError({"Error": {"Code": code, "Message": text}}, operation)

    before_each_call(monkeypatch, act)


def suspend_as_aws(client: Client, make: Callable[..., list[str]]) -> None:
    """Make a stopped cluster whose launches AWS suspended, because they had failed for more than a day."""
    failing_since = now() - timedelta(hours=25)
    make(**{LAUNCH_ERROR_TAG: f"InsufficientInstanceCapacity since {failing_since:%Y-%m-%dT%H:%M:%SZ}"})
    client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=0)
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "Key": LAUNCH_ERROR_TAG}
    client("autoscaling").delete_tags(Tags=[tag])


@pytest.fixture
def launched_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shift the launch times that EC2 describes by three hours into the past."""
    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        answer = make_call(self, operation, arguments)
        for reservation in answer["Reservations"] if operation == "DescribeInstances" else ():
            for instance in reservation["Instances"]:
                instance["LaunchTime"] -= timedelta(hours=3)
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", called)


def limited(usd: float, *others: Experiment) -> Environment:
    """The environment with a spend limit, and other experiments."""
    experiments = (ENVIRONMENT.experiments[0].model_copy(update={"spend_limit_usd": None}), *others)
    return ENVIRONMENT.model_copy(update={"monthly_spend_limit_usd": usd, "experiments": experiments})


class TestSpendLimits:
    """The cluster has 2 x g5.xlarge at 1.006 USD per hour, and root volumes of 0.02 USD per hour."""

    def test_a_start_above_the_limit_is_refused_with_what_fits(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        make(nodes=0)
        with pytest.raises(
            OperationError, match="was not started: the experiments would exceed a spend limit"
        ) as error:
            operations.start_cluster(limited(600), "two-tower-v2")
        assert "monthly_spend_limit_usd: 600 is less than the" in error.value.details
        assert "What fits: nodes=1 of two-tower-v2" in error.value.details
        assert node_ids(client) == []
        assert operations.start_cluster(limited(2_000), "two-tower-v2").cluster.wanted == 2

    def test_an_extension_above_the_limit_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        until = now().date() + timedelta(days=28)
        # 20 to 22 days are about 1,100 USD, and 29 days with the day of grace about 1,500.
        with pytest.raises(OperationError, match="was not extended: the experiments would exceed a spend limit"):
            operations.extend_cluster(limited(1_300), "two-tower-v2", until)
        assert not only_one().extended
        assert operations.extend_cluster(limited(2_000), "two-tower-v2", until).extended

    def test_extensions_of_other_clusters_count(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        other = an_experiment(name="sampling", expires=now().date(), nodes=2)
        operations.start_cluster(limited(1_500, other), "two-tower-v2")
        item = {Table.CLUSTER: "recsys-dev-sampling", Table.RECORD: Table.EXTENSION, Table.UNTIL: LAST_DAY.isoformat()}
        client("dynamodb").put_item(
            TableName=ENVIRONMENT.names.records_table, Item={key: {"S": value} for key, value in item.items()}
        )
        with pytest.raises(OperationError, match="was not started"):
            operations.start_cluster(limited(1_500, other), "two-tower-v2")


class TestStop:
    def test_an_idle_one_is_stopped_and_its_volumes_are_kept(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        for node in make():
            report(client, node)
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert (stopped.cluster.state, stopped.cluster.nodes, stopped.terminated) == ("stopped", 0, 0)
        assert stopped.not_recorded is None
        kept = client("ec2").describe_volumes(Filters=[{"Name": "tag-key", "Values": [Tag.DELETE_AFTER]}])["Volumes"]
        assert len(kept) == 2

    def test_a_busy_one_is_left_unless_forced(self, client: Client, make: Callable[..., list[str]]) -> None:
        for node in make():
            report(client, node, busy_minutes_ago=2)
        with pytest.raises(
            OperationError, match=r"'two-tower-v2' is in use: GPU utilization of .* reached 90%.*--force"
        ):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert len(node_ids(client)) == 2
        assert operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True).cluster.state == "stopped"

    def test_a_cluster_without_reports_and_metrics_is_not_stopped(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        make()
        with pytest.raises(OperationError, match=r"may be in use: .* has sent no node report"):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert len(node_ids(client)) == 2

    def test_protected_nodes_with_live_guards_keep_running_and_are_named(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        nodes = make(protected=True)
        for node in nodes:
            report(client, node)
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert (stopped.cluster.state, stopped.terminated, stopped.protected) == ("stopping", 0, tuple(nodes))
        assert node_ids(client) == nodes

    @pytest.mark.parametrize("force", [True, False])
    def test_idle_nodes_that_are_still_protected_are_terminated_by_the_next_stop(
        self, client: Client, make: Callable[..., list[str]], *, force: bool
    ) -> None:
        for node in make(protected=True):
            report(client, node)
        operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=force)
        assert (stopped.cluster.state, stopped.terminated, stopped.protected) == ("stopped", 2, ())
        assert node_ids(client) == []

    @pytest.mark.usefixtures("launched_earlier")
    def test_idle_nodes_that_a_silent_guard_left_protected_are_terminated(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        alive, silent = make(protected=True)
        report(client, alive, minutes=90)
        report(client, silent, minutes=90, guard_minutes_ago=60)
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert (stopped.cluster.state, stopped.terminated, stopped.protected) == ("stopping", 1, (alive,))
        assert node_ids(client) == [alive]

    @pytest.mark.usefixtures("launched_earlier")
    def test_without_the_permission_to_terminate_a_node_of_a_silent_guard_the_state_is_described(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for node in make(protected=True):
            report(client, node, minutes=90, guard_minutes_ago=60)
        refuse(monkeypatch, "TerminateInstances", "UnauthorizedOperation", "You are not authorized")
        with pytest.raises(
            OperationError,
            match=r"The size of .* is zero, but 2 of its nodes .* Protected nodes keep running, and incur",
        ):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert len(node_ids(client)) == 2

    def test_one_with_a_job_is_left(self, client: Client, make: Callable[..., list[str]]) -> None:
        for node in make():
            report(client, node)
        client("dynamodb").put_item(
            TableName=ENVIRONMENT.names.records_table,
            Item={
                Table.CLUSTER: {"S": NAME},
                Table.RECORD: {"S": f"{Table.JOB_PREFIX}1"},
                Table.JOB_NAME: {"S": "two-tower"},
                Table.JOB_STATUS: {"S": JobStatus.RUNNING},
                Table.HEARTBEAT_AT: {"N": str(now().timestamp() - HEARTBEAT_SECONDS)},
            },
        )
        with pytest.raises(OperationError, match="job two-tower is reported as running"):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")

    def test_a_cluster_that_does_not_exist_is_refused(self, records: None) -> None:  # noqa: ARG002
        with pytest.raises(OperationError, match=r"There is no cluster of an experiment 'two-towr' .* two-tower-v2"):
            operations.stop_cluster(ENVIRONMENT, "two-towr")

    def test_a_group_that_must_not_be_stopped_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(**{Tag.AUTO_STOP: "false"})
        with pytest.raises(OperationError, match="its tag AutoStop is not true"):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True)

    def test_a_guard_that_protects_its_node_between_the_calls_has_no_effect(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nodes = make(protected=True)
        client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=NAME, MinSize=1)
        protected: list[str] = []

        def protect(called: str) -> None:
            if left := node_ids(client):
                client("autoscaling").set_instance_protection(
                    AutoScalingGroupName=NAME, InstanceIds=left, ProtectedFromScaleIn=True
                )
                protected.append(called)

        calls = before_each_call(monkeypatch, protect)
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True)
        assert (stopped.cluster.state, stopped.terminated) == ("stopped", 2)
        assert {"UpdateAutoScalingGroup", "SetDesiredCapacity", "TerminateInstances"} <= set(protected)
        changes = [each for each in calls if each in STOPPING]
        assert changes == ["UpdateAutoScalingGroup", "SetDesiredCapacity", "TerminateInstances"]
        (group,) = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"]
        assert (group["MinSize"], group["DesiredCapacity"], group["Instances"]) == (0, 0, [])
        states = client("ec2").describe_instances(InstanceIds=nodes)["Reservations"]
        assert {each["State"]["Name"] for found in states for each in found["Instances"]} == {"terminated"}
        kept = client("ec2").describe_volumes(Filters=[{"Name": "tag-key", "Values": [Tag.DELETE_AFTER]}])["Volumes"]
        assert len(kept) == 2

    def test_a_node_whose_launch_had_begun_is_terminated_too(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(nodes=1, protected=True)
        launched: list[str] = []

        def launch(called: str) -> None:
            if called == "SetDesiredCapacity" and not launched:
                client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
                launched.extend(node_ids(client))

        before_each_call(monkeypatch, launch)
        assert operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True).terminated == 2
        assert len(launched) == 2
        assert node_ids(client) == []

    def test_without_the_permission_to_terminate_nodes_the_state_is_described(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(protected=True)
        refuse(monkeypatch, "TerminateInstances", "UnauthorizedOperation", "You are not authorized")
        with pytest.raises(OperationError) as refused:
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True)
        assert str(refused.value) == (
            "AWS refused TerminateInstances (UnauthorizedOperation: You are not authorized). The credentials require "
            "permission for it. The size of recsys-dev-two-tower-v2 is zero, but 2 of its nodes are still in the "
            "group. Protected nodes keep running, and incur charges, until their node guards remove the protection. "
            "With the permission ec2:TerminateInstances, run the same command again."
        )
        assert len(node_ids(client)) == 2

    def test_without_the_permission_to_set_the_size_nodes_keep_running(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make()
        refuse(monkeypatch, "SetDesiredCapacity", "AccessDenied", "You are not authorized")
        with pytest.raises(
            OperationError, match="The size of recsys-dev-two-tower-v2 was not changed, and its nodes keep running"
        ):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True)
        assert len(node_ids(client)) == 2

    def test_without_a_table_force_stops_and_gives_the_reason_why_it_is_not_recorded(
        self, client: Client, make_without_records: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        make_without_records(protected=True)
        with pytest.raises(OperationError, match=r"may be in use: its records could not be read.*--force"):
            operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True)
        assert (stopped.cluster.state, stopped.terminated) == ("stopped", 2)
        assert node_ids(client) == []
        assert stopped.not_recorded == (
            "the table recsys-dev-clusters does not exist in account 123456789012, us-east-1: the shutdown of 'dev' is "
            "not deployed there"
        )
        assert capsys.readouterr().out == ""

    def test_a_stop_that_may_not_be_recorded_is_a_stop(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for node in make():
            report(client, node)
        refuse(monkeypatch, "UpdateItem", "AccessDeniedException", "not authorized to perform: dynamodb:UpdateItem")
        stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
        assert stopped.cluster.state == "stopped"
        assert stopped.not_recorded is not None
        assert stopped.not_recorded.startswith("the record could not be written to recsys-dev-clusters: ")
        assert "AccessDeniedException" in stopped.not_recorded


class TestStart:
    def test_all_nodes_are_requested(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        assert operations.start_cluster(ENVIRONMENT, "two-tower-v2").cluster.wanted == 2
        assert len(node_ids(client)) == 2

    def test_an_expired_one_is_not_started(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0, **{Tag.EXPIRES: "2026-01-31"})
        with pytest.raises(
            OperationError, match=r"expired at the end of 2026-01-31\. Extend it first: .*clusters extend dev"
        ):
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert node_ids(client) == []

    def test_a_group_without_a_valid_node_count_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0, **{Tag.NODES: "many"})
        with pytest.raises(OperationError, match="its tag Nodes is 'many'"):
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")

    def test_one_whose_file_system_was_removed_is_started_after_the_next_deploy(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        make(nodes=0, KeepHours="72")
        mark = "/mlinfra/recsys/dev/training/removed-file-systems/two-tower-v2"
        client("ssm").put_parameter(Name=mark, Value="2026-12-18T14:00:00Z", Type="String")
        with pytest.raises(OperationError) as refused:
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert str(refused.value).startswith(
            "The file system of 'two-tower-v2' was removed while its cluster was stopped. The next deploy creates it "
            f"again: {own_command()} up dev dev-training. Then start the cluster: "
        )
        assert client("ssm").get_parameters_by_path(Path=mark.rpartition("/")[0])["Parameters"] == []
        assert operations.start_cluster(ENVIRONMENT, "two-tower-v2").cluster.wanted == 2

    def test_one_over_its_spend_limit_is_not_started(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        record_cost(client, 512.3)
        with pytest.raises(OperationError) as refused:
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert str(refused.value) == (
            "The cluster of 'two-tower-v2' has cost 512.30 USD, which exceeds its spend limit of 500.00 USD: it would "
            "be stopped again. Set a higher spend_limit_usd for the experiment in environments/dev.py, and deploy: "
            f"{own_command()} up dev dev-training"
        )
        assert node_ids(client) == []

    def test_one_near_its_spend_limit_is_started(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        record_cost(client, 490)
        started = operations.start_cluster(ENVIRONMENT, "two-tower-v2").cluster
        assert [mark.kind for mark in started.marks] == ["near-limit"]

    def test_launching_that_aws_suspended_is_resumed(self, client: Client, make: Callable[..., list[str]]) -> None:
        suspend_as_aws(client, make)
        started = operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert started.resumed is not None
        assert started.resumed.startswith("Administrative suspension at ")
        assert (started.cluster.wanted, started.cluster.nodes, started.cluster.marks) == (2, 2, ())

    def test_no_nodes_are_requested_if_launching_cannot_be_resumed(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        suspend_as_aws(client, make)
        refuse(monkeypatch, "ResumeProcesses", "AccessDenied", "not authorized to perform: autoscaling:ResumeProcesses")
        with pytest.raises(OperationError, match="ResumeProcesses"):
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert only_one().wanted == 0

    def test_launching_that_a_user_suspended_is_not_resumed(
        self, client: Client, make: Callable[..., list[str]]
    ) -> None:
        make(nodes=0)
        client("autoscaling").suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
        with pytest.raises(OperationError) as refused:
            operations.start_cluster(ENVIRONMENT, "two-tower-v2")
        assert re.fullmatch(
            r"Launching is suspended for recsys-dev-two-tower-v2 \(User suspended at [0-9TZ:-]+\), so that no node "
            r"would be launched\. Nothing was changed\. To resume it: aws autoscaling resume-processes "
            r"--auto-scaling-group-name recsys-dev-two-tower-v2 --scaling-processes Launch --region us-east-1",
            str(refused.value),
        )
        assert only_one().wanted == 0


class TestExtend:
    def test_a_later_day_is_effective_immediately(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0, **{Tag.EXPIRES: "2026-01-31"})
        until = now().date() + timedelta(days=10)
        extended = operations.extend_cluster(ENVIRONMENT, "two-tower-v2", until)
        assert extended.extended
        assert extended.expires is not None
        assert extended.expires.date() == until + timedelta(days=1)
        assert operations.start_cluster(ENVIRONMENT, "two-tower-v2").cluster.wanted == 2

    def test_a_day_beyond_the_limit_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        with pytest.raises(OperationError, match="is too late: experiments of 'dev' may last at most 30 more days"):
            operations.extend_cluster(ENVIRONMENT, "two-tower-v2", now().date() + timedelta(days=31))

    @pytest.mark.parametrize("day", [LAST_DAY, date(2026, 1, 1)])
    def test_a_day_that_is_no_later_is_refused(self, make: Callable[..., list[str]], day: date) -> None:
        make(nodes=0)
        with pytest.raises(OperationError, match=f"{day} would not extend .* which expires at the end of {LAST_DAY}"):
            operations.extend_cluster(ENVIRONMENT, "two-tower-v2", day)

    def test_without_a_table_an_extension_is_refused_with_the_way_out(
        self, make_without_records: Callable[..., list[str]]
    ) -> None:
        make_without_records(nodes=0)
        with pytest.raises(OperationError) as refused:
            operations.extend_cluster(ENVIRONMENT, "two-tower-v2", now().date() + timedelta(days=25))
        assert str(refused.value) == NO_TABLE


@pytest.mark.parametrize("command", ["list", "start", "stop", "stop --force", "extend", "extend --undo"])
def test_the_documented_permissions_are_those_of_the_calls(
    client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for node in make(nodes=0 if command == "start" else 1):
        report(client, node)
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=NAME, MinSize=int(command != "start"))
    until = now().date() + timedelta(days=25)
    if command == "extend --undo":
        operations.extend_cluster(ENVIRONMENT, "two-tower-v2", until)
    made = calls_of(monkeypatch)
    run: dict[str, Callable[[], object]] = {
        "list": only_one,
        "start": lambda: operations.start_cluster(ENVIRONMENT, "two-tower-v2"),
        "stop": lambda: operations.stop_cluster(ENVIRONMENT, "two-tower-v2"),
        "stop --force": lambda: operations.stop_cluster(ENVIRONMENT, "two-tower-v2", force=True),
        "extend": lambda: operations.extend_cluster(ENVIRONMENT, "two-tower-v2", until),
        "extend --undo": lambda: operations.undo_extension(ENVIRONMENT, "two-tower-v2"),
    }
    run[command]()
    assert made - documented_permissions(command) == set()


def calls_of(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The permissions that the following AWS calls require, such as ec2:TerminateInstances."""
    made: set[str] = set()
    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        made.add(f"{self.meta.service_model.signing_name.replace('monitoring', 'cloudwatch')}:{operation}")
        return make_call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", called)
    return made


def documented_permissions(command: str) -> set[str]:
    """The permissions in the table of the page, for all commands and for this one."""
    page = (ROOT / "docs" / "operating-clusters.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (.+?) \| (`\w+:\w+`.*?) \|", page, re.MULTILINE))
    lines = [rows["all commands"], *(row for key, row in rows.items() if f"`{command}`" in key)]
    return set(re.findall(r"`(\w+:\w+)`", " ".join(lines)))


class TestUndo:
    def test_the_declared_expiry_counts_again(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        operations.extend_cluster(ENVIRONMENT, "two-tower-v2", now().date() + timedelta(days=25))
        undone = operations.undo_extension(ENVIRONMENT, "two-tower-v2")
        assert not undone.extended
        assert undone.expires is not None
        assert undone.expires.date() == LAST_DAY + timedelta(days=1)
        assert client("dynamodb").scan(TableName=ENVIRONMENT.names.records_table)["Items"] == []

    def test_one_that_is_not_extended_is_refused(self, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        with pytest.raises(OperationError) as refused:
            operations.undo_extension(ENVIRONMENT, "two-tower-v2")
        assert str(refused.value) == (
            f"The cluster of 'two-tower-v2' is not extended. Nothing was changed. It expires at the end of {LAST_DAY}."
        )

    def test_an_invalid_extension_is_removed(self, client: Client, make: Callable[..., list[str]]) -> None:
        make(nodes=0)
        put_record(client, Table.EXTENSION, **{Table.UNTIL: "friday"})
        assert only_one().expires is None
        assert operations.undo_extension(ENVIRONMENT, "two-tower-v2").expires is not None

    def test_an_extension_changed_at_the_same_time_is_kept(
        self, client: Client, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(nodes=0)
        put_record(client, Table.EXTENSION, **{Table.UNTIL: "2030-01-31"})

        def extend(called: str) -> None:
            if called == "DeleteItem":
                put_record(client, Table.EXTENSION, **{Table.UNTIL: "2030-02-28"})

        before_each_call(monkeypatch, extend)
        with pytest.raises(OperationError, match="was changed or removed by another user at the same time"):
            operations.undo_extension(ENVIRONMENT, "two-tower-v2")
        assert only_one().extended

    def test_records_that_cannot_be_read_are_not_changed(
        self, make: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(nodes=0)
        refuse(monkeypatch, "Query", "AccessDeniedException", "not authorized")
        with pytest.raises(OperationError, match=r"could not be read: .*AccessDeniedException\. Nothing was changed"):
            operations.undo_extension(ENVIRONMENT, "two-tower-v2")

    def test_without_a_table_it_is_refused_with_the_way_out(
        self, make_without_records: Callable[..., list[str]]
    ) -> None:
        make_without_records(nodes=0)
        with pytest.raises(OperationError) as refused:
            operations.undo_extension(ENVIRONMENT, "two-tower-v2")
        assert str(refused.value) == NO_TABLE
