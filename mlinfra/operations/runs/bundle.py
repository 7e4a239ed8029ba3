"""The runner archive: the programs that execute a run on a node, with all that they import.

It is built from the installed packages of this command: nodes download nothing from a package index. Its bytes depend
on their versions only, and not on the machine, the version of Python or the time.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError
from mlinfra.operations.runs.archives import writing_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.runs.archives import Archive

SERVICES: Final = frozenset(
    {"autoscaling", "cloudwatch", "dynamodb", "ec2", "ecr", "events", "logs", "s3", "ssm", "sts"}
)
"""The services of AWS that the runner and jobs call."""
PYTHON_FILE: Final = "python-requires"
"""The file of the archive with the oldest version of Python that runs it, such as 3.10."""

_ROOTS: Final = ("mlinfra.runner", "mlinfra.job")
_PACKAGES: Final = {
    "boto3": "boto3",
    "botocore": "botocore",
    "dateutil": "python-dateutil",
    "jmespath": "jmespath",
    "s3transfer": "s3transfer",
    "six": "six",
    "urllib3": "urllib3",
}
"""The distribution of each imported package: boto3 and what it requires."""
_OWN_DISTRIBUTION: Final = "mlinfra-cdktf"
_OLDEST_PYTHON: Final = (3, 9)
_LICENCE: Final = re.compile(r"(?:^|/)(?:LICEN[CS]E|NOTICE|COPYING)[^/]*$", re.IGNORECASE)
_OF_A_SERVICE: Final = re.compile(r"data/(?P<service>[^/]+)/(?P<version>[^/]+)/")
_LEFT_OUT: Final = re.compile(r"(?:^|/)(?:__pycache__/|examples/|examples-1\.json)|\.py[cdio]$|\.so$")


@dataclass(frozen=True)
class RunnerArchive:
    """The runner archive, and the Python that it needs."""

    archive: Archive
    python: str
    """The oldest version of Python that runs it, such as 3.10: that of the installed boto3."""


def build_runner(target: Path) -> RunnerArchive:
    """Write the runner archive to `target`.

    Raises:
        OperationError: if a package is not installed as files.
    """
    python = ".".join(map(str, _oldest_python()))
    members = {
        PYTHON_FILE: f"{python}\n".encode(),
        **dict(_own_members()),
        **{name: path.read_bytes() for name, path in _imported_members()},
        **dict(_licences()),
    }
    with writing_archive(target, compressed=False) as written:
        for name in sorted(members):
            written.writer.add_file(name, members[name], size=len(members[name]))
    return RunnerArchive(written.archive, python)


def _own_members() -> Iterator[tuple[str, bytes]]:
    """The modules of `mlinfra` that the runner and jobs import. Packages that only contain some of them are empty."""
    top = _folder("mlinfra").parent
    modules = _closure(top)
    for module in modules:
        yield module.relative_to(top).as_posix(), module.read_bytes()
    for package in {
        parent for module in modules for parent in module.parents if parent.is_relative_to(top / "mlinfra")
    }:
        if package / "__init__.py" not in modules:
            yield (package / "__init__.py").relative_to(top).as_posix(), b""
    for root in _ROOTS:
        folder = top.joinpath(*root.split("."))
        for path in _files(folder):
            if path.suffix != ".py":
                yield path.relative_to(top).as_posix(), path.read_bytes()


def _closure(top: Path) -> set[Path]:
    """The files of all modules of the roots, and of those that they import when they run."""
    found: set[Path] = set()
    pending = [path for root in _ROOTS for path in _files(top.joinpath(*root.split("."))) if path.suffix == ".py"]
    while pending:
        module = pending.pop()
        if module not in found:
            found.add(module)
            pending += _imports(module, top)
    return found


def _imports(module: Path, top: Path) -> Iterator[Path]:
    for node in _executed(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import module`, or a name that the module or package defines.
            names = [f"{node.module}.{each.name}" for each in node.names]
            names = [each if _module(top, each) else node.module for each in names]
        else:
            continue
        for name in names:
            if name.startswith("mlinfra.") and (found := _module(top, name)):
                yield found


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a syntax tree, without those under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _executed(child)


def _module(top: Path, name: str) -> Path | None:
    path = top.joinpath(*name.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _imported_members() -> Iterator[tuple[str, Path]]:
    """The files of boto3 and what it requires. Of the descriptions of services, only those that are called."""
    for package in _PACKAGES:
        folder = _folder(package)
        if folder.is_file():  # a package of one module
            yield folder.name, folder
            continue
        newest = {each: max(_versions(folder / "data" / each), default="") for each in SERVICES}
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            described = _OF_A_SERVICE.match(name)
            if described is None or newest.get(described["service"]) == described["version"]:
                yield f"{package}/{name}", path


def _versions(folder: Path) -> list[str]:
    """The versions of the description of a service, which are dates."""
    return [each.name for each in folder.iterdir()] if folder.is_dir() else []


def _licences() -> Iterator[tuple[str, bytes]]:
    """The licences of all contained packages."""
    for name in sorted({*_PACKAGES.values(), _OWN_DISTRIBUTION}):
        for file in _distribution_files(name):
            text = str(file)
            if ".dist-info/" in text and _LICENCE.search(text):
                yield f"licences/{name}/{Path(text).name}", Path(str(file.locate())).read_bytes()  # type: ignore[attr-defined]


def _distribution_files(name: str) -> list[object]:
    try:
        return list(distribution(name).files or ())
    except PackageNotFoundError:
        return []


def _oldest_python() -> tuple[int, int]:
    """The oldest version of Python that all contained packages support."""
    oldest = _OLDEST_PYTHON
    for name in _PACKAGES.values():
        try:
            required = str(distribution(name).metadata["Requires-Python"])
        except PackageNotFoundError:
            continue
        for major, minor in re.findall(r">=\s*(\d+)\.(\d+)", required):
            oldest = max(oldest, (int(major), int(minor)))
    return oldest


def _folder(package: str) -> Path:
    """The folder of an installed package, or the file of one that is a module."""
    spec = find_spec(package)
    origin = Path(spec.origin) if spec and spec.origin else None
    if origin is None or not origin.is_file():
        message = (
            f"The package {package} is not installed as files, so that it cannot be sent to nodes. Install mlinfra "
            f"with pip or uv, in a virtual environment."
        )
        raise OperationError(message)
    return origin.parent if origin.name == "__init__.py" else origin


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _LEFT_OUT.search(path.relative_to(folder).as_posix()):
            yield path
