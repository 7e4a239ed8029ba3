"""The `mlinfra` command: registration of all commands, and messages for errors.

Each command is defined in a file of its own, with its options and its output. A command imports the operation it calls
when it runs, so that help and shell completion start fast.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.core import TyperGroup

from mlinfra.cli.adopt import adopt
from mlinfra.cli.apply import apply
from mlinfra.cli.approve import approve
from mlinfra.cli.audit import audit
from mlinfra.cli.bootstrap import bootstrap
from mlinfra.cli.buckets import buckets
from mlinfra.cli.catalog import catalog
from mlinfra.cli.checks import checks
from mlinfra.cli.cluster_sessions import register as register_sessions
from mlinfra.cli.cluster_top import register as register_top
from mlinfra.cli.clusters import clusters
from mlinfra.cli.cost import cost
from mlinfra.cli.cost_actual import actual
from mlinfra.cli.cost_clusters import clusters as cost_clusters
from mlinfra.cli.demo import demo
from mlinfra.cli.destroy import destroy
from mlinfra.cli.doctor import doctor
from mlinfra.cli.drift import drift
from mlinfra.cli.forget import forget
from mlinfra.cli.images import images
from mlinfra.cli.init import init
from mlinfra.cli.interruption import exit_on_termination, on_interruption
from mlinfra.cli.local import local
from mlinfra.cli.models import models
from mlinfra.cli.options import ExitCode
from mlinfra.cli.plan import plan
from mlinfra.cli.preflight import preflight
from mlinfra.cli.provenance import provenance
from mlinfra.cli.recover import recover
from mlinfra.cli.report import report
from mlinfra.cli.review import review
from mlinfra.cli.run import run as run_command
from mlinfra.cli.runs import runs
from mlinfra.cli.status import status
from mlinfra.cli.synth import synth
from mlinfra.cli.unlock import unlock
from mlinfra.cli.up import up
from mlinfra.errors import DeclarationError, OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

register_sessions(clusters)
register_top(clusters)

_PANELS: Final[Mapping[str, Mapping[str, typer.Typer | Callable[..., None]]]] = {
    "Set up": {"init": init, "demo": demo, "local": local, "doctor": doctor, "bootstrap": bootstrap},
    "Declare": {"catalog": catalog, "cost": cost, "images": images, "buckets": buckets, "preflight": preflight},
    "Deploy": {
        "up": up,
        "synth": synth,
        "checks": checks,
        "plan": plan,
        "review": review,
        "approve": approve,
        "apply": apply,
    },
    "Run": {"run": run_command, "runs": runs, "clusters": clusters, "models": models},
    "Watch": {"status": status, "report": report, "audit": audit, "drift": drift, "provenance": provenance},
    "Clean up": {"unlock": unlock, "recover": recover, "adopt": adopt, "forget": forget, "destroy": destroy},
}
"""Every command, in the panels of `mlinfra --help`, in their order."""


class _Commands(TyperGroup):
    """The commands in the order of `_PANELS`; Typer would list groups after all other commands."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The names of all commands."""
        del ctx
        return [name for commands in _PANELS.values() for name in commands]

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401  as Typer declares it
        """Run a command."""
        with on_interruption(lambda: None):
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Commands,
    help="Infrastructure for machine learning teams on AWS, declared in Python.",
    epilog="Exit codes: 0 success, 1 error, 2 difference, 3 approval required, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cost.command()(actual)
cost.command("clusters")(cost_clusters)
for _panel, _commands in _PANELS.items():
    for _name, _command in _commands.items():
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, name=_name, rich_help_panel=_panel)
        else:
            app.command(_name, rich_help_panel=_panel)(_command)


def run() -> None:
    """Run the command. An error that the user can correct is one message on standard error, without a traceback."""
    exit_on_termination()
    try:
        app()
    except OperationError as error:
        _fail(error.message, error.details, code=error.exit_code)
    except DeclarationError as error:
        _fail(str(error))
    except OSError as error:
        from mlinfra.cli.system_errors import system_error_message

        _fail(system_error_message(error))
    except RuntimeError as error:
        # pathlib has no class of its own for this.
        if "home directory" not in str(error):
            raise
        from mlinfra.cli.system_errors import home_error_message

        _fail(home_error_message())


@app.callback(invoke_without_command=True)
def _options(
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if show_version:
        from importlib.metadata import version

        typer.echo(f"mlinfra {version('mlinfra-cdktf')}")
        raise typer.Exit


def _fail(message: str, details: str = "", *, code: int = ExitCode.ERROR) -> None:
    from mlinfra.cli.presentation import print_error

    print_error(message, details)
    sys.exit(code)
