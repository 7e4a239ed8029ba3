"""Check texts for banned phrases: `python -m ci.words [PATH ...]`.

Checks strings, docstrings and comments of Python, documentation outside code, shell scripts, YAML and TOML.
In tests, it checks docstrings, comments and the names of tests, but no strings. Without a path: everything, with a
count for each folder at the end. `ci/banned_phrases.py` lists the phrases.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ci.banned_phrases import FLAG, PHRASES, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
CHECKED = (
    "main.py",
    "mlinfra",
    "environments",
    "examples",
    "ci",
    "benchmarks",
    "docs",
    "tests",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Makefile",
    "pyproject.toml",
    ".ci",
    ".github",
    ".gitlab-ci.yml",
)
_EXCLUDED = ("ci/banned_phrases.py", "tests/docs/test_words.py")
_NOT_WRITTEN_HERE = ("mlinfra/operations/report/assets/", "docs/reference/")
"""Libraries, and pages that come from texts which are checked."""
_SUFFIXES = frozenset({"", ".js", ".md", ".py", ".service", ".sh", ".timer", ".toml", ".yaml", ".yml"})
_TEST = re.compile(r"^(?: {4})?(?:async )?def (test_\w+)", re.MULTILINE)
_STRING_OR_COMMENT = re.compile(
    r""""{3}(?:[^\\]|\\.)*?"{3}|'{3}(?:[^\\]|\\.)*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|#[^\n]*""", re.DOTALL
)
"""Matches strings too, since they may contain `#`. Much faster than `tokenize`."""
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Finding(NamedTuple):
    """A banned phrase in a file."""

    path: str
    line: int
    phrase: str
    instead: str

    def __str__(self) -> str:
        """`path:line: 'phrase': suggestion`, as editors and compilers print it."""
        return f"{self.path}:{self.line}: {self.phrase!r}: {self.instead}"


class _Text(NamedTuple):
    """A piece of text with the line on which it begins."""

    line: int
    text: str
    docstring: bool = False


def findings(path: Path, root: Path = ROOT) -> list[Finding]:
    """Find the banned phrases in one file. Strings of tests are not checked."""
    name = path.relative_to(root).as_posix()
    found = []
    for each in _texts(name, path.read_text(encoding="utf-8")):
        for pattern, instead in _patterns(docstring=each.docstring):
            for match in pattern.finditer(each.text):
                line = each.line + each.text.count("\n", 0, match.start())
                found.append(Finding(name, line, " ".join(match[0].split()), instead))
    return sorted(found)


def files(paths: Iterable[str] = CHECKED, root: Path = ROOT) -> Iterator[Path]:
    """List the files that are checked below the given files and folders."""
    for each in paths:
        start = root / each
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            name = path.relative_to(root).as_posix()
            is_text = path.suffix in _SUFFIXES and not path.name.startswith(".")
            is_own = name not in _EXCLUDED and "cdktf.out" not in name and not name.startswith(_NOT_WRITTEN_HERE)
            if path.is_file() and (is_text or path == start) and is_own:
                yield path


@cache
def _patterns(*, docstring: bool) -> list[tuple[re.Pattern[str], str]]:
    phrases = [(each.pattern.replace(" ", r"\s+"), each.instead) for each in PHRASES]
    compiled = [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in phrases]
    if docstring:
        compiled += [
            (re.compile(SUMMARY), "begin a docstring with a noun phrase or an imperative"),
            (re.compile(FLAG, re.MULTILINE), "say 'True if ...'"),
        ]
    return compiled


def _texts(name: str, content: str) -> Iterator[_Text]:
    if name.startswith("tests/"):
        if name.endswith(".py"):
            yield from _test_names(name, content)
            yield from (each for each in _strings(content) if each.docstring)
            yield from _comments(content)
    elif name.endswith(".py"):
        yield from _strings(content)
        yield from _comments(content)
    elif name.endswith(".md"):
        yield _Text(1, _without_code(content))
    else:
        yield _Text(1, re.sub(r"^[ \t]*(?:#|//)", "", content, flags=re.MULTILINE))


def _test_names(name: str, content: str) -> Iterator[_Text]:
    yield _Text(1, Path(name).stem.replace("_", " "))
    for match in _TEST.finditer(content):
        yield _Text(content.count("\n", 0, match.start()) + 1, match[1].replace("_", " "))


def _strings(content: str) -> Iterator[_Text]:
    docstrings: set[int] = set()
    parts: set[int] = set()
    for node in ast.walk(ast.parse(content)):  # parents before their children
        if isinstance(node, _DOCUMENTED) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(id(first.value))
        elif isinstance(node, ast.JoinedStr):
            parts.update(id(each) for each in node.values)
            yield _Text(node.lineno, "".join(_literal(each) for each in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            documented = id(node) in docstrings
            if documented or " " in node.value:  # one word is a key or a name
                yield _Text(node.lineno, node.value if documented else _without_spans(node.value), documented)


def _literal(node: ast.expr) -> str:
    """Text of one part of an f-string; a placeholder counts as a word."""
    return str(node.value) if isinstance(node, ast.Constant) else "…"


def _comments(content: str) -> Iterator[_Text]:
    """Comments; those on consecutive lines are one text, so that a phrase may continue on the next line."""
    block: list[str] = []
    start = last = at = 0
    line = 1
    for match in _STRING_OR_COMMENT.finditer(content):
        comment = match[0]
        if not comment.startswith("#") or comment.startswith("#!"):
            continue
        line += content.count("\n", at, match.start())
        at = match.start()
        if block and line != last + 1:
            yield _Text(start, "\n".join(block))
            block = []
        start = start if block else line
        last = line
        block.append(comment.lstrip("#: "))
    if block:
        yield _Text(start, "\n".join(block))


def _without_spans(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "`…`", text)


def _without_code(content: str) -> str:
    """Markdown without fenced code and code spans, with the same number of lines."""
    blanked = re.sub(
        r"^([ \t]*)(```|~~~).*?^[ \t]*\2",
        lambda match: "\n" * match[0].count("\n"),
        content,
        flags=re.MULTILINE | re.DOTALL,
    )
    return _without_spans(blanked)


def _folder(name: str) -> str:
    """Folder for the count: two levels of the package, one of the others."""
    parts = name.split("/")
    depth = 3 if parts[0] in {"mlinfra", "tests"} else 1
    return "/".join(parts[:-1][:depth]) or name


def main(arguments: Sequence[str]) -> int:
    """Print the findings in the given paths, and their number in each folder."""
    found = [each for path in files(arguments or CHECKED) for each in findings(path)]
    for each in found:
        print(each)  # noqa: T201
    for folder, number in sorted(Counter(_folder(each.path) for each in found).items()):
        print(f"{number:6} {folder}")  # noqa: T201
    print(f"{len(found):6} in total")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
