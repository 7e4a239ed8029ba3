"""`mlinfra report`: an HTML page with cost, clusters, audit, drift, approvals and architecture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from mlinfra.operations.report import Sources, WrittenReport

_FILE = Path("report.html")
_BYTES_PER_MB = 1_000_000


def report(
    environments: Annotated[
        list[str] | None,
        typer.Argument(help="The environments. Default: all that are not emulated.", metavar="ENV", show_default=False),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", "--output", help="The file to write.", metavar="FILE")] = _FILE,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the report on this machine, and refresh its data, until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="The port for --serve. Default: any free port.", min=0, max=65535, show_default=False)
    ] = 0,
    every: Annotated[
        int,
        typer.Option(
            help="With --serve, the minutes after which an open page gets new data.", min=1, metavar="MINUTES"
        ),
    ] = 10,
    aws: Annotated[
        bool,
        typer.Option("--aws/--no-aws", help="Read clusters and audit the account. Without, no credentials are needed."),
    ] = True,
    audit: Annotated[
        list[Path] | None,
        typer.Option(
            help="The output of `mlinfra audit --out FILE.json`; one for each account. Default: audit the account now.",
            metavar="FILE",
            exists=True,
            show_default=False,
        ),
    ] = None,
    skip_audit: Annotated[
        bool, typer.Option("--skip-audit", help="Do not audit the account, which takes a minute or more.")
    ] = False,
    drift: Annotated[
        list[Path] | None,
        typer.Option(
            help="The output of `mlinfra drift --out FILE.json`; one for each environment. Default: none.",
            metavar="FILE",
            exists=True,
            show_default=False,
        ),
    ] = None,
    review: Annotated[
        list[Path] | None,
        typer.Option(
            help="The output of `mlinfra review --json`. Default: the plans in plans/ are reviewed.",
            metavar="FILE",
            exists=True,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page: who spends what, what runs without an owner, what ends soon, and the architecture.

    The page needs no network, and can be sent by e-mail or published as an artifact. It contains what it shows: names,
    addresses of resources and owners. Sections without data name the command that produces it.
    """
    from mlinfra.operations.report import Sources

    sources = Sources(
        environments=tuple(environments or ()),
        aws=aws,
        live_audit=not skip_audit,
        audit=tuple(audit or ()),
        drift=tuple(drift or ()),
        review=tuple(review or ()),
    )
    if serve:
        _serve(sources, port, every)
        return
    from mlinfra.cli.presentation import print_json, progress
    from mlinfra.operations.report import collect, write_report
    from mlinfra.operations.terraform import project_root

    with on_interruption(f"{out} was not changed."):
        data = collect(project_root(), progress(), sources)
        if as_json:
            print_json(data)
            return
        written = write_report(data, out)
    _show(written)


def _show(written: WrittenReport) -> None:
    from mlinfra.cli.presentation import output_console

    console = output_console()
    console.print(f"Report: [bold]{written.path.resolve()}[/], {written.size / _BYTES_PER_MB:.1f} MB.")
    if written.unavailable:
        console.print(f"Not available: {', '.join(written.unavailable)}. The page contains the reasons and commands.")


def _serve(sources: Sources, port: int, every: int) -> None:
    import time

    from mlinfra.cli.presentation import output_console, progress
    from mlinfra.operations.report import Reports, collect, serve_reports
    from mlinfra.operations.terraform import project_root

    root, shown = project_root(), progress()
    with on_interruption("The report is no longer served. Nothing was changed."):
        reports = Reports(lambda: collect(root, shown, sources), seconds=every * 60)
        with serve_reports(reports, port=port) as address:
            output_console().print(f"Report: [bold]{address}[/], on this machine only. Stop it with Ctrl-C.")
            while True:
                time.sleep(1)
