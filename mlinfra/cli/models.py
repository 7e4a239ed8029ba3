"""`mlinfra models`: versions of registered models, and the registration of a run's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, EnvironmentName  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.registration import ModelVersion

models = typer.Typer(
    help="Registered models: their versions, and the registration of a run's model.", no_args_is_help=True
)

_Model = Annotated[str, typer.Argument(help="The declared name of the model.", metavar="MODEL")]


@models.command()
def register(
    environment: EnvironmentName,
    model: _Model,
    run: Annotated[
        str, typer.Argument(help="The id of the run, a unique beginning of it, or `latest`.", metavar="RUN")
    ],
    *,
    image: Annotated[
        str | None,
        typer.Option(
            "--image",
            help="The container image that serves the model: ranker:3.1 in a repository of the environment, or a URI. "
            "Default: none, so that an endpoint must name one.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register the model in the outputs of a run: model.tar.gz or the folder model/. The version waits for approval."""
    from mlinfra.cli.presentation import print_json
    from mlinfra.operations.registration import register_run

    with on_interruption(
        "The version may have been registered. The same command can be run again: a run is registered once."
    ):
        registered = register_run(_declared(environment), model, run, image=image)
    version = registered.version
    if as_json:
        print_json(registered)
        return
    state = "registered" if registered.is_new else "was registered before; nothing was changed"
    typer.echo(f"Version {version.version} of {model}: {state} ({version.approval}).")
    typer.echo(f"  run     {version.run_id}")
    typer.echo(f"  commit  {version.commit or 'unknown'}")
    typer.echo(f"  model   {version.model_data}")
    for name, value in sorted(registered.metrics.items()):
        typer.echo(f"  {name}  {value:.6g}")
    if registered.left_out:
        typer.echo(f"Not in the registry, which has room for 50 properties: {', '.join(registered.left_out)}", err=True)


@models.command()
def versions(
    environment: EnvironmentName,
    model: _Model,
    *,
    limit: Annotated[int, typer.Option("--limit", help="The maximum number of versions.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the versions of a model, the newest first, each with its run, commit and metrics."""
    from mlinfra.cli.presentation import print_json, print_table, table
    from mlinfra.operations.registration import list_versions

    with on_interruption("Nothing was changed."):
        found = list_versions(_declared(environment), model, limit=limit)
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo(f"{model} has no versions.")
        return
    shown = table("Version", "Approval", "Registered (UTC)", "Run", "Commit", "Metrics", right_aligned={"Version"})
    for each in found:
        shown.add_row(str(each.version), each.approval, f"{each.created_at:%Y-%m-%d %H:%M}", *_origin(each))
    print_table(shown)


def _origin(version: ModelVersion) -> tuple[str, str, str]:
    from rich.markup import escape

    metrics = ", ".join(f"{name} {value}" for name, value in sorted(version.metrics.items()))
    return version.run_id or "-", (version.commit or "-")[:12], escape(metrics or "-")


def _declared(name: str) -> Environment:
    from mlinfra.declarations import load_environments
    from mlinfra.operations.terraform import project_root

    (environment,) = load_environments(project_root(), only=name, judged=False)
    return environment
