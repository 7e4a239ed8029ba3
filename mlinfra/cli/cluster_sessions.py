"""`mlinfra clusters ssh`, `forward` and `ssh-config`: sessions with nodes, without an open port."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.options import EnvironmentName  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.clusters import ClusterNode

_Experiment = Annotated[str, typer.Argument(help="The experiment's name.", metavar="EXPERIMENT")]
_NODE_HELP = "The number of the node, from 0 in the order of launch, or its instance id. Default: 0."
_Node = Annotated[str | None, typer.Argument(help=_NODE_HELP, metavar="NODE", show_default=False)]
_NodeOption = Annotated[str | None, typer.Option("--node", help=_NODE_HELP, metavar="NODE", show_default=False)]
_Key = Annotated[
    Path, typer.Option("--key", help="Your public SSH key, which a node accepts for 60 seconds.", metavar="FILE")
]
_DEFAULT_KEY = Path("~/.ssh/id_ed25519.pub")


def ssh(environment: EnvironmentName, experiment: _Experiment, node: _Node = None) -> None:
    """Open a shell on a node, through Session Manager. Exit codes are those of the session."""
    from mlinfra.operations.clusters import shell

    account, chosen = _chosen(environment, experiment, node)
    raise typer.Exit(shell(account, chosen))


def forward(
    environment: EnvironmentName,
    experiment: _Experiment,
    port: Annotated[
        int,
        typer.Argument(help="The port on the node, such as 6006 for TensorBoard.", min=1, max=65535, metavar="PORT"),
    ],
    *,
    node: _NodeOption = None,
    local_port: Annotated[
        int | None,
        typer.Option(
            "--local-port", help="The port on this machine. Default: PORT.", min=1, max=65535, show_default=False
        ),
    ] = None,
) -> None:
    """Forward a port of this machine to one of a node, such as for TensorBoard or Jupyter, until Ctrl-C."""
    from mlinfra.operations.clusters import forward as operation

    account, chosen = _chosen(environment, experiment, node)
    typer.echo(f"http://localhost:{local_port or port} is port {port} of {chosen.instance_id}. End: Ctrl-C.", err=True)
    raise typer.Exit(operation(account, chosen, port, local_port or port))


def ssh_config(
    environment: EnvironmentName,
    experiment: _Experiment,
    *,
    user: Annotated[
        str | None,
        typer.Option("--user", help="The user on the nodes. Default: that of the image.", show_default=False),
    ] = None,
    key: _Key = _DEFAULT_KEY,
) -> None:
    """Print the entries of the running nodes for ~/.ssh/config, for ssh, scp, rsync and editors such as VS Code.

    Node numbers follow the launch: print them again after nodes were replaced.
    """
    import sys

    from mlinfra.operations.clusters import login_of, running_nodes

    account, declared = _account(environment)
    private = key.with_suffix("")
    for each in running_nodes(declared, experiment):
        login = user or login_of(account, each)
        command = shlex.join(
            [
                *(sys.executable, "-m", "mlinfra", "clusters", "ssh-channel", environment, experiment),
                *(each.instance_id, "--user", login, "--key", str(key)),
            ]
        )
        folder = shlex.quote(str(Path.cwd()))
        typer.echo(
            f"Host {declared.names.prefix}-{experiment}-{each.number}\n"
            f"  HostName {each.instance_id}\n"
            f"  User {login}\n"
            f"  IdentityFile {private}\n"
            f"  ProxyCommand sh -c {shlex.quote(f'cd {folder} && exec {command}')}\n"
        )


def ssh_channel(
    environment: EnvironmentName,
    experiment: _Experiment,
    node: _Node = None,
    *,
    user: Annotated[str, typer.Option("--user", help="The user on the node.")] = "ec2-user",
    key: _Key = _DEFAULT_KEY,
) -> None:
    """Connect standard input and output to the SSH server of a node: the ProxyCommand of `ssh-config`."""
    from mlinfra.operations.clusters import ssh_channel as operation

    account, chosen = _chosen(environment, experiment, node)
    raise typer.Exit(operation(account, chosen, user, key))


def register(group: typer.Typer) -> None:
    """Add the commands to the group `clusters`."""
    group.command("ssh")(ssh)
    group.command("forward")(forward)
    group.command("ssh-config")(ssh_config)
    group.command("ssh-channel", hidden=True)(ssh_channel)


def _account(name: str) -> tuple[AwsAccount, Environment]:
    from mlinfra.declarations import load_environments
    from mlinfra.operations.aws import account_of
    from mlinfra.operations.terraform import project_root

    (declared,) = load_environments(project_root(), only=name, judged=False)
    return account_of(declared), declared


def _chosen(name: str, experiment: str, node: str | None) -> tuple[AwsAccount, ClusterNode]:
    from mlinfra.operations.clusters import chosen_node, running_nodes

    account, declared = _account(name)
    return account, chosen_node(running_nodes(declared, experiment), node)
