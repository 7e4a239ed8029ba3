"""Type hints of the generated functions are evaluated once each, those of other functions at each call."""

from __future__ import annotations

import typing

import pytest

from mlinfra._cdk import type_hints


def _typecheckingstub__0123(*, days: int) -> None:
    """As in generated bindings."""


def _other(*, days: int) -> None:
    """A function of a user."""


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The functions whose type hints Python evaluated."""
    found: list[object] = []

    def evaluate(obj: object, *args: object, **options: object) -> dict[str, object]:
        found.append((obj, args, options))
        return {"days": int}

    monkeypatch.setattr(typing, "get_type_hints", evaluate)
    type_hints.install()
    return found


def test_hints_of_a_generated_stub_are_evaluated_once(evaluated: list[object]) -> None:
    assert [typing.get_type_hints(_typecheckingstub__0123) for _ in range(3)] == [{"days": int}] * 3
    assert evaluated == [(_typecheckingstub__0123, (), {})]


def test_hints_of_other_functions_are_evaluated_at_each_call(evaluated: list[object]) -> None:
    namespace: dict[str, object] = {}
    typing.get_type_hints(_other, namespace)
    typing.get_type_hints(_other, include_extras=True)
    typing.get_type_hints(_typecheckingstub__0123, include_extras=True)
    assert evaluated == [
        (_other, (namespace,), {}),
        (_other, (), {"include_extras": True}),
        (_typecheckingstub__0123, (), {"include_extras": True}),
    ]


def test_installing_twice_wraps_once(evaluated: list[object]) -> None:
    first = typing.get_type_hints
    type_hints.install()
    assert typing.get_type_hints is first
    assert evaluated == []


def test_arguments_of_a_wrong_type_are_still_refused() -> None:
    from mlinfra._cdk.aws import s3_bucket

    for _ in range(2):
        with pytest.raises(TypeError, match="days"):
            s3_bucket.S3BucketLifecycleRuleExpiration(days="thirty")  # type: ignore[arg-type]
