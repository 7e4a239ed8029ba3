"""`mlinfra buckets`: the recorded bucket names of protected data lakes."""

from __future__ import annotations

from typing import Annotated

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations

buckets = typer.Typer(
    help="Bucket names of protected data lakes, recorded in environments/buckets.lock.json.", no_args_is_help=True
)


@buckets.command()
def pin(
    environments: Annotated[
        list[str] | None,
        typer.Argument(
            help="The environments, such as prod. Default: all that protect their data.",
            metavar="ENV",
            show_default=False,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Record the bucket names of an environment, once, before its bootstrap. Commit the file.

    From then on, synthesis fails if a recorded name would change, and says what to do instead.
    """
    from mlinfra.cli.presentation import output_console, print_json
    from mlinfra.declarations import BUCKET_RECORD_FILE, load_environments
    from mlinfra.functions.counting import counted
    from mlinfra.operations.bootstrap import pin_bucket_names
    from mlinfra.operations.terraform import project_root

    root = project_root()
    if environments:
        chosen = [each for name in environments for each in load_environments(root, only=name, judged=False)]
    else:
        chosen = [each for each in load_environments(root, judged=False) if each.protect_data]
    new = pin_bucket_names(chosen, root)
    if as_json:
        print_json({"file": BUCKET_RECORD_FILE, "new": new})
        return
    console = output_console()
    for name in new:
        console.print(f"  {name}")
    console.print(
        f"{counted(len(new), 'new name')} in {BUCKET_RECORD_FILE}. Commit the file."
        if new
        else "All names were recorded already."
    )


@buckets.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Show the recorded names."""
    from mlinfra.cli.presentation import output_console, print_json, print_table, table
    from mlinfra.declarations import BUCKET_RECORD_FILE, BucketRecord
    from mlinfra.operations.terraform import project_root

    record = BucketRecord.load(project_root() / BUCKET_RECORD_FILE)
    if as_json:
        print_json({environment: dict(names) for environment, names in record.names.items()})
        return
    if not record.names:
        output_console().print(f"No names are recorded in {BUCKET_RECORD_FILE}.")
        return
    shown = table("Environment", "Use", "Bucket")
    for environment, names in record.names.items():
        for use, name in names.items():
            shown.add_row(environment, use, name)
    print_table(shown)
