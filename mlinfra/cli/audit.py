"""`mlinfra audit`: the resources of an account in all regions, with their cost and owners."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, ExitCode
from mlinfra.cli.questions import confirmed
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.audit import Audit, Baseline, ProposedTag

_SUFFIXES = {".json": "json", ".csv": "csv"}


def audit(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            help="Ids or names of resources, for --tag and --adopt. Default: all that the option applies to.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    *,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="Read only this region. Can be repeated. Default: all regions that are enabled for the account.",
            metavar="REGION",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[int, typer.Option(help="The number of resources in the table; 0: all.", min=0)] = 15,
    launchers: Annotated[
        bool,
        typer.Option(
            "--launchers/--no-launchers",
            help="Look up in CloudTrail who launched the dearest unmanaged resources, which takes up to 20 seconds.",
        ),
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Also write the audit to this file: audit.json or audit.csv.", metavar="FILE", show_default=False
        ),
    ] = None,
    memory: Annotated[
        Path | None,
        typer.Option(
            help="Store reported resources in this file. Later audits show only new ones.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    remember: Annotated[
        str | None,
        typer.Option(
            help="As --memory, in an object of the state bucket of this environment, which requires write permission.",
            metavar="ENV",
            show_default=False,
        ),
    ] = None,
    tag: Annotated[
        bool, typer.Option("--tag", help="Propose the tag Owner for unmanaged resources, and set it after a question.")
    ] = False,
    adopt: Annotated[
        str | None,
        typer.Option(
            help="Adopt the unmanaged resources into this environment, as `mlinfra adopt`. Requires --owner.",
            metavar="ENV",
            show_default=False,
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            help="The e-mail address of the owner, for --adopt and --tag. Default of --tag: the best guess of each.",
            metavar="EMAIL",
            show_default=False,
        ),
    ] = None,
    policy: Annotated[
        bool, typer.Option("--policy", help="Only print the IAM policy with the least permissions of an audit.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV to standard output.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what runs in the AWS account: cost, manager, owner and problems of all resources in all regions.

    Needs read access only, except for --tag and --remember. The exit code is 0 if nothing needs attention, 2 if a
    resource does (with --memory or --remember: a new one), and 1 if a region or service could not be read.
    """
    from mlinfra.errors import OperationError

    if policy:
        from mlinfra.cli.presentation import print_json
        from mlinfra.operations.audit import audit_policy

        print_json(audit_policy())
        return
    _check_options(as_json=as_json, csv=csv, out=out, memory=memory, remember=remember, adopt=adopt, owner=owner)
    if tag and adopt:
        message = (
            "--tag and --adopt exclude each other: adopted resources get their tags from the code. Use one of them."
        )
        raise OperationError(message)
    root, declared = _project()
    baseline = _baseline(declared, memory, remember)
    made = _audit(declared, root, region or (), baseline, launchers=launchers)
    _write(made, out)
    _show(made, rows, only_new=baseline is not None, csv=csv, as_json=as_json)
    if tag:
        _tag(made, declared, ids or (), owner)
    if adopt:
        _adopt(made, adopt, ids or (), str(owner))
    if made.failed_regions:
        raise typer.Exit(ExitCode.ERROR)
    if any(each.is_attention_needed and each.is_new for each in made.items):
        raise typer.Exit(ExitCode.DIFFERENCE)


def _check_options(
    *,
    as_json: bool,
    csv: bool,
    out: Path | None,
    memory: Path | None,
    remember: str | None,
    adopt: str | None,
    owner: str | None,
) -> None:
    from mlinfra.errors import OperationError

    if as_json and csv:
        message = "--json and --csv both set the format of standard output. Use one of them, and --out for the other."
        raise OperationError(message)
    if adopt and (as_json or csv):
        message = "--adopt writes its own report to standard output. Use --out FILE instead of --json or --csv."
        raise OperationError(message)
    if memory and remember:
        message = "--memory and --remember exclude each other. Use one of them."
        raise OperationError(message)
    if out and out.suffix not in _SUFFIXES:
        message = f"--out {out} has an unknown format. Expected: a name that ends with .json or .csv."
        raise OperationError(message)
    if adopt and not owner:
        message = f"--adopt {adopt} requires the owner of the adopted resources. Add --owner EMAIL."
        raise OperationError(message)


def _project() -> tuple[Path | None, tuple[Environment, ...]]:
    """The project and its environments. Outside of a project, everything is audited without them."""
    from mlinfra.declarations import load_environments
    from mlinfra.operations.terraform import find_project

    root = find_project()
    if root is None:
        return None, ()
    return root, tuple(load_environments(root, judged=False))


def _baseline(declared: Sequence[Environment], memory: Path | None, remember: str | None) -> Baseline | None:
    from mlinfra.errors import OperationError
    from mlinfra.operations.audit import FileBaseline, ObjectBaseline
    from mlinfra.operations.aws import account_of

    if memory:
        return FileBaseline(memory)
    if remember is None:
        return None
    for each in declared:
        if each.name == remember:
            return ObjectBaseline(account_of(each), each)
    names = ", ".join(each.name for each in declared) or "none, because there is no project in this folder"
    message = f"There is no environment {remember!r} for --remember. Declared: {names}."
    raise OperationError(message)


def _audit(
    declared: Sequence[Environment],
    root: Path | None,
    regions: Sequence[str],
    baseline: Baseline | None,
    *,
    launchers: bool,
) -> Audit:
    from mlinfra.cli.presentation import progress
    from mlinfra.operations.audit import AuditOptions, audit_account, compared, known_of

    # Read the baseline first: an invalid one would otherwise fail after minutes.
    known = baseline.load() if baseline else {}
    with on_interruption("Nothing was changed in AWS. The baseline is unchanged."):
        made = audit_account(declared, root, progress(), options=AuditOptions(regions=regions, launchers=launchers))
    if baseline is None:
        return made
    made = compared(made, known)
    baseline.store(known_of(made, known))
    return made


def _write(made: Audit, out: Path | None) -> None:
    from mlinfra.errors import OperationError
    from mlinfra.operations.audit import to_csv, to_json

    if out is None:
        return
    text = to_csv(made) if _SUFFIXES[out.suffix] == "csv" else to_json(made)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"The audit cannot be written to {out}: {error.strerror}."
        raise OperationError(message) from error


def _show(made: Audit, rows: int, *, only_new: bool, csv: bool, as_json: bool) -> None:
    from mlinfra.cli.audit_report import show_audit
    from mlinfra.cli.presentation import error_console
    from mlinfra.operations.audit import failure_text, to_csv, to_json

    if as_json or csv:
        typer.echo(to_json(made) if as_json else to_csv(made), nl=False)
    else:
        show_audit(made, rows, only_new=only_new)
    for line in failure_text(made):
        error_console().print(f"✗ {line}", markup=False, style="red")
    if made.failed_regions:
        error_console().print(
            "The audit is incomplete: resources of these regions and services may be missing.", style="bold red"
        )


def _tag(made: Audit, declared: Sequence[Environment], ids: Sequence[str], owner: str | None) -> None:
    from rich.markup import escape

    from mlinfra.cli.presentation import error_console
    from mlinfra.operations.audit import account_in_use, apply_tags, proposed_tags

    console = error_console()
    proposals = proposed_tags(made, ids, owner)
    if not proposals:
        console.print("There is no unmanaged resource with a guessed owner. To name one: --tag ID --owner EMAIL.")
        return
    count = sum(len(each.arns) for each in proposals)
    console.print("\nSet the tag Owner:")
    for each in proposals:
        console.print(f"  {escape(_subject(each))}  [bold]{escape(each.owner)}[/]  [dim]{escape(each.evidence)}[/]")
    if not confirmed(f"Set the tag Owner of {counted(count, 'resource')}?", "Nothing was tagged."):
        console.print("Nothing was tagged.")
        return
    account, _ = account_in_use(declared)
    result = apply_tags(account, proposals)
    for arn, reason in result.failed.items():
        console.print(f"[red]✗[/] {escape(arn)}: {escape(reason)}")
    console.print(f"Tagged: {len(result.tagged)} of {counted(count, 'resource')}.")
    if result.failed:
        raise typer.Exit(ExitCode.ERROR)


def _subject(proposal: ProposedTag) -> str:
    item = proposal.item
    more = f" ({len(proposal.arns)} instances)" if len(proposal.arns) > 1 else ""
    return f"{item.region} {item.kind} {item.name}{more}"


def _adopt(made: Audit, environment: str, ids: Sequence[str], owner: str) -> None:
    """Adopt the resources of each region. Refused resources of one region do not affect the others."""
    from mlinfra.cli.adopt import adopt_selected
    from mlinfra.cli.presentation import error_console, print_error
    from mlinfra.errors import OperationError
    from mlinfra.operations.adopt import AdoptionRequest
    from mlinfra.operations.audit import adoptable

    found, others = adoptable(made, ids)
    console = error_console()
    if others:
        console.print(f"{len(others)} unmanaged resources are of kinds that cannot be adopted, such as {others[0]}.")
    if not found:
        console.print("There is no unmanaged resource that can be adopted.")
    failed = False
    for each in found:
        console.print(f"\n[bold]{each.region}: adopt {counted(len(each.ids), 'resource')} into {environment}[/]")
        try:
            request = AdoptionRequest(ids=each.ids, kinds=each.kinds, region=each.region)
            adoption = adopt_selected(environment, request, owner=owner)
        except OperationError as error:
            print_error(error.message, error.details)
            failed = True
        else:
            failed = failed or not adoption.written
    if failed:
        raise typer.Exit(ExitCode.ERROR)
