"""The environments that a repository declares, one file each in `environments/`."""

from __future__ import annotations

import difflib
import os
import runpy
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.catalog import IMAGE_LOCK_FILE, ImageLock
from mlinfra.declarations.adopted import load_adopted
from mlinfra.declarations.base import Judgement, judging
from mlinfra.declarations.bucket_record import BUCKET_RECORD_FILE, BucketRecord
from mlinfra.declarations.environment import Environment
from mlinfra.declarations.forgotten import load_forgotten
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Collection

RECORDS_VARIABLE = "MLINFRA_RECORDS"
"""The environment variable that names another folder to read `NAME.adopted.json` and `NAME.forgotten.json` from.

`mlinfra adopt` and `mlinfra forget` plan what they propose before they write it into the project.
"""


def load_environments(
    root: Path, *, only: str | None = None, today: date | None = None, judged: bool = True
) -> tuple[Environment, ...]:
    """Read `environments/NAME.py` below `root`, each of which declares the environment NAME.

    Args:
        root: the repository's folder. Environment files may import what lies in it.
        only: the one environment to read. Default: all, in the order of their names.
        today: the day that expiries are judged by. Default: the day in MLINFRA_TODAY (as
            2026-11-24), which makes a synth repeatable; without it, the present day.
        judged: whether expiries are judged, and the image lock and the record of buckets are read. Default: True;
            what only looks at what is there minds none of them.

    Raises:
        DeclarationError: with every problem of every environment read.
    """
    files = {path.stem: path for path in sorted(root.glob("environments/*.py")) if not path.stem.startswith("_")}
    if not files:
        raise DeclarationError(str(root / "environments"), ["no environment is declared there. Expected: dev.py, say."])
    if only is not None and only not in files:
        near = difflib.get_close_matches(only, files, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        subject = f"environment {only!r}"
        raise DeclarationError(subject, [f"it is not declared. {hint}Declared: {', '.join(files)}."])
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))

    with judging((today or present_day()) if judged else None) as judgement:
        read = [_read(files[name]) for name in ([only] if only else files)]
        read = [_with_records(each, root, judgement) for each in read]
        lock = _image_lock(root, judgement) if judged else ImageLock()
        record = _bucket_record(root, files, judgement) if judged else None
    if judgement.errors:
        raise DeclarationError.together(judgement.errors)
    environments = tuple(each.with_image_lock(lock) for each in read)
    return tuple(each.with_bucket_record(record) for each in environments) if record else environments


def _image_lock(root: Path, judgement: Judgement) -> ImageLock:
    """The lock of the project; an empty one where it is missing, for what uses no image that has to be pinned."""
    path = root / IMAGE_LOCK_FILE
    try:
        return ImageLock.load(path) if path.exists() else ImageLock()
    except DeclarationError as error:
        judgement.errors.append(error)
        return ImageLock()


def _with_records(environment: Environment, root: Path, judgement: Judgement) -> Environment:
    """The environment with what was adopted and forgotten in it."""
    folder = Path(os.environ.get(RECORDS_VARIABLE) or root / "environments")
    try:
        # A declaration that was refused is in the judgement already.
        adopted, forgotten = load_adopted(folder, environment.name), load_forgotten(folder, environment.name)
        return environment if judgement.errors else environment.with_adopted(adopted, forgotten)
    except DeclarationError as error:
        judgement.errors.append(error)
        return environment


def _bucket_record(root: Path, declared: Collection[str], judgement: Judgement) -> BucketRecord:
    """The record of the project; an empty one where it is missing, for what protects no data."""
    try:
        record = BucketRecord.load(root / BUCKET_RECORD_FILE)
        record.expect_declared(declared)
    except DeclarationError as error:
        judgement.errors.append(error)
        return BucketRecord()
    return record


def present_day() -> date:
    """The day in MLINFRA_TODAY (as 2026-11-24); without it, the present day.

    Raises:
        DeclarationError: where the variable holds no date.
    """
    given = os.environ.get("MLINFRA_TODAY")
    if not given:
        return date.today()  # noqa: DTZ011  an expiry is a day where the reader lives
    try:
        return date.fromisoformat(given)
    except ValueError:
        problem = f"{given!r} is not a date. Expected: such as 2026-11-24."
        raise DeclarationError("MLINFRA_TODAY", [problem]) from None  # noqa: EM101  a subject, not a message


def _read(path: Path) -> Environment:
    where = f"environments/{path.name}"
    try:
        names = runpy.run_path(str(path))
    except DeclarationError:
        raise
    except Exception as error:  # noqa: BLE001  whatever the file does wrong, its author needs the line
        subject = f"{where}, line {_line_of(error, path)}"
        raise DeclarationError(subject, [f"{type(error).__name__}: {error}"]) from None
    declared = names.get(path.stem.replace("-", "_"))
    if not isinstance(declared, Environment):
        name = path.stem.replace("-", "_")
        raise DeclarationError(where, [f"it declares nothing called {name}. Expected: {name} = Environment(...)."])
    if declared.name != path.stem:
        problem = f"it declares the environment {declared.name!r}. Expected: name={path.stem!r}, as the file is called."
        raise DeclarationError(where, [problem])
    return declared


def _line_of(error: Exception, path: Path) -> int | None:
    """The line of the file at `path` that `error` came from; None where it does not say."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)
