"""Sessions with nodes of a local AWS, with a program in the place of the Session Manager plugin."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.clusters import chosen_node, forward, login_of, running_nodes, shell, ssh_channel
from tests.unit.operations.clusters.account import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., list[str]]

PLUGIN = """#!/bin/sh
if [ "$1" = --version ]; then echo {version}; exit; fi
{{ echo "$AWS_SSM_START_SESSION_RESPONSE"; for each in "$@"; do echo "$each"; done; }} > {record}
exit 7
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Install a plugin of a version, which records its variable and arguments, and ends with exit code 7."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("AWS_SSM_START_SESSION_RESPONSE", raising=False)

    def install(version: str = "1.2.707.0") -> Path:
        program = folder / "session-manager-plugin"
        program.write_text(PLUGIN.format(version=version, record=tmp_path / "record"))
        program.chmod(0o755)
        return tmp_path / "record"

    return install


def account() -> Any:
    return account_of(ENVIRONMENT)


class TestNodes:
    def test_nodes_have_numbers_and_can_be_chosen(self, make: Make) -> None:
        ids = make()
        nodes = running_nodes(ENVIRONMENT, "two-tower-v2")
        assert sorted(each.instance_id for each in nodes) == sorted(ids)
        assert [each.number for each in nodes] == [0, 1]
        assert chosen_node(nodes, None) is nodes[0]
        assert chosen_node(nodes, "1") is chosen_node(nodes, nodes[1].instance_id) is nodes[1]
        with pytest.raises(OperationError) as refused:
            chosen_node(nodes, "2")
        assert refused.value.message.startswith("There is no running node '2'. Expected: one of 0 (i-")

    def test_a_stopped_cluster_names_the_command_that_starts_it(self, make: Make) -> None:
        make(nodes=0)
        with pytest.raises(OperationError, match=r"has no running node\. Start it: .* clusters start dev two-tower-v2"):
            running_nodes(ENVIRONMENT, "two-tower-v2")

    def test_the_login_is_that_of_the_image(self, make: Make, client: Callable[..., Any]) -> None:
        make()
        node = running_nodes(ENVIRONMENT, "two-tower-v2")[0]
        name = client("ec2").describe_images(ImageIds=[node.image_id])["Images"][0]["Name"]
        assert login_of(account(), node) == ("ubuntu" if "Ubuntu" in name else "ec2-user")


class TestSessions:
    def test_a_shell_passes_the_token_in_a_variable(self, make: Make, plugin: Callable[..., Path]) -> None:
        make()
        record = plugin()
        node = running_nodes(ENVIRONMENT, "two-tower-v2")[0]
        assert shell(account(), node) == 7
        variable, response, region, operation, _, request, endpoint = record.read_text().splitlines()
        assert json.loads(variable).keys() == {"SessionId", "TokenValue", "StreamUrl"}
        assert response == "AWS_SSM_START_SESSION_RESPONSE"
        assert (region, operation) == (ENVIRONMENT.region, "StartSession")
        assert json.loads(request) == {"Target": node.instance_id}
        assert endpoint.startswith("http://127.0.0.1")

    def test_an_old_plugin_gets_the_response_as_an_argument(self, make: Make, plugin: Callable[..., Path]) -> None:
        make()
        record = plugin("1.2.339.0")
        shell(account(), running_nodes(ENVIRONMENT, "two-tower-v2")[0])
        variable, response, *_ = record.read_text().splitlines()
        assert variable == ""
        assert json.loads(response)["SessionId"]

    def test_a_forwarded_port(self, make: Make, plugin: Callable[..., Path]) -> None:
        make()
        record = plugin()
        forward(account(), running_nodes(ENVIRONMENT, "two-tower-v2")[0], 6006, 16006)
        request = json.loads(record.read_text().splitlines()[5])
        assert request["DocumentName"] == "AWS-StartPortForwardingSession"
        assert request["Parameters"] == {"portNumber": ["6006"], "localPortNumber": ["16006"]}

    def test_a_channel_for_ssh_needs_a_key(self, make: Make, plugin: Callable[..., Path], tmp_path: Path) -> None:
        make()
        record = plugin()
        node = running_nodes(ENVIRONMENT, "two-tower-v2")[0]
        key = tmp_path / "id.pub"
        with pytest.raises(
            OperationError, match=r"cannot be read \(No such file or directory\)\. Create one: ssh-keygen"
        ):
            ssh_channel(account(), node, "ubuntu", key)
        key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana\n")
        assert ssh_channel(account(), node, "ubuntu", key) == 7
        assert json.loads(record.read_text().splitlines()[5])["DocumentName"] == "AWS-StartSSHSession"

    def test_a_missing_plugin_is_one_sentence(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        make()
        node = running_nodes(ENVIRONMENT, "two-tower-v2")[0]
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(OperationError) as refused:
            shell(account(), node)
        assert refused.value.message.startswith(
            "session-manager-plugin is not on the PATH, and sessions with nodes require it. Install it: https://docs.aws."
        )

    def test_a_node_that_is_not_connected_may_still_boot(
        self, make: Make, plugin: Callable[..., Path], client: Callable[..., Any]
    ) -> None:
        make()
        plugin()
        node = running_nodes(ENVIRONMENT, "two-tower-v2")[0]
        client("ec2").terminate_instances(InstanceIds=[node.instance_id])
        with pytest.raises(OperationError) as refused:
            shell(account(), node)
        assert refused.value.message.startswith(f"Node 0 ({node.instance_id}) is not connected to Systems Manager. ")
        assert "may still boot" in refused.value.message
