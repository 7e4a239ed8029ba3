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
_LAST_PORT = 65535


def ssh(
    place: Annotated[
        list[str] | None,
        typer.Argument(
            help="The environment, the experiment, and the node: its number, from 0 in the order of launch, or its "
            "instance id. Defaults: the environment that declares the experiment, the only running cluster, node 0.",
            metavar="[ENV] [EXPERIMENT] [NODE]",
            show_default=False,
        ),
    ] = None,
    *,
    print_config: Annotated[
        bool,
        typer.Option("--print-config", help="Print entries for ~/.ssh/config instead, for ssh, scp and VS Code."),
    ] = False,
) -> None:
    """Open a shell on a node, through Session Manager. Exit codes are those of the session."""
    from mlinfra.operations.clusters import shell

    environment, experiment, rest = _cluster(place or [], most=1)
    if print_config:
        ssh_config(environment, experiment)
        return
    account, chosen = _chosen(environment, experiment, rest[0] if rest else None)
    raise typer.Exit(shell(account, chosen))


def forward(
    place: Annotated[
        list[str],
        typer.Argument(
            help="The environment, the experiment, and the port on the node, such as 6006 for TensorBoard. Defaults: "
            "the environment that declares the experiment, the only running cluster.",
            metavar="[ENV] [EXPERIMENT] PORT",
            show_default=False,
        ),
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

    *where, last = place
    port = _port(last)
    environment, experiment, _ = _cluster(where, most=0)
    account, chosen = _chosen(environment, experiment, node)
    text = f"http://localhost:{local_port or port} is port {port} of {chosen.instance_id}. End: Ctrl-C."
    forwarded = operation(account, chosen, port, local_port or port, begin=lambda: typer.echo(text, err=True))
    raise typer.Exit(forwarded)


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
            f"Host {declared.names.cluster_named(experiment)}-{each.number}\n"
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


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LAST_PORT:
        message = f"{text!r} is not a port. Expected: a number from 1 to {_LAST_PORT}, as the last argument."
        raise typer.BadParameter(message, param_hint="'PORT'")
    return int(text)


def _cluster(place: list[str], *, most: int) -> tuple[str, str, list[str]]:
    """The environment and the experiment in the arguments of a command, and the remaining ones.

    Args:
        place: the arguments.
        most: the largest number of remaining arguments.

    Raises:
        OperationError: if several environments declare the experiment, or several clusters run.
    """
    from mlinfra.declarations import load_environments
    from mlinfra.operations.clusters import only_running_cluster
    from mlinfra.operations.runs import select_experiment
    from mlinfra.operations.terraform import project_root

    root = project_root()
    declared = load_environments(root, judged=False)
    names = {each.name for each in declared}
    experiments = {experiment.name for each in declared for experiment in each.experiments}
    if len(place) > 1 and place[0] in names:
        environment, experiment, rest = place[0], place[1], place[2:]
    elif place and (place[0] in experiments or len(place) > most):
        chosen, found = select_experiment(root, place[0], choice=f"{{}} {place[0]}")
        environment, experiment, rest = chosen.name, found.name, place[1:]
    else:
        cluster = only_running_cluster(declared)
        environment, experiment, rest = cluster.environment, cluster.experiment, place
    if len(rest) > most:
        message = f"There are too many arguments: {' '.join(rest[most:])}"
        raise typer.BadParameter(message)
    return environment, experiment, rest


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
