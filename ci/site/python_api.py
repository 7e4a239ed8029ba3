"""Pages of reference for the Python API, from the public names, their signatures and docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, NamedTuple

import pydantic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class _Part(NamedTuple):
    module: str
    title: str
    intent: str


_PARTS = (
    _Part("mlinfra", "mlinfra", "Stacks, constructs and declarations."),
    _Part("mlinfra.testing", "mlinfra.testing", "Tests of your own stacks. The guide is [](../../testing.md)."),
    _Part("mlinfra.job", "mlinfra.job", "The client of training code. The guide is [](../../training-jobs.md)."),
    _Part("mlinfra.checks", "mlinfra.checks", "Checks of your own. The guide is [](../../checks.md)."),
)

_SECTION = re.compile(r"^(Args|Raises|Returns|Yields|Attributes|Example):$")
_ENTRY = re.compile(r"^ {4}(\*{0,2}[\w.]+): ?(.*)$")


def api_pages() -> dict[str, str]:
    """The pages in MyST Markdown, by file name without suffix: `index`, and one for each public module."""
    pages = {part.module.replace(".", "-"): _page(part) for part in _PARTS}
    rows = "".join(f"| [`{part.title}`]({part.module.replace('.', '-')}.md) | {part.intent} |\n" for part in _PARTS)
    listed = "\n".join(pages)
    index = (
        "# Python API\n\nThe names that a project may import. All others can change without notice.\n\n"
        f"| module | purpose |\n|---|---|\n{rows}\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    )
    return {"index": index, **pages}


def _page(part: _Part) -> str:
    module = importlib.import_module(part.module)
    public = {name: getattr(module, name) for name in sorted(module.__all__, key=str.lower)}
    parts = [f"# {part.title}\n\n{part.intent}\n"]
    for heading, names in _grouped(public):
        parts.append(f"\n## {heading}\n")
        parts += [_member(name, public[name]) for name in names]
    return "".join(parts)


def _grouped(public: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Headings with the names below each."""
    groups: dict[str, list[str]] = {"Constructs and stacks": [], "Declarations": [], "Classes": [], "Functions": []}
    for name, each in public.items():
        groups[_group(each)].append(name)
    yield from ((heading, names) for heading, names in groups.items() if names)


def _group(each: object) -> str:
    from mlinfra._cdk import Construct

    if not isinstance(each, type):
        return "Functions"
    if issubclass(each, Construct):
        return "Constructs and stacks"
    return "Declarations" if issubclass(each, pydantic.BaseModel) else "Classes"


def _member(name: str, member: Any) -> str:  # noqa: ANN401  any public object
    parts = [f"\n### {name}\n\n"]
    if not (isinstance(member, type) and issubclass(member, pydantic.BaseModel)):
        parts.append(f"```python\n{_signature(name, member)}\n```\n\n")
    parts.append(_text(inspect.getdoc(member) or ""))
    if isinstance(member, type):
        if issubclass(member, pydantic.BaseModel):
            parts.append(f"\nFields: [](../../environments.md#{name.lower()}).\n")
        else:
            parts += _members_of(name, member)
    return "".join(parts)


def _members_of(owner: str, member: type) -> Iterator[str]:
    """The constructor's arguments, then the public methods and properties that mlinfra documents."""
    constructor = vars(member).get("__init__")
    if constructor is not None and inspect.getdoc(constructor):
        yield _text(_without_summary(inspect.getdoc(constructor) or ""))
    for name, each in vars(member).items():
        target = each.fget if isinstance(each, property) else getattr(each, "__func__", each)
        if name.startswith("_") or not inspect.isfunction(target) or not target.__doc__:
            continue
        shown = f"{owner}.{name}" if isinstance(each, property) else _signature(f"{owner}.{name}", target)
        yield f"\n#### {owner}.{name}\n\n```python\n{shown}\n```\n\n{_text(inspect.cleandoc(target.__doc__))}"


def _signature(name: str, member: Any) -> str:  # noqa: ANN401  any public object
    try:
        # The metaclass of constructs hides the signature of the class.
        signature = inspect.signature(vars(member).get("__init__", member) if isinstance(member, type) else member)
    except (TypeError, ValueError):
        return name
    given = [
        each.replace(annotation=_short(each.annotation)) for key, each in signature.parameters.items() if key != "self"
    ]
    returned = signature.return_annotation
    bare = signature.replace(parameters=given, return_annotation=inspect.Signature.empty)
    text = f"{name}{bare}".replace("'", "")
    if isinstance(returned, type):
        returned = returned.__name__
    silent = returned in (None, "None", "_empty") or isinstance(member, type)
    ending = "" if silent else f" -> {returned}".replace("'", "")
    if len(text) + len(ending) > 90 and given:  # noqa: PLR2004  columns of a page
        lines = re.sub(r"^[^(]*\(|\)$", "", text)
        text = f"{name}(\n    " + re.sub(r", (?=\*?\*?\w+(?::|=|,|$)|\*)", ",\n    ", lines) + ",\n)"
    return text + ending


def _short(annotation: object) -> object:
    """An annotation without the modules of its names."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text) if annotation is not inspect.Parameter.empty else annotation


def _without_summary(text: str) -> str:
    return text.partition("\n\n")[2]


def _text(docstring: str) -> str:
    """A docstring as Markdown: its sections become lists."""
    lines: list[str] = []
    section = ""
    for line in docstring.splitlines():
        found = _SECTION.match(line)
        entry = _ENTRY.match(line) if section in {"Args", "Raises", "Attributes"} else None
        if found:
            section = found[1]
            lines += ["", f"**{'Arguments' if section == 'Args' else section}**", ""]
        elif entry:
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        elif section and section != "Example":
            lines.append(f"  {line.strip()}" if line.strip() and section not in {"Returns", "Yields"} else line.strip())
        else:
            lines.append(line)
    return "\n".join(lines).rstrip() + "\n"
