"""Checks of arguments in generated functions have the results of typeguard. Hints are evaluated only if necessary."""

from __future__ import annotations

import itertools
import typing
from typing import Any

import jsii
import pytest
import typeguard

from mlinfra._cdk import IResolvable, TerraformResourceLifecycle, type_hints
from mlinfra._cdk.aws import s3_bucket

Rule = s3_bucket.S3BucketLifecycleRule
Expiration = s3_bucket.S3BucketLifecycleRuleExpiration


def _typecheckingstub__0123(*, days: int, rule: str) -> None:
    """As in generated bindings, whose annotations are objects and not texts."""


_typecheckingstub__0123.__annotations__ = {"days": typing.Optional[int], "rule": typing.Optional["Rule"]}  # noqa: UP045


def _other(*, days: int) -> None:
    """A function of a user."""


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The objects whose type hints Python evaluated."""
    found: list[object] = []
    stock = typing.get_type_hints.__wrapped__  # type: ignore[attr-defined]

    def evaluate(obj: object, *args: object, **options: object) -> Any:
        found.append((obj, args, options))
        return stock(obj, *args, **options)

    monkeypatch.setattr(typing, "get_type_hints", evaluate)
    type_hints.install()
    return found


class TestHints:
    def test_of_given_arguments_of_an_accepted_type_are_not_evaluated(self, evaluated: list[object]) -> None:
        hints = typing.get_type_hints(_typecheckingstub__0123)
        for days, rule in ((None, None), (30, Rule(enabled=True))):
            typeguard.check_type(argname="argument days", value=days, expected_type=hints["days"])
            typeguard.check_type(argname="argument rule", value=rule, expected_type=hints["rule"])
        assert evaluated == []

    def test_are_evaluated_once_for_other_arguments(self, evaluated: list[object]) -> None:
        for _ in range(3):
            hints = typing.get_type_hints(_typecheckingstub__0123)
            with pytest.raises(TypeError, match=r"type of argument rule must be one of \(.*Rule, NoneType\); got str"):
                typeguard.check_type(argname="argument rule", value="raw", expected_type=hints["rule"])
        assert len(evaluated) == 1

    def test_of_other_functions_are_evaluated_at_each_call(self, evaluated: list[object]) -> None:
        namespace: dict[str, object] = {}
        typing.get_type_hints(_other, namespace)
        typing.get_type_hints(_other, include_extras=True)
        typing.get_type_hints(_typecheckingstub__0123, include_extras=True)
        assert evaluated == [
            (_other, (namespace,), {}),
            (_other, (), {"include_extras": True}),
            (_typecheckingstub__0123, (), {"include_extras": True}),
        ]

    def test_installing_twice_wraps_once(self, evaluated: list[object]) -> None:
        functions = typing.get_type_hints, typeguard.check_type
        type_hints.install()
        assert (typing.get_type_hints, typeguard.check_type) == functions
        assert evaluated == []


def _typecheckingstub__4567(**arguments: object) -> None:
    """Annotated by the test below."""


ANNOTATIONS: list[Any] = [
    typing.Any,
    bool,
    str,
    jsii.Number,
    Rule,
    typing.Mapping[str, str],
    typing.Dict[str, Any],  # noqa: UP006  as in generated bindings, like those below
    typing.Sequence[str],
    typing.Sequence[typing.Union["Rule", typing.Dict[str, Any]]],  # noqa: UP006
    typing.Optional["Expiration"],
    typing.Optional[typing.Union["TerraformResourceLifecycle", typing.Sequence["Expiration"]]],  # noqa: UP045
    typing.Optional[typing.Union[IResolvable, str]],  # noqa: UP007, UP045
]
VALUES: list[Any] = [
    None,
    True,
    1,
    1.5,
    "text",
    (),
    [],
    ["text"],
    [1],
    ("text",),
    {},
    {"key": "text"},
    {"key": 1},
    {1: "text"},
    Rule(enabled=True),
    [Rule(enabled=True)],
    [Rule(enabled=True), Expiration(days=1)],
    [Expiration(days=1)],
    [{"enabled": True}],
    TerraformResourceLifecycle(prevent_destroy=True),
    Rule,
    object(),
]


class TestChecks:
    def test_of_generated_functions_have_the_results_of_typeguard(self) -> None:
        _typecheckingstub__4567.__annotations__ = {f"argument_{n}": each for n, each in enumerate(ANNOTATIONS)}
        hints = typing.get_type_hints(_typecheckingstub__4567)
        stock_hints = typing.get_type_hints.__wrapped__(_typecheckingstub__4567)  # type: ignore[attr-defined]
        stock_check = typeguard.check_type.__wrapped__
        results = []
        for name, value in itertools.product(hints, VALUES):
            results.append(_result(typeguard.check_type, name, value, hints[name]))
            assert results[-1] == _result(stock_check, name, value, stock_hints[name])
        accepted = results.count("")
        assert 50 < accepted < len(results) - 50

    def test_refuse_arguments_of_a_wrong_type(self) -> None:
        for _ in range(2):
            with pytest.raises(TypeError, match=r"argument days must be one of \(int, float, NoneType\); got str"):
                Expiration(days="thirty")  # type: ignore[arg-type]


def _result(check: Any, name: str, value: object, hint: object) -> str:
    try:
        check(argname=name, value=value, expected_type=hint)
    except TypeError as error:
        return str(error)
    return ""
