"""Nodes of the local AWS: real processes that boot with mlinfra's own script."""

from __future__ import annotations

import json
import os
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.nodes.cluster import Cluster, eventually

if TYPE_CHECKING:
    from mlinfra.local_aws.nodes import LocalNode

pytestmark = [pytest.mark.local_aws, pytest.mark.lengthy, pytest.mark.xdist_group("local-nodes")]


def run(cluster: Cluster, script: str, *nodes: LocalNode) -> list[dict[str, Any]]:
    """The invocations of a script on nodes, once they have ended. Default: on all."""
    ssm = cluster.client("ssm")
    ids = [each.instance_id for each in nodes or cluster.own_nodes()]
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=ids, Parameters={"commands": script.splitlines()}
    )["Command"]["CommandId"]

    def ended() -> list[dict[str, Any]] | None:
        found = [ssm.get_command_invocation(CommandId=command, InstanceId=each) for each in ids]
        return found if all(each["Status"] not in {"Pending", "InProgress"} for each in found) else None

    return eventually(ended)


def output(cluster: Cluster, script: str, node: LocalNode) -> str:
    """The output of a script that succeeds."""
    (invocation,) = run(cluster, script, node)
    assert invocation["Status"] == "Success", invocation
    return str(invocation["StandardOutputContent"])


def metadata(node: LocalNode, path: str, token: str | None = None) -> str:
    url = f"{node.variables['AWS_EC2_METADATA_SERVICE_ENDPOINT']}/latest/{path}"
    headers = {"X-aws-ec2-metadata-token": token} if token else {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    request = urllib.request.Request(url, headers=headers, method="GET" if token else "PUT")  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


def test_the_agent_ships_the_log_of_a_boot_that_succeeds(cluster: Cluster) -> None:
    for node in cluster.own_nodes():
        stream = f"{node.instance_id}/boot"

        def messages(stream: str = stream) -> list[str]:
            events = cluster.client("logs").get_log_events(logGroupName=cluster.log_group, logStreamName=stream)
            return [each["message"] for each in events["events"] if each["message"].endswith(" ready")]

        assert eventually(messages)


def test_the_guard_reports_a_node_without_a_job_as_idle(cluster: Cluster) -> None:
    for node in cluster.own_nodes():
        key = {"cluster": {"S": cluster.name}, "record": {"S": f"node#{node.instance_id}"}}

        def report(key: Any = key) -> dict[str, Any] | None:
            answer = cluster.client("dynamodb").get_item(TableName=cluster.table, Key=key)
            return answer.get("Item")  # type: ignore[no-any-return]

        found = eventually(report)
        assert found["accelerator_percent"] == {"N": "0"}
        assert found["processes"] == {"N": "0"}


def test_the_agent_puts_the_metrics_of_the_gpus_by_instance_and_by_group(cluster: Cluster) -> None:
    node = cluster.own_nodes()[0]
    for name, value in (("InstanceId", node.instance_id), ("AutoScalingGroupName", cluster.name)):
        found = eventually(
            lambda name=name, value=value: cluster.client("cloudwatch").list_metrics(
                Namespace="CWAgent",
                MetricName="nvidia_smi_utilization_gpu",
                Dimensions=[{"Name": name, "Value": value}],
            )["Metrics"]
        )
        assert [{"Name": name, "Value": value}] in [each["Dimensions"] for each in found]


def test_the_nodes_find_each_other_as_torchrun_does(cluster: Cluster) -> None:
    first, second = cluster.own_nodes()
    published = f"{first.instance_id} {first.address}"
    parameter = f"/mlinfra/{cluster.name}/master"
    eventually(lambda: cluster.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"] == published)
    settings = output(cluster, "/usr/local/bin/mlinfra-torchrun-env --wait 20", second)
    assert settings.splitlines() == [
        f"export MASTER_ADDR={first.address}",
        "export MASTER_PORT=29500",
        "export NNODES=2",
        "export NODE_RANK=1",
    ]


def test_processes_of_two_nodes_connect_by_the_addresses_of_the_nodes(cluster: Cluster) -> None:
    first, second = cluster.own_nodes()
    serve = f"import socket; s = socket.create_server(('{first.address}', 29500)); print(s.accept()[0].recv(9))"
    ask = f"until python3 -c \"import socket; socket.create_connection(('{first.address}', 29500)).send(b'hello')\""
    ssm = cluster.client("ssm")
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript",
        InstanceIds=[first.instance_id],
        Parameters={"commands": [f'python3 -c "{serve}"']},
    )["Command"]["CommandId"]
    output(cluster, f"{ask} 2>/dev/null; do sleep 0.2; done", second)

    def received() -> bool:
        found = ssm.get_command_invocation(CommandId=command, InstanceId=first.instance_id)
        return "hello" in found["StandardOutputContent"]

    assert eventually(received)


def test_a_command_sees_the_folder_of_its_node_and_no_tools_of_this_machine(cluster: Cluster) -> None:
    node = cluster.own_nodes()[0]
    assert output(cluster, ". /etc/mlinfra/node; echo $INSTANCE_ID", node).strip() == node.instance_id
    assert output(cluster, "for each in docker aws nvidia-smi; do command -v $each; done", node).split() == [
        f"{node.root}/opt/local-aws/bin/{each}" for each in ("docker", "aws", "nvidia-smi")
    ]
    (refused,) = run(cluster, "docker run ubuntu", node)
    assert (refused["Status"], refused["ResponseCode"]) == ("Failed", 125)
    assert "nodes of the local AWS run no containers" in refused["StandardErrorContent"]


def test_the_aws_command_acts_as_the_role_of_the_node(cluster: Cluster) -> None:
    node = cluster.own_nodes()[0]
    asked = "aws sts get-caller-identity --query Arn --output text --region us-east-1"
    assert output(cluster, asked, node).strip().endswith(f":assumed-role/{cluster.name}/{node.instance_id}")


def test_the_aws_command_copies_files_and_reports_errors(cluster: Cluster) -> None:
    node = cluster.own_nodes()[0]
    bucket = f"{cluster.name}-files"
    cluster.client("s3").create_bucket(Bucket=bucket)
    script = f"""
        export AWS_DEFAULT_REGION=us-east-1
        echo content >/var/lib/sent
        aws s3 cp /var/lib/sent s3://{bucket}/folder/ --quiet
        aws s3api get-object --bucket {bucket} --key folder/sent /var/lib/received --query ContentLength
        cat /var/lib/received"""
    assert output(cluster, script, node).split() == ["8", "content"]
    (failed,) = run(cluster, "aws ssm get-parameter --name /none --region us-east-1", node)
    assert failed["ResponseCode"] == 254
    assert "(ParameterNotFound) when calling the GetParameter operation" in failed["StandardErrorContent"]


def test_boto3_finds_the_credentials_of_the_node_in_its_metadata(cluster: Cluster) -> None:
    node = cluster.own_nodes()[0]
    token = metadata(node, "api/token")
    role = metadata(node, "meta-data/iam/security-credentials/", token)
    assert role == cluster.name
    assert json.loads(metadata(node, f"meta-data/iam/security-credentials/{role}", token))["Code"] == "Success"
    assert metadata(node, "meta-data/instance-type", token) == "g4dn.xlarge"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        metadata(node, "meta-data/instance-id", "no-token")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        metadata(node, "meta-data/spot/instance-action", token)


def test_the_use_of_a_gpu_follows_the_cpu_time_of_a_service(cluster: Cluster) -> None:
    node = cluster.own_nodes()[1]
    loop = "while True: pass"
    output(cluster, f"systemd-run --unit busy --collect python3 -c '{loop}'", node)
    (again,) = run(cluster, "systemd-run --unit busy sleep 1", node)
    assert "busy.service was already loaded" in again["StandardErrorContent"]
    query = "nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits"
    eventually(lambda: int(output(cluster, query, node)) > 20)
    pids = output(cluster, "nvidia-smi --query-compute-apps=pid --format=csv,noheader", node).split()
    assert output(cluster, "systemctl show busy --property=MainPID --value", node).split() == pids
    output(cluster, "systemctl stop busy", node)
    assert run(cluster, "systemctl is-active busy", node)[0]["StandardOutputContent"] == "failed\n"
    eventually(lambda: int(output(cluster, query, node)) == 0)


def test_an_xid_error_is_in_the_log_of_the_kernel_and_lets_nvidia_smi_fail(cluster: Cluster) -> None:
    node = cluster.own_nodes()[0]
    cluster.nodes.report_xid(node.instance_id, 79)
    assert "NVRM: Xid (PCI:00000000:00:1E.0): 79," in output(cluster, "dmesg", node)
    (failed,) = run(cluster, "nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader", node)
    assert (failed["ResponseCode"], "GPU is lost" in failed["StandardOutputContent"]) == (15, True)


def test_a_killed_node_leaves_nothing_and_is_replaced(cluster: Cluster) -> None:
    node, other = cluster.own_nodes()
    output(cluster, "systemd-run --unit orphan sh -c 'sleep 300 & setsid sleep 300 & sleep 300'", node)
    pids = pids_of(node)
    assert len(pids) >= 3
    cluster.nodes.kill(node.instance_id)
    assert not node.root.exists()
    eventually(lambda: not [each for each in pids if Path(f"/proc/{each}").exists()])
    replaced = cluster.wait_for(2)
    assert other.instance_id in [each.instance_id for each in replaced]
    assert node.instance_id not in [each.instance_id for each in replaced]


def test_an_interrupted_node_has_a_notice_and_is_terminated(cluster: Cluster) -> None:
    node = cluster.own_nodes()[0]
    cluster.nodes.interrupt(node.instance_id, seconds=1)
    token = metadata(node, "api/token")
    assert json.loads(metadata(node, "meta-data/spot/instance-action", token))["action"] == "terminate"
    eventually(lambda: node.instance_id not in [each.instance_id for each in cluster.own_nodes()])
    cluster.wait_for(2)


def test_a_cluster_of_size_zero_has_no_processes_and_no_folders(cluster: Cluster) -> None:
    nodes = cluster.own_nodes()
    pids = [pid for node in nodes for pid in [node.pid, *pids_of(node)]]
    cluster.resize(0)

    def have_ended() -> bool:
        autoscaling = cluster.client("autoscaling")
        (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[cluster.name])["AutoScalingGroups"]
        # The guard protects a node again that was busy in the last minute.
        with suppress(ClientError):  # the node was terminated meanwhile
            for each in group["Instances"]:
                autoscaling.set_instance_protection(
                    AutoScalingGroupName=cluster.name, InstanceIds=[each["InstanceId"]], ProtectedFromScaleIn=False
                )
        return not any(node.root.exists() for node in nodes)

    eventually(have_ended)
    eventually(lambda: not [each for each in pids if Path(f"/proc/{each}").exists()])


def pids_of(node: LocalNode) -> list[int]:
    """The processes with the marker of a node, without its init."""
    wanted = f"MLINFRA_LOCAL_NODE={node.root}".encode()
    found = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in each.read_bytes().split(b"\0") and int(each.parent.name) != node.pid:
                found.append(int(each.parent.name))
        except OSError:
            continue
    return [each for each in found if each != os.getpid()]
