"""Sessions with nodes through Session Manager: a shell, a forwarded port, and a channel for SSH.

Nodes have no open port and no SSH key. The Session Manager plugin connects the terminal to AWS, and AWS's agent on the
node to it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.clients import error_code
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.clusters.inventory import ClusterAccount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

SESSION_PLUGIN: Final = "session-manager-plugin"
SESSION_PLUGIN_PAGE: Final = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)
_RESPONSE: Final = "AWS_SSM_START_SESSION_RESPONSE"
"""The environment variable in which the plugin reads the response with the token, since version 1.2.497.0, as the AWS
CLI passes it. Other users of the machine can read arguments, but not variables."""
_READS_VARIABLE: Final = (1, 2, 497)
_BOOT: Final = timedelta(minutes=10)
"""The time after its launch at which the agent of a node is connected at the latest, usually."""
SSH_PORT: Final = 22


@dataclass(frozen=True)
class ClusterNode:
    """A running node of a cluster."""

    number: int
    """Its number, from 0, in the order of launch."""
    instance_id: str
    launched: datetime | None
    image_id: str


def running_nodes(environment: Environment, experiment: str) -> tuple[ClusterNode, ...]:
    """The running nodes of the cluster of an experiment, in the order of their launch.

    Raises:
        OperationError: if there is no such cluster, or it has no running node.
    """
    account = ClusterAccount(environment)
    target = account.cluster_of(experiment).target
    ids = [each.instance_id for each in target.nodes if each.state == "running"]
    if not ids:
        message = (
            f"The cluster of {experiment!r} in {environment.name!r} has no running node. Start it: {own_command()} "
            f"clusters start {environment.name} {experiment}"
        )
        raise OperationError(message)
    with aws_errors_explained():
        pages = account.clients.ec2.get_paginator("describe_instances").paginate(InstanceIds=ids)
        found = [one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]]
    found.sort(key=lambda one: (one["LaunchTime"], one["InstanceId"]))
    return tuple(
        ClusterNode(number, one["InstanceId"], one["LaunchTime"], one["ImageId"]) for number, one in enumerate(found)
    )


def chosen_node(nodes: tuple[ClusterNode, ...], wanted: str | None) -> ClusterNode:
    """The node with a number or instance id.

    Args:
        nodes: the running nodes.
        wanted: its number or instance id. Default: the first node.

    Raises:
        OperationError: if there is none.
    """
    for each in nodes:
        if wanted is None or wanted in {str(each.number), each.instance_id}:
            return each
    known = ", ".join(f"{each.number} ({each.instance_id})" for each in nodes)
    message = f"There is no running node {wanted!r}. Expected: one of {known}."
    raise OperationError(message)


def login_of(account: AwsAccount, node: ClusterNode) -> str:
    """The name of the user that the image of a node has for logins.

    Source: EC2 user guide, "Manage system users on your Linux instance", read 2026-11-29.
    """
    with aws_errors_explained():
        images = account.client("ec2").describe_images(ImageIds=[node.image_id])["Images"]
    return "ubuntu" if any("ubuntu" in str(each.get("Name", "")).lower() for each in images) else "ec2-user"


def shell(account: AwsAccount, node: ClusterNode) -> int:
    """Open a shell on a node, until it ends. Returns the exit code.

    Raises:
        OperationError: if the plugin is missing, or AWS refuses the session.
    """
    return _run(account, node, None, {})


def forward(
    account: AwsAccount,
    node: ClusterNode,
    port: int,
    local_port: int,
    *,
    begin: Callable[[], None] = lambda: None,
) -> int:
    """Forward a port of this machine to one of a node, until Ctrl-C. Returns the exit code.

    Args:
        account: the account of the node.
        node: the node.
        port: the port on the node.
        local_port: the port on this machine.
        begin: called once AWS has accepted the session. Default: nothing happens.

    Raises:
        OperationError: if the plugin is missing, or AWS refuses the session.
    """
    ports = {"portNumber": [str(port)], "localPortNumber": [str(local_port)]}
    return _run(account, node, "AWS-StartPortForwardingSession", ports, begin)


def ssh_channel(account: AwsAccount, node: ClusterNode, user: str, public_key: Path) -> int:
    """Connect standard input and output to the SSH server of a node, which accepts a key for 60 seconds.

    Args:
        account: the account of the node.
        node: the node.
        user: the user on the node.
        public_key: the file of the public key.

    Raises:
        OperationError: if the key cannot be read or is refused, the plugin is missing, or AWS refuses the session.
    """
    try:
        key = public_key.expanduser().read_text(encoding="utf-8")
    except OSError as error:
        message = (
            f"The public key {public_key} cannot be read ({error.strerror}). Create one: ssh-keygen -t ed25519; or "
            f"name another with --key."
        )
        raise OperationError(message) from None
    with aws_errors_explained():
        account.client("ec2-instance-connect").send_ssh_public_key(
            InstanceId=node.instance_id, InstanceOSUser=user, SSHPublicKey=key
        )
    return _run(account, node, "AWS-StartSSHSession", {"portNumber": [str(SSH_PORT)]})


def _run(
    account: AwsAccount,
    node: ClusterNode,
    document: str | None,
    parameters: Mapping[str, list[str]],
    begin: Callable[[], None] = lambda: None,
) -> int:
    plugin = _plugin()
    client = account.client("ssm")
    request: dict[str, Any] = {"Target": node.instance_id}
    if document:
        request |= {"DocumentName": document, "Parameters": dict(parameters)}
    started = _started(client, request, node)
    begin()
    response = json.dumps({name: started[name] for name in ("SessionId", "TokenValue", "StreamUrl")})
    variables = dict(os.environ)
    if _version(plugin) >= _READS_VARIABLE:
        variables[_RESPONSE], response = response, _RESPONSE
    arguments = [
        plugin,
        response,
        client.meta.region_name,
        "StartSession",
        account.session.profile_name if account.session.profile_name != "default" else "",
        json.dumps(request),
        client.meta.endpoint_url,
    ]
    try:
        with _signals_for_the_session():
            return subprocess.run(arguments, env=variables, check=False).returncode  # noqa: S603
    except OSError as error:
        client.terminate_session(SessionId=started["SessionId"])
        message = f"{plugin} could not be started ({error.strerror}). Install it again: {SESSION_PLUGIN_PAGE}"
        raise OperationError(message) from None


def _started(client: Any, request: Mapping[str, Any], node: ClusterNode) -> Mapping[str, Any]:  # noqa: ANN401  boto3
    with aws_errors_explained():
        try:
            answer: Mapping[str, Any] = client.start_session(**request)
        except ClientError as error:
            if error_code(error) != "TargetNotConnected":
                raise
            raise OperationError(_not_connected(node)) from None
    return answer


def _not_connected(node: ClusterNode) -> str:
    fact = f"Node {node.number} ({node.instance_id}) is not connected to Systems Manager."
    age = clock.now() - node.launched if node.launched else None
    if age is not None and age < _BOOT:
        minutes = int(age.total_seconds() // 60)
        return f"{fact} It was launched {minutes} minutes ago and may still boot: try again in a few minutes."
    return (
        f"{fact} Its agent may have stopped, its role may lack the permissions of Session Manager, or its network may "
        f"have no route to ssm, ssmmessages and ec2messages (a NAT gateway, or interface_endpoints=True)."
    )


def _plugin() -> str:
    found = shutil.which(SESSION_PLUGIN)
    if found is None:
        message = (
            f"{SESSION_PLUGIN} is not on the PATH, and sessions with nodes require it. Install it: "
            f"{SESSION_PLUGIN_PAGE}"
        )
        raise OperationError(message)
    return found


def _version(plugin: str) -> tuple[int, ...]:
    """The version of the plugin; empty if it does not print one."""
    try:
        ended = subprocess.run([plugin, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.match(r"\s*(\d+)\.(\d+)\.(\d+)", ended.stdout)
    return tuple(map(int, found.groups())) if found else ()


@contextmanager
def _signals_for_the_session() -> Iterator[None]:
    """Leave the signals of the keyboard to the plugin, which sends them on to the node.

    Handlers, unlike ignored signals, are not inherited by the plugin.
    """
    before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
