"""The check for banned phrases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ci import words
from ci.banned_phrases import PHRASES

if TYPE_CHECKING:
    from pathlib import Path


def test_no_banned_phrase_is_used() -> None:
    findings = [str(each) for path in words.files() for each in words.findings(path)]
    assert findings == []


def test_all_texts_are_checked() -> None:
    names = {path.relative_to(words.ROOT).as_posix() for path in words.files()}
    assert {"README.md", "Makefile", ".gitlab-ci.yml", "docs/adr/README.md", "mlinfra/stack.py"} <= names


def found(tmp_path: Path, name: str, content: str) -> list[tuple[int, str]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return [(each.line, each.phrase) for each in words.findings(path, tmp_path)]


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.sample)
def test_a_banned_phrase_is_found_and_what_resembles_it_is_not(tmp_path: Path, phrase: words.Phrase) -> None:
    assert [line for line, _ in found(tmp_path, "page.md", f"First line.\n{phrase.sample}\n")] == [2]
    for text in phrase.allowed:
        assert not found(tmp_path, "page.md", f"{text}\n")


def test_each_phrase_is_found_by_its_own_pattern() -> None:
    for phrase in PHRASES:
        assert re.search(phrase.pattern.replace(" ", r"\s+"), phrase.sample, re.IGNORECASE), phrase.sample


def test_strings_docstrings_and_comments_of_python_are_checked(tmp_path: Path) -> None:
    module = '''"""Module that nobody uses."""

# A comment that
# stands here.
name = "somebody"
text = f"{name} is told"
split = (
    "The owner is told "
    "of it."
)
'''
    assert found(tmp_path, "module.py", module) == [(1, "nobody"), (4, "stands"), (6, "told"), (8, "told")]


def test_names_in_code_are_not_checked(tmp_path: Path) -> None:
    assert not found(tmp_path, "module.py", 'nobody = {"nobody": 1}\n"""Set `nobody`."""\n')
    assert not found(tmp_path, "page.md", "Set `nobody`:\n\n```python\nnobody = 1\n```\n")


def test_a_phrase_is_found_across_lines(tmp_path: Path) -> None:
    assert found(tmp_path, "module.py", "# It stops by\n# itself.\n") == [(1, "by itself")]
    assert found(tmp_path, "module.py", '"""It stops.\n\nAlways by\nitself.\n"""\n') == [(3, "by itself")]
    assert found(tmp_path, "page.md", "It stops by\nitself.\n") == [(1, "by itself")]


@pytest.mark.parametrize("word", ["What", "Whether", "Who", "How", "That"])
def test_a_docstring_begins_with_a_summary(tmp_path: Path, word: str) -> None:
    assert found(tmp_path, "module.py", f'"""{word} it is."""\n') == [(1, word)]
    assert not found(tmp_path, "module.py", f'text = "{word} it is."\n')


def test_a_flag_is_not_documented_as_a_question(tmp_path: Path) -> None:
    function = '''def stop(dry_run):
    """Stop a cluster.

    Args:
        dry_run: Whether it is kept.
    """
'''
    assert found(tmp_path, "module.py", function) == [(5, "dry_run: Whether")]


@pytest.mark.parametrize("name", ["boot.sh", "pipeline.yml", "Makefile", "settings.toml"])
def test_scripts_and_settings_are_checked(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, name, "one:\n# It stops by\n# itself.\n") == [(2, "by itself")]


def test_of_tests_names_docstrings_and_comments_are_checked_and_strings_are_not(tmp_path: Path) -> None:
    module = '"""Somebody."""\ndef test_nobody_is_notified():\n    # anew\n    assert "nobody is told"\n'
    found_in_test = found(tmp_path, "tests/unit/test_owner.py", module)
    assert sorted(found_in_test) == [(1, "Somebody"), (2, "nobody"), (3, "anew")]


def test_a_finding_names_the_file_the_line_and_the_suggestion(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("Resolve it anew.\n")
    assert [str(each) for each in words.findings(tmp_path / "page.md", tmp_path)] == ["page.md:1: 'anew': say 'again'"]
