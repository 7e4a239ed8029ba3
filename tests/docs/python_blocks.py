"""Execution of the blocks of Python on a page, in their order, as a reader has them in one project."""

from __future__ import annotations

import ast
import builtins
import os
import sys
import typing
from typing import TYPE_CHECKING, Any, NamedTuple

from mlinfra import Environment, Experiment, MlStack
from mlinfra._cdk import Construct
from mlinfra.checks.check import Described
from mlinfra.declarations.base import Declaration, judging
from mlinfra.errors import DeclarationError
from tests.conftest import ROOT, TODAY, an_environment, image_lock
from tests.docs import surroundings
from tests.docs.pages import Block
from tests.docs.surroundings import Surroundings, the_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


class Declared(NamedTuple):
    """A field of an environment that a block declares, or a whole environment."""

    block: Block
    field: str
    value: Any


class BlockError(AssertionError):
    """A block that a reader could not use."""

    def __init__(self, block: Block, problem: object) -> None:
        super().__init__(f"{block.place}: {problem}\n{block.text}")


def is_test(block: Block) -> bool:
    """True if pytest runs the block."""
    return "def test_" in block.text


def needs_terraform(block: Block) -> bool:
    """True if the block is a test with the fixture that runs Terraform: tests/deploy executes it."""
    return is_test(block) and "terraform)" in block.text


def is_program(block: Block) -> bool:
    """True if the block is the main.py of a project, which loads its environments."""
    return "load_environments(" in block.text


class Execution:
    """The blocks of one page, executed one after the other: later ones use the names of earlier ones."""

    def __init__(self, folder: Path) -> None:
        """Execute nothing yet.

        Args:
            folder: an empty folder, in which the page's stacks are synthesized.
        """
        self._folder = folder
        self._projects = [Surroundings(folder / "cdktf.out", the_environment())]
        self._ids: set[str] = set()
        self._provided: set[str] = set()
        self._names: dict[str, Any] = {"__name__": "page"}
        self._calls: dict[str, ast.Call] = {}
        self.declared: list[Declared] = []

    @property
    def _surroundings(self) -> Surroundings:
        return self._projects[-1]

    def run(self, block: Block) -> None:
        """Execute a block, add its stacks to the app of the page, and record what it declares.

        Raises:
            BlockError: the block fails, or uses a name that is not defined.
        """
        try:
            tree = ast.parse(block.text, block.place)
        except SyntaxError as error:
            raise BlockError(block, error) from error
        tree = typing.cast("ast.Module", _Ellipses(self._calls).visit(tree))
        self._separate(tree)
        for name in _unbound(tree):
            self._provide(block, name)
        before = dict(self._names)
        with judging(TODAY, image_lock=image_lock()) as judgement:
            try:
                value = self._execute(ast.fix_missing_locations(tree), block)
            except Exception as error:
                raise BlockError(block, f"{type(error).__name__}: {error}") from error
        if judgement.errors:
            raise BlockError(block, judgement.errors[0])
        made = {name: each for name, each in self._names.items() if before.get(name) is not each}
        found = [Declared(block, field, each) for field, each in _declarations(made, value)]
        self.declared += found
        if found:
            self._begin_project(self._environment_with(found))
        self._add_stacks(block, made)

    def finish(self, page: str) -> None:
        """Synthesize the stacks of the page.

        Raises:
            BlockError: a validation of mlinfra or cdktf fails.
        """
        for each in self._projects:
            try:
                each.synthesize()
            except RuntimeError as error:
                raise BlockError(Block(page, 1, "python", ""), error) from error

    def _separate(self, tree: ast.Module) -> None:
        """Begin another project if the block shows a construct with an id that is in use: a variant of it."""
        ids = {
            ast.literal_eval(each.args[1])
            for each in ast.walk(tree)
            if isinstance(each, ast.Call) and len(each.args) > 1 and ast.unparse(each.args[0]) == "self"
        }
        if ids & self._ids:
            self._begin_project(self._surroundings.environment)
        self._ids |= ids

    def _begin_project(self, environment: Environment) -> None:
        """Later blocks are in another project, with the fields of environments that earlier blocks declare."""
        self._projects.append(Surroundings(self._folder / f"cdktf.out.{len(self._projects)}", environment))
        for name in self._provided:
            self._names.pop(name, None)
        self._provided, self._ids = set(), set()

    def _environment_with(self, found: list[Declared]) -> Environment:
        environment = next((each.value for each in found if not each.field), None)
        if environment is not None:
            return typing.cast("Environment", environment)
        made = _environment("dev", [each for each in self.declared if each.field])
        if isinstance(made, DeclarationError):
            raise BlockError(found[0].block, made)
        return made

    def _provide(self, block: Block, name: str) -> None:
        if name in self._names and name not in surroundings.TRAINING_NAMES:
            return
        try:
            self._names[name] = self._surroundings.find(name)
            self._provided.add(name)
        except KeyError:
            if name not in self._names:
                problem = f"{name!r} is defined neither on the page before it nor in tests/docs/surroundings.py"
                raise BlockError(block, problem) from None

    def _execute(self, tree: ast.Module, block: Block) -> object:
        """The value of the last expression, or None."""
        last = tree.body[-1] if tree.body else None
        body = tree.body[:-1] if isinstance(last, ast.Expr) else tree.body
        exec(compile(ast.Module(body, []), block.place, "exec"), self._names)  # noqa: S102  the page's own code
        if not isinstance(last, ast.Expr):
            return None
        return eval(compile(ast.Expression(last.value), block.place, "eval"), self._names)  # noqa: S307  as above

    def _add_stacks(self, block: Block, made: dict[str, Any]) -> None:
        """Make each stack whose class the block defines, in the environment of the page."""
        for each in made.values():
            if isinstance(each, type) and issubclass(each, MlStack) and each.__module__ == "page":
                try:
                    each(self._surroundings.app, self._surroundings.environment)
                except Exception as error:
                    raise BlockError(block, error) from error
            if isinstance(each, Described):
                self._surroundings.app.checks += (each,)


class _Ellipses(ast.NodeTransformer):
    """Replaces `...` among the arguments of a call by those of the page's last call, or by required fields."""

    def __init__(self, calls: dict[str, ast.Call]) -> None:
        self._calls = calls

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        name = ast.unparse(node.func)
        if any(isinstance(each, ast.Constant) and each.value is ... for each in node.args):
            given = {each.arg for each in node.keywords}
            if name == "Environment":
                rest = [
                    ast.keyword(field, ast.Constant(value))
                    for field, value in an_environment().model_dump(include=_REQUIRED).items()
                ]
                node.args = []
            else:
                earlier = self._calls[name]
                node.args, rest = earlier.args, earlier.keywords
            node.keywords += [each for each in rest if each.arg not in given]
        self._calls[name] = node
        return node


_REQUIRED = {name for name, field in Environment.model_fields.items() if field.is_required()}


def _unbound(tree: ast.Module) -> Iterator[str]:
    """Names that a block reads and neither defines nor imports, in the order of their use."""
    names = [each for each in ast.walk(tree) if isinstance(each, ast.Name)]
    bound = {each.id for each in names if not isinstance(each.ctx, ast.Load)} | set(vars(builtins))
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            bound.add(each.name)
        if isinstance(each, ast.arg):
            bound.add(each.arg)
        if isinstance(each, ast.alias):
            bound.add(each.asname or each.name.partition(".")[0])
    used = dict.fromkeys(each.id for each in names if isinstance(each.ctx, ast.Load))
    reassigned = set(surroundings.TRAINING_NAMES) & bound  # such as `step = train_step()`
    yield from (name for name in used if name not in bound or name in reassigned)


def _declarations(made: dict[str, Any], value: object) -> Iterator[tuple[str, Any]]:
    for name, each in made.items():
        if isinstance(each, Environment):
            yield "", each
        elif name in Environment.model_fields and not isinstance(each, Construct):
            yield name, each
    if isinstance(value, Environment):
        yield "", value
    elif isinstance(value, Declaration):
        yield _field_of(value)


def _field_of(value: Declaration) -> tuple[str, Any]:
    """The field of Environment in which a declaration is written, and its value."""
    for model in (Environment, Experiment):
        for name, field in model.model_fields.items():
            if type(value) in _types(field.annotation):
                own = [value] if typing.get_origin(field.annotation) is tuple else value
                if model is Environment:
                    return name, own
                kept = {"name": "declared", "owner": "ana@example.com", "expires": "2026-12-18", "gpu": "H100"}
                return "experiments", [Experiment(**{**kept, name: own})]
    message = f"no field of Environment or Experiment holds {type(value).__name__}"
    raise AssertionError(message)


def _types(annotation: Any) -> set[Any]:
    return {annotation}.union(*(_types(each) for each in typing.get_args(annotation)))


def environments(declared: list[Declared]) -> Iterator[tuple[list[Declared], Environment]]:
    """As few environments as have all declared fields, each with what the blocks say."""
    groups: list[list[Declared]] = []
    for each in declared:
        if not each.field:
            yield [each], each.value
            continue
        for group in groups:
            if each.field not in {other.field for other in group} and not isinstance(
                _environment("dev", [*group, each]), DeclarationError
            ):
                group.append(each)
                break
        else:
            groups.append([each])
    for number, group in enumerate(groups):
        made = _environment(f"dev{number}", group)
        if isinstance(made, DeclarationError):
            raise BlockError(group[0].block, made)
        yield group, made


def _environment(name: str, declared: list[Declared]) -> Environment | DeclarationError:
    with judging(TODAY, image_lock=image_lock()) as judgement:
        made = the_environment(name=name, **{each.field: each.value for each in declared})
    return judgement.errors[0] if judgement.errors else made


def in_project(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Execute in a project with the files that the pages read, outside a node, without the trainers themselves."""
    for name, text in surroundings.FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    patch.chdir(folder)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    # Declarations import those of this repository, not those of a project of an earlier test.
    patch.syspath_prepend(str(ROOT))
    for name in [each for each in sys.modules if each.partition(".")[0] == "environments"]:
        patch.delitem(sys.modules, name)
    patch.setitem(sys.modules, "lightning.pytorch", surroundings.LIGHTNING)
    patch.setitem(sys.modules, "transformers", surroundings.TRANSFORMERS)
