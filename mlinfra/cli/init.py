"""`mlinfra init`: writes the repository of a new project."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.command import own_command
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from rich.console import Console

    from mlinfra.operations.migration import Existing, Migration
    from mlinfra.operations.scaffold import PipelineService, Settings, Written

_PAGE: Final = "migration.md"
_EXAMPLES: Final = {"--project": "--project ranker", "--owner": "--owner ana@example.com"}


class Ci(str, Enum):
    """The service that runs the pipeline of a project."""

    GITLAB = "gitlab"
    GITHUB = "github"
    NONE = "none"


def init(
    folder: Annotated[
        Path, typer.Argument(help="The folder of the project, which is created if it does not exist.", metavar="DIR")
    ] = Path(),
    *,
    project: Annotated[
        str | None, typer.Option(help="The name of the project. Default: that of DIR.", show_default=False)
    ] = None,
    account_id: Annotated[
        str | None,
        typer.Option(
            "--account-id", help="The AWS account, 12 digits. Default: a placeholder to replace.", show_default=False
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="The AWS region. Default: AWS_REGION, or us-east-1.", show_default=False),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            help="The e-mail address of the owner. Default: that of git.", metavar="EMAIL", show_default=False
        ),
    ] = None,
    ci: Annotated[
        Ci | None,
        typer.Option(
            help="The service of the pipeline. Default: that of the repository, or gitlab.", show_default=False
        ),
    ] = None,
    repository: Annotated[
        str | None,
        typer.Option(
            help="The repository, such as gitlab.com/ml/ranker, whose pipeline may deploy. Default: the remote origin.",
            show_default=False,
        ),
    ] = None,
    from_hcl: Annotated[
        Path | None,
        typer.Option(
            "--from-hcl",
            help="An existing Terraform configuration, or a file with its state or plan: propose which construct would "
            "own each resource, and write the proposal to migration.md. Nothing in it is changed.",
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: use the defaults of options.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a new project: training, serving, infrastructure, environments, tests and a pipeline.

    It synthesizes and passes its tests at once, and deploys to the local AWS without an account. On a terminal, it asks
    for what neither options nor the folder, git and AWS_REGION determine. No existing file is changed: if files
    conflict, they are listed, and nothing is written.
    """
    from mlinfra.cli.presentation import output_console, print_json
    from mlinfra.errors import OperationError
    from mlinfra.operations.scaffold import ProjectFile, begin_repository, project_files, write_project

    given = _Given(project, account_id, region, owner, ci, repository)
    if from_hcl is not None and folder.resolve() == from_hcl.resolve():
        message = (
            f"{folder} is the existing configuration, which is not changed. Choose another folder for the project."
        )
        raise OperationError(message)
    found = _read(from_hcl)
    settings = _settings(folder, given, found, ask=_is_terminal() and not (yes or as_json))
    files = [*project_files(settings)]
    migration = None
    if found is not None:
        from mlinfra.operations.migration import migration_page, propose

        migration = propose(found, settings.environment)
        files.append(ProjectFile(_PAGE, migration_page(migration, settings.environment)))
    written = write_project(files, folder)
    is_new = begin_repository(folder)
    if as_json:
        print_json(
            {
                "folder": str(folder.resolve()),
                "files": asdict(written),
                "git": is_new,
                "migration": migration and asdict(migration),
            }
        )
        return
    console = output_console()
    _show_written(folder, settings, written, console, is_new=is_new)
    if migration is not None:
        _show_migration(migration, folder, console)
    _show_next_steps(folder, settings, console)


@dataclass(frozen=True)
class _Given:
    """The values of the options."""

    project: str | None
    account_id: str | None
    region: str | None
    owner: str | None
    ci: Ci | None
    repository: str | None


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _read(path: Path | None) -> Existing | None:
    if path is None:
        return None
    from mlinfra.operations.migration import read_existing

    return read_existing(path)


def _settings(folder: Path, given: _Given, found: Existing | None, *, ask: bool) -> Settings:
    from mlinfra.declarations import present_day
    from mlinfra.errors import OperationError
    from mlinfra.operations.scaffold import DEFAULT_REGION, UNKNOWN_ACCOUNT, Settings, defaults_of, service_of

    known = defaults_of(folder)

    def choose(question: str, *determined: str | None, default: str = "") -> str:
        """The first of `determined` that is given; otherwise the answer to a question, or `default`."""
        found = next((each for each in determined if each), None)
        if found is not None or not ask:
            return found if found is not None else default
        return str(typer.prompt(question, default=default or None, err=True)).strip()

    repository = given.repository if given.repository is not None else known.repository
    project = choose("Name of the project", given.project, known.project)
    account_id = choose(
        "AWS account of dev (Enter: a placeholder to replace later)",
        given.account_id,
        found.account_id if found else None,
        default=UNKNOWN_ACCOUNT,
    )
    region = choose("AWS region", given.region, found.region if found else None, known.region, default=DEFAULT_REGION)
    owner = choose("E-mail address of the owner", given.owner, known.owner)
    ci = choose(
        "Pipeline: gitlab, github or none",
        given.ci and given.ci.value,
        service_of(repository) if repository else None,
        default=service_of(repository),
    )
    for name, value in (("--project", project), ("--owner", owner)):
        if not value:
            message = f"There is no default for {name}. Nothing was written. Use {name}, such as {_EXAMPLES[name]}."
            raise OperationError(message)
    if ci not in {each.value for each in Ci}:
        known_services = ", ".join(each.value for each in Ci)
        message = f"{ci!r} is not a service of pipelines. Expected: {known_services}. Nothing was written."
        raise OperationError(message)
    services: tuple[PipelineService, ...] = () if ci == Ci.NONE else ("github" if ci == Ci.GITHUB else "gitlab",)
    return Settings(
        project=project,
        owner=owner,
        account_id=account_id,
        region=region,
        services=services,
        repository=repository,
        today=present_day(),
    )


def _show_written(folder: Path, settings: Settings, written: Written, console: Console, *, is_new: bool) -> None:
    from rich.markup import escape

    from mlinfra.operations.scaffold import UNKNOWN_ACCOUNT, installed_from

    unchanged = f", {len(written.unchanged)} existed already with the same content" if written.unchanged else ""
    where = escape(str(folder)) if folder.name else "this folder"
    console.print(
        f"[bold]{escape(settings.project)}[/]: {counted(len(written.created), 'file')} written to {where}{unchanged}."
    )
    for each in written.created:
        console.print(f"  [dim]{escape(each)}[/]")
    console.print(
        f"Owner: {escape(settings.owner)}. Region: {escape(settings.region)}. Pipeline: "
        f"{', '.join(settings.services) or 'none'}."
    )
    if is_new:
        console.print("A git repository was created. Nothing is committed.")
    if settings.account_id == UNKNOWN_ACCOUNT:
        console.print(f"The account of dev is the placeholder {UNKNOWN_ACCOUNT}: replace it in environments/dev.py.")
    if settings.services and settings.pipeline is None:
        console.print(
            "The repository is not known, so no pipeline is trusted yet: declare it in environments/_project.py, and "
            "its "
            "pipeline in environments/dev.py (README.md)."
        )
    if not settings.has_pinned_image:
        console.print(
            f"No machine image is pinned for {settings.region} yet. Before `dev` can be synthesized, with credentials: "
            f"{own_command()} images pin dev"
        )
    if address := installed_from():
        console.print(
            f"This mlinfra was installed from {escape(address)}. `make setup` and pipelines need it in a package "
            f"index, or in a folder that PIP_FIND_LINKS names."
        )


def _show_migration(migration: Migration, folder: Path, console: Console) -> None:
    from rich.markup import escape

    console.print(f"\n[bold]{escape(migration.source)}[/]: {migration.headline}")
    for title, proposals in migration.by_outcome():
        console.print(f"  [bold]{title}[/]")
        for each in proposals:
            console.print(f"    {escape(each.summary)}")
    console.print(
        f"The reasons and the steps: {escape(str(folder / _PAGE))}. Nothing was changed in {escape(migration.source)}."
    )


def _show_next_steps(folder: Path, settings: Settings, console: Console) -> None:
    import shutil
    from importlib.util import find_spec
    from shlex import quote

    from rich.markup import escape

    command = own_command()
    on_path = "" if command == "mlinfra" else f" MLINFRA={quote(command)}"
    tests = "pytest" if shutil.which("pytest") else f"{quote(sys.executable)} -m pytest"
    if find_spec("pytest") is None or find_spec("syrupy") is None:
        tests = "make check"
    enter = "" if folder.resolve() == Path.cwd() else f"cd {quote(str(folder))} && "
    console.print("\nNext:")
    console.print(f"  [cyan]{escape(enter + tests)}[/]")
    console.print(f"  [cyan]git add --all && git commit --message 'Start {settings.project}'[/]")
    console.print(
        f"  [cyan]make local{escape(on_path)}[/]    deploy to a local AWS, and train there: no account, no cost"
    )
    console.print("README.md describes the rest, such as the deployment to an AWS account.")
