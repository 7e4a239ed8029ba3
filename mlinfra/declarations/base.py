"""What every declared model has in common: frozen, strict, and refused with every problem at once."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from pydantic_core import ErrorDetails


class Problems(ValueError):  # noqa: N818  not raised to callers: it carries several problems out of one validator
    """Several problems that one validator found, each naming its field, its value and what is expected."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


@dataclass
class Judgement:
    """What declarations are judged by while they are read, and what was found wrong with them."""

    today: date | None
    """The day that expiries are judged by; None: they are not."""

    errors: list[DeclarationError] = field(default_factory=list)


_judgement: ContextVar[Judgement | None] = ContextVar("judgement", default=None)


@contextmanager
def judging(today: date | None) -> Iterator[Judgement]:
    """Judge what is declared inside by `today`, and collect what is wrong instead of raising it.

    Python evaluates `Environment(experiments=[Experiment(...)])` from the inside out: raising at
    the first bad experiment would hide what else is wrong with the environment.

    Args:
        today: the day that expiries are judged by; None: they are not.
    """
    judgement = Judgement(today)
    token = _judgement.set(judgement)
    try:
        yield judgement
    finally:
        _judgement.reset(token)


def judged_today() -> date | None:
    """The day to judge expiries by; None where no expiry is judged."""
    judgement = _judgement.get()
    return judgement.today if judgement else None


class Declaration(BaseModel):
    """A frozen model of something that a team declares.

    Raises:
        DeclarationError: on creation, with every problem at once. Inside `judging` the problems
            are collected there, and the rejected instance only stands in for itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __init__(self, /, **values: Any) -> None:  # noqa: ANN401  pydantic's own signature
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = [problem for each in error.errors() for problem in self._describe(each)]
            rejection = DeclarationError(self._subject(values), problems)
            judgement = _judgement.get()
            if judgement is None:
                raise rejection from None
            judgement.errors.append(rejection)
            self._stand_in(values)

    @classmethod
    def _subject(cls, values: dict[str, Any]) -> str:
        return f"{cls.__name__.lower()} {values.get('name', 'without a name')!r}"

    def _stand_in(self, values: dict[str, Any]) -> None:
        """Hold `values` as they are, so that what surrounds this declaration can be judged too."""
        held = dict.fromkeys(type(self).model_fields) | type(self).model_construct(**values).__dict__
        object.__setattr__(self, "__dict__", held)
        object.__setattr__(self, "__pydantic_fields_set__", set())
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)

    @classmethod
    def _describe(cls, error: ErrorDetails) -> list[str]:
        """One error of pydantic in the caller's terms: field, value, and what is expected."""
        location = ".".join(str(part) for part in error["loc"])
        known = cls.model_fields.get(str(error["loc"][0])) if error["loc"] else None
        expected = f" Expected: {known.description}" if known and known.description else ""
        cause = error.get("ctx", {}).get("error")
        match error["type"]:
            case "missing":
                return [f"{location}: missing.{expected}"]
            case "extra_forbidden":
                near = difflib.get_close_matches(location, cls.model_fields, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                return [f"{location}: there is no such field (given {error['input']!r}).{hint}"]
            case "value_error" if isinstance(cause, Problems):
                return cause.problems
            case "value_error":
                return [f"{location}: {error['input']!r} {cause}"]
            case _:
                return [f"{location}: {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}.{expected}"]
