"""`mlinfra local`: an AWS on this machine that stays until it is told to go."""

from __future__ import annotations

from typing import Annotated

import typer

from mlinfra.command import own_command

local = typer.Typer(
    help="An AWS on this machine, for trying things out: everything in it is gone when it ends.", no_args_is_help=True
)


@local.command()
def up(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 for a free one.", min=0, max=65535)] = 0,
) -> None:
    """Start it in the background."""
    from mlinfra.local_aws import background

    running, is_new = background.up(port=port)
    typer.echo(f"{'Started' if is_new else 'It runs already'}: {running.server.endpoint}, log {running.server.log}")
    typer.echo(f'Point this shell at it:  eval "$({own_command()} local env)"')
    typer.echo(f"End it:                  {own_command()} local down")


@local.command()
def down() -> None:
    """End it."""
    from mlinfra.local_aws import background

    ended = background.down()
    typer.echo(f"Ended: {ended.server.endpoint}" if ended else "No local AWS runs.")


@local.command()
def status() -> None:
    """Say whether it runs, and where. The exit code is 1 where it does not."""
    from mlinfra.local_aws import background

    running = background.running()
    if running is None:
        typer.echo(f"No local AWS runs. Start one: {own_command()} local up")
        raise typer.Exit(1)
    server = running.server
    answers = "answers" if server.answers() else "does not answer"
    typer.echo(f"{server.endpoint} {answers}: process {server.pid}, since {running.started:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"Log: {server.log}")


@local.command()
def env(
    region: Annotated[str, typer.Option(help="The region that programs use where they are told none.")] = "us-east-1",
) -> None:
    """Print what points a shell at it: eval "$(mlinfra local env)".

    After that `aws`, boto3, Terraform and cdktf talk to it, and cannot reach a real account.
    """
    from mlinfra.errors import OperationError
    from mlinfra.local_aws import background
    from mlinfra.local_aws.client_variables import client_variables
    from mlinfra.operations.terraform import project_root, provider_source
    from mlinfra.variables import shell_lines

    running = background.running()
    if running is None:
        message = f"No local AWS runs. Start one: {own_command()} local up"
        raise OperationError(message)
    try:
        terraform = provider_source(project_root()).changes
    except OperationError as reason:
        # `aws` and boto3 do without.
        typer.echo(f"Terraform is left as it is. {reason}", err=True)
        terraform = {}
    typer.echo(shell_lines({**client_variables(running.server, region=region), **terraform}))
