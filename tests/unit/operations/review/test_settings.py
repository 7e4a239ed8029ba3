from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import DeclarationError
from mlinfra.operations.review.settings import Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path


def settings(folder: Path, text: str) -> Settings:
    (folder / "approvals").mkdir()
    (folder / "approvals" / "settings.yaml").write_text(text)
    return read_settings(folder)


def test_without_the_file_or_a_field_the_defaults_apply(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == Settings()
    given = settings(tmp_path, "self_approval: [sandbox-*]\nmax_ratio: 3\n")
    assert (given.self_approval, given.limits.usd, given.limits.ratio) == (("sandbox-*",), 5_000.0, 3.0)


def test_an_empty_file_has_the_defaults(tmp_path: Path) -> None:
    assert settings(tmp_path, "# nothing yet\n") == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "approvals/settings.yaml: 1 problem\n  - the file is not a mapping. Expected: self_approval, max_"),
        ("self_approval: dev", "self_approval: 'dev'. Expected: a list of stacks or patterns"),
        ("self_approval: [1]", "self_approval: [1]. Expected: a list of stacks or patterns"),
        ("max_increase_usd: 0", "max_increase_usd: 0. Expected: a number above 0"),
        ("max_increase_usd: .inf", "max_increase_usd: inf. Expected: a number above 0"),
        ("max_increase_usd: true", "max_increase_usd: True. Expected: a number above 0"),
        ("max_ratio: 1", "max_ratio: 1. Expected: a number above 1"),
        ("max: 1", "max: unknown field. Expected: self_approval, max_increase_usd, max_ratio."),
        ("max_ratio: 2\nmax_ratio: 3", "duplicate field: max_ratio"),
    ],
)
def test_invalid_settings_are_refused_with_the_field(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(message)):
        settings(tmp_path, text)
