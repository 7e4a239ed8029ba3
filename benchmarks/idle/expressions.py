"""Evaluation of DynamoDB's update, condition and key expressions, as far as the handlers use them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Item = dict[str, Any]
    Test = Callable[[Mapping[str, Any], Mapping[str, str], Mapping[str, Any]], bool]

_TOKEN = re.compile(r"\s*(<=|>=|<>|[=<>(),]|[#:]?\w+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "<>": lambda one, other: bool(one != other),
    "<": lambda one, other: one is not None and bool(one < other),
    "<=": lambda one, other: one is not None and bool(one <= other),
    ">": lambda one, other: one is not None and bool(one > other),
    ">=": lambda one, other: one is not None and bool(one >= other),
}


class UnknownExpressionError(Exception):
    """An expression that this module does not evaluate: extend it, and `test_replay_aws.py` with it."""


def holds(text: str, item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    """True if the condition `text` holds for `item`. A missing attribute compares as false, except with `<>`."""
    return _condition(text)(item, names, values)


def update(text: str, item: Item, names: Mapping[str, str], values: Mapping[str, Any]) -> Item:
    """`item` after the update expression `text`, whose values refer to the item before it."""
    changed = dict(item)
    for action, part in _clauses(text):
        for one in _split(part):
            if action == "SET":
                left, right = (each.strip() for each in one.split("=", 1))
                changed[_name(left, names)] = _value(right, item, names, values)
            elif action == "REMOVE":
                changed.pop(_name(one.strip(), names), None)
            else:
                left, right = one.split()
                name, value = _name(left, names), values[right]
                if action == "ADD":
                    changed[name] = (
                        (set(item[name]) | value if isinstance(value, set) else item[name] + value)
                        if (name in item)
                        else value
                    )
                elif name in item:
                    changed[name] = set(item[name]) - value
                    if not changed[name]:
                        del changed[name]
    return changed


@lru_cache(maxsize=256)
def _clauses(text: str) -> tuple[tuple[str, str], ...]:
    parts = re.split(r"\b(SET|REMOVE|ADD|DELETE)\b", text)
    if parts[0].strip():
        raise UnknownExpressionError(text)
    return tuple(zip(parts[1::2], parts[2::2], strict=True))


@lru_cache(maxsize=256)
def _split(text: str) -> tuple[str, ...]:
    """The parts between commas that are in no parentheses."""
    parts, depth, begin = [], 0, 0
    for index, each in enumerate(text):
        depth += (each == "(") - (each == ")")
        if each == "," and not depth:
            parts.append(text[begin:index])
            begin = index + 1
    return (*parts, text[begin:])


def _name(text: str, names: Mapping[str, str]) -> str:
    return names[text] if text.startswith("#") else text


def _value(text: str, item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if match := re.fullmatch(r"(.+?)\s*([+-])\s*(.+)", text):
        left, sign, right = match.groups()
        one, other = (_value(each.strip(), item, names, values) for each in (left, right))
        return one + other if sign == "+" else one - other
    if match := re.fullmatch(r"if_not_exists\(\s*(\S+?)\s*,\s*(\S+?)\s*\)", text):
        name = _name(match[1], names)
        return item[name] if name in item else _value(match[2], item, names, values)
    if text.startswith(":"):
        return values[text]
    return item[_name(text, names)]


@lru_cache(maxsize=256)
def _condition(text: str) -> Test:
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        raise UnknownExpressionError(text)
    parser = _Parser(tokens, text)
    test = parser.either()
    if parser.tokens:
        raise UnknownExpressionError(text)
    return test


class _Parser:
    """A recursive-descent parser of conditions."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self.tokens = tokens
        self._text = text

    def either(self) -> Test:
        tests = [self._all()]
        while self._next_is("OR"):
            tests.append(self._all())
        return lambda item, names, values: any(test(item, names, values) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._next_is("AND"):
            tests.append(self._one())
        return lambda item, names, values: all(test(item, names, values) for test in tests)

    def _one(self) -> Test:
        if self._next_is("NOT"):
            test = self._one()
            return lambda item, names, values: not test(item, names, values)
        if self._next_is("("):
            test = self.either()
            self._take(")")
            return test
        first = self._take()
        if self.tokens and self.tokens[0] == "(":
            return self._function(first)
        operator, second = self._take(), self._take()
        if operator not in _COMPARE:
            raise UnknownExpressionError(self._text)
        compare = _COMPARE[operator]
        return lambda item, names, values: compare(
            _read(first, item, names, values), _read(second, item, names, values)
        )

    def _function(self, function: str) -> Test:
        self._take("(")
        name = self._take()
        if function == "attribute_exists":
            self._take(")")
            return lambda item, names, _: _name(name, names) in item
        if function == "attribute_not_exists":
            self._take(")")
            return lambda item, names, _: _name(name, names) not in item
        if function == "begins_with":
            self._take(",")
            prefix = self._take()
            self._take(")")
            return lambda item, names, values: str(_read(name, item, names, values) or "").startswith(values[prefix])
        raise UnknownExpressionError(self._text)

    def _next_is(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False

    def _take(self, expected: str | None = None) -> str:
        if not self.tokens or expected not in {None, self.tokens[0]}:
            raise UnknownExpressionError(self._text)
        return self.tokens.pop(0)


def _read(text: str, item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    return values[text] if text.startswith(":") else item.get(_name(text, names))
