"""Synthesis of stacks in tests, as in a deployment: an app with all validations, in a temporary folder."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlinfra.errors import DeclarationError
from mlinfra.testing.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.app import MlApp
    from mlinfra.declarations import Environment
    from mlinfra.stack import MlStack


class SynthesisError(AssertionError):
    """A failed synthesis, with the problems that the validations found."""


class _Synthesized(NamedTuple):
    inputs: object
    template: Template


_SYNTHESIZED: Final[defaultdict[tuple[object, str], list[_Synthesized]]] = defaultdict(list)
"""Stacks by the code that built them and the text of its inputs, because 1 equals True and is another text."""


class Synth:
    """Synthesizes stacks. All of a test session share one process of Node.js, so that each takes milliseconds."""

    def __init__(self, folder: Path, root: Path, environment: Environment) -> None:
        """Write apps below `folder`.

        Args:
            folder: an empty folder.
            root: the project, whose provider lock file is copied to each stack.
            environment: the environment of stacks for which none is given.
        """
        self._folder = folder
        self._root = root
        self._environment = environment
        self._numbers = count()

    def __call__(
        self,
        make: Callable[[Any, Environment], MlStack],
        environment: Environment | None = None,
        *,
        inputs: object = None,
    ) -> Template:
        """Synthesize a stack.

        Args:
            make: makes the stack of an app and an environment: a class of a stack, or a function.
            environment: the environment. Default: that of the fixture `mlinfra_environment`.
            inputs: everything except the environment that the stack depends on. Stacks of the same class or function,
                with equal inputs and environments, are then synthesized once in a session. Default: always synthesized.

        Raises:
            SynthesisError: if a validation fails.
        """
        return self._made(make, make, environment or self._environment, inputs)

    def constructs(
        self,
        build: Callable[[MlStack], object],
        environment: Environment | None = None,
        *,
        component: str = "test",
        inputs: object = None,
    ) -> Template:
        """Synthesize constructs, in a stack of their own.

        Args:
            build: adds constructs to a stack.
            environment: the environment. Default: that of the fixture `mlinfra_environment`.
            component: the component of the stack. Default: test.
            inputs: everything except the environment that the constructs depend on. Equal stacks are then synthesized
                once in a session. Default: always synthesized.

        Raises:
            SynthesisError: if a validation fails.
        """
        from mlinfra.stack import MlStack

        def make(app: MlApp, declared: Environment) -> MlStack:
            stack = MlStack(app, declared, component)
            build(stack)
            return stack

        return self._made(
            build, make, environment or self._environment, None if inputs is None else (component, inputs)
        )

    def app(self, build: Callable[[MlApp], object]) -> dict[str, Template]:
        """Synthesize all stacks of an app. Returns them by id.

        Args:
            build: adds stacks to an app.

        Raises:
            SynthesisError: if a validation fails.
        """
        folder = self._app(build)
        return {each.name: Template.read(each) for each in sorted((folder / "stacks").iterdir())}

    def _made(
        self,
        maker: Callable[..., object],
        make: Callable[[Any, Environment], MlStack],
        environment: Environment,
        inputs: object,
    ) -> Template:
        # A function that is defined in another one is another object at each call, with the same code.
        code = getattr(maker, "__code__", maker)
        earlier = [] if inputs is None else _SYNTHESIZED[code, repr(inputs)]
        for each in earlier:
            if each.inputs == inputs and each.template.environment == environment and each.template.folder.exists():
                return each.template.copy()
        made: list[MlStack] = []
        folder = self._app(lambda app: made.append(make(app, environment)))
        template = Template.read(folder / "stacks" / made[0].node.id, environment)
        if inputs is not None:
            earlier.append(_Synthesized(inputs, template.copy()))
        return template

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
