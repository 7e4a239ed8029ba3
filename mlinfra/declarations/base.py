"""The base of every declared model: frozen, strict, and rejected with all of its problems at once."""

from __future__ import annotations

import difflib
import re
import types
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from reprlib import Repr
from typing import TYPE_CHECKING, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, PrivateAttr, TypeAdapter, ValidationError, model_validator

from mlinfra.catalog import ImageLock
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from pydantic import ModelWrapValidatorHandler
    from pydantic_core import ErrorDetails
    from typing_extensions import Self

    from mlinfra.declarations.bucket_record import BucketRecord

_LONGEST_SHOWN = 200
"""The longest text of a value in a message, in characters."""

_LONG_WORD = re.compile(rf"\S{{{_LONGEST_SHOWN + 1},}}")

_TEMPLATES = ("${", "%{")
"""Beginnings of an interpolation and of a directive in Terraform's JSON (Terraform language, "JSON Configuration
Syntax", "Expression Mapping", read 2026-11-28)."""

_TOKEN = re.compile(r"\$\{TfToken\[[^\]]*\]\}")
"""A value that cdktf fills in later, which arguments of constructs may contain."""


class Problems(ValueError):  # noqa: N818  not raised to callers: it carries several problems out of one validator
    """Several problems found by one validator, each with its field, the given value and what is expected."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


def refuse(problems: Iterable[str]) -> None:
    """Raise `Problems` if there are any problems."""
    if found := list(problems):
        raise Problems(found)


def duplicates(field_name: str, values: Iterable[Hashable], *, kind: str = "names") -> Iterator[str]:
    """A problem for each of `values` that is declared more than once. None is not counted.

    Args:
        field_name: the field that holds the values, such as `experiments`.
        values: names, or other values that must be unique.
        kind: the plural noun for the values. Default: names.
    """
    for value, count in Counter(values).items():
        if count > 1 and value is not None:
            times = "twice" if count == 2 else f"{count} times"  # noqa: PLR2004
            yield f"{field_name}: {shown(value)} is declared {times}; {kind} must be unique."


class _Shortened(Repr):
    """A representation with bounded length and depth, whatever the value."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = self.maxdict = self.maxlist = self.maxtuple = self.maxset = 8
        self.maxstring = self.maxother = self.maxlong = _LONGEST_SHOWN


def shown(value: object) -> str:
    """The representation of a given value in a message, shortened to 200 characters."""
    try:
        text = _Shortened().repr(value)
    except Exception:  # noqa: BLE001  a value of any type, with any __repr__
        text = f"a value of the type {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


@dataclass
class Judgement:
    """Values that declarations are completed and checked with while they are read, and the rejections."""

    today: date | None = None
    """The day that expiries are compared with; None: they are not compared."""
    image_lock: ImageLock = field(default_factory=ImageLock)
    """The pinned machine images."""
    bucket_record: BucketRecord | None = None
    """The recorded bucket names; None: names are not compared."""
    records: Path | None = None
    """The folder with the records of adopted and forgotten resources; None: none are read."""

    errors: list[DeclarationError] = field(default_factory=list)

    def reject(self, error: DeclarationError) -> None:
        """Collect `error`, unless an equal one is collected already."""
        if str(error) not in map(str, self.errors):
            self.errors.append(error)


_judgement: ContextVar[Judgement | None] = ContextVar("judgement", default=None)
_nested: ContextVar[bool] = ContextVar("nested", default=False)
"""True while pydantic makes declarations out of the values of another one, such as dicts."""


@contextmanager
def judging(today: date | None = None, **values: Any) -> Iterator[Judgement]:  # noqa: ANN401
    """Complete and check the declarations made in this block, and collect rejections instead of raising them.

    Python evaluates `Environment(experiments=[Experiment(...)])` from the inside out: raising at the first
    rejected experiment would hide the other problems of the environment.

    Args:
        today: the day that expiries are compared with. Default: None, they are not compared.
        values: the other fields of `Judgement`, such as `image_lock`.
    """
    judgement = Judgement(today, **values)
    token = _judgement.set(judgement)
    try:
        yield judgement
    finally:
        _judgement.reset(token)


def current_judgement() -> Judgement:
    """The judgement of the enclosing `judging` block; outside of one, an empty judgement."""
    return _judgement.get() or Judgement()


class Declaration(BaseModel):
    """A frozen model of a part of a declaration.

    Raises:
        DeclarationError: on creation, with every problem at once. Inside `judging` the problems are collected
            there, and the rejected instance is a stand-in: each of its fields has its declared type or is None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    not_templates: ClassVar[frozenset[str]] = frozenset()
    """Fields that may contain `${` and `%{`, because they are encoded or escaped before Terraform reads them."""

    _is_stand_in: bool = PrivateAttr(default=False)

    def __init__(self, /, **values: Any) -> None:  # noqa: ANN401  pydantic's own signature
        is_nested = _nested.get()
        token = _nested.set(True)
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = [_shortened(problem) for each in error.errors() for problem in self._describe(each)]
            rejection = DeclarationError(self._subject(values), problems)
            judgement = _judgement.get()
            # A nested rejection is part of the surrounding one, if no other member of a union accepts the value.
            if judgement is None or is_nested:
                raise rejection from None
            judgement.reject(rejection)
            self._stand_in(values)
        finally:
            _nested.reset(token)

    @model_validator(mode="wrap")
    @classmethod
    def _fields_have_names(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        """Reject a dict with other keys than texts, which cannot be keyword arguments."""
        if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
            message = f"has keys that are not names of fields. Expected: {cls.__name__}(...)."
            raise ValueError(message)
        return validate(value)

    @property
    def is_rejected(self) -> bool:
        """True if this is the stand-in of a rejected declaration, some of whose fields may be None: see `judging`."""
        return self._is_stand_in

    def _problems(self) -> Iterator[str]:
        """Problems of the fields together. Called once every field is valid."""
        return iter(())

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        # pydantic validates an instance again where it is a field of another one.
        if not self._is_stand_in:
            refuse([*self._problems(), *self._template_problems()])
        return self

    def _template_problems(self) -> Iterator[str]:
        for name in type(self).model_fields:
            if name in self.not_templates:
                continue
            for given in _texts(getattr(self, name)):
                text = _TOKEN.sub("", given)
                for beginning in _TEMPLATES:
                    if beginning in text:
                        yield (
                            f"{name}: {shown(given)} contains {beginning!r}, which Terraform evaluates as a template. "
                            f"Expected: text without '${{' and '%{{'."
                        )

    @classmethod
    def _subject(cls, values: dict[str, Any]) -> str:
        name = shown(values["name"]) if "name" in values else "'without a name'"
        return f"{cls.__name__.lower()} {name}"

    def _stand_in(self, values: dict[str, Any]) -> None:
        """Keep those of `values` that have their field's type, so that rules of the surrounding declaration apply."""
        kept = {name: _typed(type(self), name, values) for name in type(self).model_fields}
        object.__setattr__(self, "__dict__", kept)
        object.__setattr__(self, "__pydantic_fields_set__", set())
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", {"_is_stand_in": True})

    @classmethod
    def _describe(cls, error: ErrorDetails) -> list[str]:
        """One error of pydantic in the caller's terms: field, value, and what is expected."""
        location = ".".join(str(part) for part in _location(error))
        known = cls.model_fields.get(str(error["loc"][0])) if error["loc"] else None
        expected = f" Expected: {known.description}" if known and known.description else ""
        cause = error.get("ctx", {}).get("error")
        match error["type"]:
            case "missing":
                return [f"{location}: missing.{expected}"]
            case "extra_forbidden":
                near = difflib.get_close_matches(location, cls.model_fields, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                return [f"{location}: there is no such field (given {shown(error['input'])}).{hint}"]
            case "value_error" if isinstance(cause, Problems):
                return cause.problems
            case "value_error" if isinstance(cause, DeclarationError):
                return [f"{location}.{problem}" for problem in cause.problems]
            case "value_error":
                return [f"{location}: {shown(error['input'])} {cause}"]
            case _:
                return [f"{location}: {shown(error['input'])}: {error['msg'][0].lower()}{error['msg'][1:]}.{expected}"]


def _shortened(problem: str) -> str:
    """`problem` with its long words cut: a rule of the catalog may repeat a given name of any length."""
    return _LONG_WORD.sub(lambda word: f"{word[0][: _LONGEST_SHOWN - 3]}...", problem)


def _location(error: ErrorDetails) -> Iterator[str | int]:
    """The path of an error: fields and keys, without the names that pydantic gives the members of a union."""
    for number, part in enumerate(error["loc"]):
        if number == 0 or isinstance(part, int):
            yield part
        elif "[" not in part:
            yield part if len(part) <= _LONGEST_SHOWN else f"{part[:40]}..."


def _typed(declared: type[Declaration], name: str, values: dict[str, Any]) -> Any:  # noqa: ANN401
    """The value of a field of a rejected declaration if it has the field's type; otherwise None."""
    info = declared.model_fields[name]
    if name not in values:
        return None if info.is_required() else info.get_default(call_default_factory=True, validated_data={})
    value = values[name]
    if info.exclude or any(isinstance(value, each) for each in _declared_models(info.annotation)):
        return value
    try:
        return _type_of(declared, name).validate_python(value)
    except (ValueError, TypeError, RecursionError, OverflowError):  # ValidationError is a ValueError
        return None


@cache
def _type_of(declared: type[Declaration], name: str) -> TypeAdapter[Any]:
    """The validator of a field's type. Creating one takes longer than validating all fields."""
    return TypeAdapter[Any](declared.model_fields[name].annotation or Any)


def _declared_models(annotation: object) -> Iterator[type[Declaration]]:
    members = get_args(annotation) if get_origin(annotation) in {Union, types.UnionType} else (annotation,)
    for each in members:
        if isinstance(each, type) and issubclass(each, Declaration):
            yield each


def _texts(value: object) -> Iterator[str]:
    """The texts in the value of a field, without those of nested declarations, which check their own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(key)
            yield from _texts(each)
