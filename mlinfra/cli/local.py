"""`mlinfra local`: an AWS on this machine, in the background."""

from __future__ import annotations

from typing import Annotated

import typer

from mlinfra.cli.options import AsJson, ExitCode
from mlinfra.command import own_command

local = typer.Typer(
    help="An AWS on this machine for trials. Its resources are deleted when it stops.", no_args_is_help=True
)


@local.command()
def up(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 for a free port.", min=0, max=65535)] = 0,
    *,
    enforce_iam: Annotated[
        bool, typer.Option("--enforce-iam", help="Refuse requests that IAM does not allow, as AWS does.")
    ] = False,
    nodes: Annotated[
        bool,
        typer.Option(help="Instances of auto scaling groups boot and execute commands, as processes of this machine."),
    ] = True,
) -> None:
    """Start the local AWS in the background."""
    from mlinfra.local_aws import background

    running, is_new = background.up(port=port, enforce_iam=enforce_iam, nodes=nodes)
    typer.echo(f"{'Started' if is_new else 'Already running'}: {running.server.endpoint}, log {running.server.log}")
    typer.echo(f'Use it in this shell:  eval "$({own_command()} local env)"')
    typer.echo(f"Stop it:               {own_command()} local down")


@local.command()
def down() -> None:
    """Stop the local AWS."""
    from mlinfra.local_aws import background

    ended = background.down()
    typer.echo(f"Stopped: {ended.server.endpoint}" if ended else "The local AWS is not running.")


@local.command()
def populate() -> None:
    """Create resources that no one manages, as in an account that was used by hand. For trials of audit and adopt."""
    from mlinfra.errors import OperationError
    from mlinfra.local_aws import background
    from mlinfra.local_aws.unmanaged import create_unmanaged

    running = background.running()
    if running is None:
        raise OperationError(_not_running())
    create_unmanaged(running.server, lambda each: typer.echo(f"Created in {each.region}: {each.text}"))


@local.command()
def status(*, as_json: AsJson = False) -> None:
    """Show the endpoint and the log of the local AWS. The exit code is 1 if it is not running."""
    from mlinfra.cli.presentation import print_json
    from mlinfra.local_aws import background

    running = background.running()
    if running is None:
        if as_json:
            print_json({"running": False})
        else:
            typer.echo(_not_running())
        raise typer.Exit(ExitCode.ERROR)
    server = running.server
    if as_json:
        print_json(
            {
                "running": True,
                "endpoint": server.endpoint,
                "answers": server.answers(),
                "pid": server.pid,
                "started": running.started,
                "log": server.log,
            }
        )
        return
    answers = "answers" if server.answers() else "does not answer"
    typer.echo(f"{server.endpoint} {answers}: process {server.pid}, since {running.started:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"Log: {server.log}")


@local.command()
def env(
    region: Annotated[str, typer.Option(help="The default region of programs.")] = "us-east-1",
) -> None:
    """Print shell commands that select the local AWS: eval "$(mlinfra local env)".

    Afterwards, `aws`, boto3, Terraform and cdktf use the local AWS, and cannot reach a real account.
    """
    from mlinfra.errors import OperationError
    from mlinfra.local_aws import background
    from mlinfra.local_aws.client_variables import client_variables
    from mlinfra.operations.terraform import project_root, provider_source
    from mlinfra.variables import shell_lines

    running = background.running()
    if running is None:
        raise OperationError(_not_running())
    try:
        terraform = provider_source(project_root()).changes
    except OperationError as reason:
        # `aws` and boto3 need no Terraform settings.
        typer.echo(f"Terraform settings are not changed. {reason}", err=True)
        terraform = {}
    typer.echo(shell_lines({**client_variables(running.server, region=region), **terraform}))


def _not_running() -> str:
    return f"The local AWS is not running. Start it: {own_command()} local up"
