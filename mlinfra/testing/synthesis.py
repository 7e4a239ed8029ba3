"""Synthesis of stacks in tests, as in a deployment: an app with all validations, in a temporary folder."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from mlinfra.errors import DeclarationError
from mlinfra.testing.declarations import example_environment
from mlinfra.testing.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.app import MlApp
    from mlinfra.declarations import Environment
    from mlinfra.stack import MlStack


class SynthesisError(AssertionError):
    """A failed synthesis, with the problems that the validations found."""


class Synth:
    """Synthesizes stacks. All of a test session share one process of Node.js, so that each takes milliseconds."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Write apps below `folder`.

        Args:
            folder: an empty folder.
            root: the project, whose provider lock file is copied to each stack.
        """
        self._folder = folder
        self._root = root
        self._numbers = count()

    def __call__(self, make: Callable[[Any, Environment], MlStack], environment: Environment | None = None) -> Template:
        """Synthesize a stack.

        Args:
            make: makes the stack of an app and an environment: a class of a stack, or a function.
            environment: the environment. Default: `example_environment()`.

        Raises:
            SynthesisError: if a validation fails.
        """
        environment = environment or example_environment()
        made: list[MlStack] = []
        folder = self._app(lambda app: made.append(make(app, environment)))
        return Template.read(folder / "stacks" / made[0].node.id, environment)

    def constructs(
        self, build: Callable[[MlStack], object], environment: Environment | None = None, *, component: str = "test"
    ) -> Template:
        """Synthesize constructs, in a stack of their own.

        Args:
            build: adds constructs to a stack.
            environment: the environment. Default: `example_environment()`.
            component: the component of the stack. Default: test.

        Raises:
            SynthesisError: if a validation fails.
        """
        from mlinfra.stack import MlStack

        def make(app: MlApp, declared: Environment) -> MlStack:
            stack = MlStack(app, declared, component)
            build(stack)
            return stack

        return self(make, environment)

    def app(self, build: Callable[[MlApp], object]) -> dict[str, Template]:
        """Synthesize all stacks of an app. Returns them by id.

        Args:
            build: adds stacks to an app.

        Raises:
            SynthesisError: if a validation fails.
        """
        folder = self._app(build)
        return {each.name: Template.read(each) for each in sorted((folder / "stacks").iterdir())}

    def _app(self, build: Callable[[MlApp], object]) -> Path:
        from mlinfra.app import MlApp

        folder = self._folder / str(next(self._numbers))
        folder.mkdir(parents=True)
        app = MlApp(self._root, outdir=folder)
        try:
            build(app)
            app.synth()
        except DeclarationError:
            raise
        except RuntimeError as error:
            # What jsii raises if a validation fails, with cdktf's own wording.
            text = str(error)
            if "Validation failed" not in text:
                raise
            raise SynthesisError(text.partition("If you wish to ignore")[0].strip()) from None
        return folder
