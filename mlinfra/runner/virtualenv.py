"""Virtual environments of runs: built from a lock file of the code, and shared by all runs with the same lock file."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from mlinfra.runner.extraction import sha256_of
from mlinfra.runner.programs import Login, run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlinfra.runner.specification import Virtualenv

_FORMAT: Final = 1
"""Part of the digest. A change to how environments are built increases it."""
_COMPLETE: Final = ".mlinfra-complete"
_UV: Final = "uv>=0.7,<1"
"""The releases of uv that are installed where the node has none. `uv pip sync` reads pylock.toml since 0.6.15."""


class BuildError(Exception):
    """The environment could not be built. The message contains the last lines of the program that failed."""


def virtualenv_folder(of: Virtualenv, folder: Path) -> Path:
    """The folder of the environment: its name is the digest of the lock file, the Python and the platform.

    Args:
        of: the environment.
        folder: the folder of all environments of the node.
    """
    python = of.python or platform.python_version()
    content = [_FORMAT, PurePosixPath(of.lock).name, of.sha256, python, platform.machine(), *platform.libc_ver()]
    return folder / hashlib.sha256(json.dumps(content).encode()).hexdigest()


def build_virtualenv(
    of: Virtualenv,
    *,
    code: Path,
    folder: Path,
    variables: Mapping[str, str],
    user: Login | None,
    say: Callable[[str], None],
) -> Path:
    """The environment for `of`, built unless the node has it.

    Concurrent runs wait for each other. An environment counts once its last file is written: what an interrupted build
    leaves is removed by the next one, and a failed build removes its own.

    Args:
        of: the environment.
        code: the working tree with the lock file.
        folder: the folder of all environments of the node.
        variables: the variables for pip and uv, such as the address of a private index.
        user: the user that builds, since packages run code of their own. None: that of this process.
        say: tells people about the step.

    Raises:
        BuildError: if the lock file is missing or another one, or a program fails.
    """
    lock = code / of.lock
    if not lock.is_file():
        message = f"The lock file {of.lock} is not in the code."
        raise BuildError(message)
    if sha256_of(lock) != of.sha256:
        message = f"The lock file {of.lock} differs from the submitted one."
        raise BuildError(message)
    target = virtualenv_folder(of, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / f"{target.name}.lock"):
        if (target / _COMPLETE).is_file():
            say(f"using the virtual environment of {of.lock} from the disk of the node")
            return target
        shutil.rmtree(target, ignore_errors=True)
        try:
            target.mkdir()
            if user:
                os.chown(target, user.uid, user.gid)
            _Build(of=of, lock=lock, target=target, variables={**os.environ, **variables}, user=user, say=say).run()
            (target / _COMPLETE).touch()
        finally:
            if not (target / _COMPLETE).is_file():
                shutil.rmtree(target, ignore_errors=True)
    return target


def virtualenv_variables(target: Path, of: Virtualenv, code: Path, path: str) -> dict[str, str]:
    """The variables of a command in the environment.

    The project itself is not installed, since its code changes while its lock file does not: the folder `src` beside
    the lock file is in `PYTHONPATH` if there is one, otherwise the folder of the lock file.

    Args:
        target: the folder of the environment.
        of: the environment.
        code: the working tree.
        path: the `PATH` of the node.
    """
    project = (code / of.lock).parent
    sources = project / "src"
    return {
        "VIRTUAL_ENV": str(target),
        "PATH": f"{target / 'bin'}:{path}",
        "PYTHONPATH": str(sources if sources.is_dir() else project),
    }


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold an exclusive lock during the block. It ends with the process."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Build:
    """One build."""

    def __init__(
        self,
        *,
        of: Virtualenv,
        lock: Path,
        target: Path,
        variables: dict[str, str],
        user: Login | None,
        say: Callable[[str], None],
    ) -> None:
        variables.pop("PYTHONPATH", None)
        self._of = of
        self._lock = lock
        self._target = target
        self._variables = {**variables, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1"}
        self._user = user
        self._say = say

    def run(self) -> None:
        self._say(f"building the virtual environment of {self._of.lock}")
        name = PurePosixPath(self._of.lock).name
        python = self._target / "bin" / "python"
        has_pip = self._create(needs_uv=name.endswith(("uv.lock", "pylock.toml")))
        if name == "uv.lock":
            # Frozen: the lock file is not updated. Members of the workspace are code, and not installed.
            self._uv_run(
                ["sync", "--frozen", "--no-install-workspace", "--project", str(self._lock.parent)],
                UV_PROJECT_ENVIRONMENT=str(self._target),
            )
        elif name.startswith("pylock.") and name.endswith(".toml"):
            self._uv_run(["pip", "sync", "--python", str(python), str(self._lock)])
        else:
            hashes = ["--require-hashes"] if "--hash=" in self._lock.read_text(encoding="utf-8") else []
            if not hashes:
                self._say(f"{self._of.lock} has no hashes, so that another run may get other files")
            wanted = [*hashes, "-r", str(self._lock)]
            if has_pip:
                self._run([str(python), "-m", "pip", "install", "--no-input", *wanted])
            else:
                self._uv_run(["pip", "install", "--python", str(python), *wanted])

    def _create(self, *, needs_uv: bool) -> bool:
        """Create the environment. True if it contains pip."""
        python = self._python()
        if python and not needs_uv and self._attempt([python, "-m", "venv", "--clear", str(self._target)]):
            return True
        # Ubuntu's Python has no ensurepip without the package python3-venv; and uv downloads a Python that is missing.
        wanted = self._of.python or python or sys.executable
        self._uv_run(["venv", "--python", wanted, str(self._target)])
        return False

    def _python(self) -> str | None:
        """The interpreter of the wanted version. None: the node has none."""
        if self._of.python is None:
            # Not the link to it, whose folder would count as that of the interpreter.
            return os.path.realpath(sys.executable)
        return shutil.which(f"python{self._of.python}", path=self._variables.get("PATH"))

    def _uv_run(self, arguments: Sequence[str], **variables: str) -> None:
        self._run([self._uv(), "--no-progress", *arguments], **variables)

    def _uv(self) -> str:
        found = shutil.which("uv", path=self._variables.get("PATH"))
        if found:
            return found
        tool = self._target.parent / "uv"
        program = tool / "bin" / "uv"
        if not program.is_file():
            self._say("installing uv, which the node does not have")
            self._run([sys.executable, "-m", "pip", "install", "--no-input", "--target", str(self._own(tool)), _UV])
        return str(program)

    def _own(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        if self._user:
            os.chown(folder, self._user.uid, self._user.gid)
        return folder

    def _attempt(self, argv: Sequence[str]) -> bool:
        return run_program(argv, environment=self._variables, user=self._user).status == 0

    def _run(self, argv: Sequence[str], **variables: str) -> None:
        ended = run_program(
            argv, environment={**self._variables, **variables}, user=self._user, directory=self._lock.parent
        )
        if ended.status != 0:
            program = " ".join([Path(argv[0]).name, *argv[1:4]])
            message = (
                f"The virtual environment of {self._of.lock} could not be built: `{program} ...` failed with status "
                f"{ended.status}. Its last lines:\n{ended.text}"
            )
            raise BuildError(message)
