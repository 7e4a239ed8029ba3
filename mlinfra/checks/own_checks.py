"""Checks of a project: those that its file `mlinfra_checks.py` declares."""

from __future__ import annotations

import ast
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from mlinfra.checks.check import Check
from mlinfra.checks.failure import FILE, failure_of
from mlinfra.checks.resource_check import ResourceCheck
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlinfra.checks.resource_check import AnyCheck

RESERVED: Final = ("MLC", "MLR", "CKV")
"""The prefixes of the ids of mlinfra's checks, its rules of the review, and checkov's checks."""


def read_checks(root: Path) -> tuple[AnyCheck, ...]:
    """The checks that the file `mlinfra_checks.py` of a project declares. None if there is no such file.

    Args:
        root: the project.

    Raises:
        DeclarationError: if the file cannot be read, fails, or declares an invalid check.
    """
    path = root / FILE
    if not path.exists():
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(FILE, [f"it cannot be read: {error}"]) from None
    return checks_in(text, root)


def checks_in(text: str, root: Path, *, source: str = FILE) -> tuple[AnyCheck, ...]:
    """The checks that a file declares: all values of its variables that are checks, or lists of them.

    The file is run without the modules of the project: a review runs the file of the default branch, and the modules
    that are checked out are part of the change that it reviews.

    Args:
        text: the content of the file.
        root: the project.
        source: the name of the file in messages. Default: mlinfra_checks.py.

    Raises:
        DeclarationError: if the file fails, declares no check or an invalid one, or imports a module of the project.
    """
    try:
        tree = ast.parse(text, FILE)
    except (SyntaxError, ValueError) as error:
        raise DeclarationError(source, [failure_of(error)]) from None
    problems = [_import_problem(name, line) for name, line in _imports(tree) if _is_of_project(name, root)]
    problems += _lost(tree)
    if problems:
        raise DeclarationError(source, problems)
    try:
        with without_project(root):
            found = tuple(_declared(_run(tree)))
    except (Exception, SystemExit) as error:  # noqa: BLE001  any mistake in the file: its author needs the line
        raise DeclarationError(source, [failure_of(error)]) from None
    problems = list(_problems(found))
    if problems:
        raise DeclarationError(source, problems)
    return found


def _run(tree: ast.Module) -> ModuleType:
    module = ModuleType(Path(FILE).stem)
    module.__file__ = FILE
    before = sys.modules.get(module.__name__)
    # Data classes look up the module in which they are declared.
    sys.modules[module.__name__] = module
    try:
        exec(compile(tree, FILE, "exec"), module.__dict__)  # noqa: S102  the project's own code
    finally:
        if before is None:
            del sys.modules[module.__name__]
        else:
            sys.modules[module.__name__] = before
    return module


@contextmanager
def without_project(root: Path) -> Iterator[None]:
    """Import no modules of a project until the end of the block, and none of the current folder."""
    before = sys.path[:]
    excluded = {root.resolve(), Path.cwd().resolve()}
    sys.path[:] = [each for each in before if each and Path(each).resolve() not in excluded]
    try:
        yield
    finally:
        sys.path[:] = before


def unique(checks: Iterable[AnyCheck]) -> Sequence[AnyCheck]:
    """The checks, in their order.

    Raises:
        ValueError: if two have one id.
    """
    known: dict[str, AnyCheck] = {}
    for each in checks:
        if each.id in known:
            message = (
                f"Two checks have the id {each.id}; ids must be unique, and those that begin with MLC are mlinfra's. "
                f"Checks in {FILE} are added automatically."
            )
            raise ValueError(message)
        known[each.id] = each
    return tuple(known.values())


def _declared(module: ModuleType) -> Iterator[AnyCheck]:
    seen: set[int] = set()
    for value in list(vars(module).values()):
        for each in _elements(value):
            if isinstance(each, (Check, ResourceCheck)) and id(each) not in seen:
                seen.add(id(each))
                yield each


def _elements(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple, set, frozenset)) else (value,)


def _problems(checks: Sequence[AnyCheck]) -> Iterator[str]:
    if not checks:
        yield "it declares no check. Expected: NAME = ResourceCheck(...), or remove the file."
    ids = [each.id for each in checks]
    for id_ in dict.fromkeys(ids):
        if ids.count(id_) > 1:
            yield f"{ids.count(id_)} checks have the id {id_}; ids must be unique."
        if id_.startswith(RESERVED):
            yield f"the id {id_} has the prefix {id_[:3]} of mlinfra or checkov. Choose another, such as ACME001."


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.name.partition(".")[0], node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield ("" if node.level else str(node.module).partition(".")[0]), node.lineno


def _is_of_project(name: str, root: Path) -> bool:
    """True for relative imports too, whose name is empty."""
    if name in sys.stdlib_module_names or name == "mlinfra":
        return False
    return not name or (root / f"{name}.py").exists() or any((root / name).glob("*.py"))


def _lost(tree: ast.Module) -> Iterator[str]:
    """A problem for each check that the file declares and does not keep in a variable."""
    seen: set[str] = set()
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for name in (each.id for each in targets if isinstance(each, ast.Name)):
            if name in seen:
                yield f"line {node.lineno}: {name} has a value before, which this one replaces. Choose another name."
            seen.add(name)
        called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in {Check.__name__, ResourceCheck.__name__}:
            yield f"line {node.lineno}: the check is not the value of a variable. Expected: NAME = {called.id}(...)."


def _import_problem(name: str, line: int) -> str:
    subject = f"it imports {name}, a module of the project" if name else "it has a relative import"
    return (
        f"line {line}: {subject}. Reviews take only this file from the default branch. Expected: imports of mlinfra, "
        f"the standard library, or installed packages."
    )
