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

from mlinfra.catalog import IMAGE_LOCK_FILE, PRICE_LOCK_FILE, ImageLock, PriceLock, use_refreshed_prices
from mlinfra.declarations.base import Judgement, current_judgement, judging, shown
from mlinfra.declarations.bucket_record import BUCKET_RECORD_FILE, BucketRecord
from mlinfra.declarations.environment import Environment
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Collection

RECORDS_VARIABLE = "MLINFRA_RECORDS"
"""The environment variable with another folder to read `NAME.adopted.json` and `NAME.forgotten.json` from.

`mlinfra adopt` and `mlinfra forget` plan their proposal before they write it into the project.
"""


_LONGEST_ERROR = 300
"""The longest text of a Python error in a message, in characters."""


def load_environments(
    root: Path, *, only: str | None = None, today: date | None = None, judged: bool = True
) -> tuple[Environment, ...]:
    """Read `environments/NAME.py` below `root`, each of which declares the environment NAME.

    Args:
        root: the repository's folder. Environment files may import modules from it.
        only: the one environment to read. Default: all, in the order of their names.
        today: the day that expiries are compared with. Default: the day in MLINFRA_TODAY, such as 2026-11-24,
            which makes a synth repeatable; without it, the present day.
        judged: True to compare expiries, and to read the image lock and the record of buckets. Commands that only
            read the account need neither. Default: True.

    Raises:
        DeclarationError: with all problems of all environments that were read.
    """
    files = {path.stem: path for path in sorted(root.glob("environments/*.py")) if not path.stem.startswith("_")}
    if not files:
        problem = "the folder contains no environment. Expected: a file such as dev.py."
        raise DeclarationError(str(root / "environments"), [problem])
    if only is not None and only not in files:
        near = difflib.get_close_matches(only, files, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        subject = f"environment {shown(only)}"
        raise DeclarationError(subject, [f"it is not declared. {hint}Declared: {', '.join(files)}."])
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))

    day = (today or present_day()) if judged else None
    with judging(day, records=Path(os.environ.get(RECORDS_VARIABLE) or root / "environments")) as judgement:
        _use_prices(root, judgement if judged else None)
        if judged:
            _read_locks(root, files, judgement)
        read = [_read(files[name], judgement) for name in ([only] if only else files)]
    if judgement.errors:
        raise DeclarationError.together(judgement.errors)
    return tuple(each for each in read if each)


def _read_locks(root: Path, declared: Collection[str], judgement: Judgement) -> None:
    """Put the project's image lock and record of buckets into `judgement`. A missing file counts as an empty one."""
    path = root / IMAGE_LOCK_FILE
    try:
        judgement.image_lock = ImageLock.load(path) if path.exists() else ImageLock()
    except DeclarationError as error:
        judgement.reject(error)
    judgement.bucket_record = BucketRecord()
    try:
        judgement.bucket_record = BucketRecord.load(root / BUCKET_RECORD_FILE)
        judgement.bucket_record.expect_declared(declared)
    except DeclarationError as error:
        judgement.reject(error)


def _use_prices(root: Path, judgement: Judgement | None) -> None:
    """Use the prices that the project refreshed.

    A damaged file is rejected by `judgement`. Without one, it has no prices: commands that stop clusters must not fail
    for this reason.
    """
    use_refreshed_prices(PriceLock())
    try:
        use_refreshed_prices(PriceLock.load(root / PRICE_LOCK_FILE))
    except DeclarationError as error:
        if judgement is not None:
            judgement.reject(error)


def present_day() -> date:
    """The day that the enclosing `load_environments` compares expiries with.

    Outside of it, or if it compares no expiries: the day in MLINFRA_TODAY; without that variable, the present day.

    Raises:
        DeclarationError: if MLINFRA_TODAY is not a date.
    """
    judged = current_judgement().today
    if judged is not None:
        return judged
    given = os.environ.get("MLINFRA_TODAY")
    if not given:
        return date.today()  # noqa: DTZ011  an expiry is a day in the reader's time zone
    try:
        return date.fromisoformat(given)
    except ValueError:
        problem = f"{shown(given)} is not a date. Expected: a date such as 2026-11-24."
        raise DeclarationError("MLINFRA_TODAY", [problem]) from None  # noqa: EM101  a subject, not a message


def _read(path: Path, judgement: Judgement) -> Environment | None:
    """The environment that the file at `path` declares; None: it was rejected, with the reason in `judgement`."""
    where, name = f"environments/{path.name}", path.stem.replace("-", "_")
    before = len(judgement.errors)
    try:
        names = runpy.run_path(str(path))
    except DeclarationError as error:
        judgement.reject(error)
        return None
    except Exception as error:  # noqa: BLE001  any mistake in the file: its author needs the line
        if len(judgement.errors) == before:  # otherwise a consequence of a declaration that was rejected
            subject = f"{where}, line {_line_of(error, path)}"
            judgement.reject(DeclarationError(subject, [f"{type(error).__name__}: {_shortened(error)}"]))
        return None
    if len(judgement.errors) > before:
        return None
    declared = names.get(name)
    problem = None
    if isinstance(declared, tuple) and len(declared) == 1 and isinstance(declared[0], Environment):
        problem = f"a comma follows the declaration of {name}, which makes it a tuple. Remove the comma after `)`."
    elif not isinstance(declared, Environment):
        problem = f"it does not declare {name}. Expected: {name} = Environment(...)."
    elif declared.name != path.stem:
        problem = f"it declares the environment {declared.name!r}. Expected: name={path.stem!r}, the name of the file."
    if problem:
        judgement.reject(DeclarationError(where, [problem]))
        return None
    return declared


def _shortened(error: Exception) -> str:
    text = str(error)
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}..."


def _line_of(error: Exception, path: Path) -> int | None:
    """The line of the file at `path` that raised `error`; None: unknown."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)
