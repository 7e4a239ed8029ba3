"""The report as Markdown, as JSON, and as the short text of a message."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.drift.report import Difference, Report, StackReport

_LONGEST = 160
_LONGEST_MESSAGE = 3000
"""Characters. Slack takes more, and nobody reads it there."""


def shown(value: Any, longest: int = _LONGEST) -> str:  # noqa: ANN401  any JSON
    """`value` in one line."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    text = "".join(character if character.isprintable() else " " for character in text)
    text = " ".join(text.split()) or '""'
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def what(difference: Difference) -> str:
    """What differs, without where."""
    if difference.kind == "deleted":
        return "deleted from AWS"
    if difference.kind == "unmanaged":
        return f"{difference.attribute}: {shown(difference.after)}, which no stack manages"
    return f"{difference.attribute}: {shown(difference.before)} -> {shown(difference.after)}"


def to_json(report: Report) -> str:
    """All of it, for programs."""
    document = {
        "format": 1,
        "environment": report.environment,
        "created": report.created.isoformat(),
        "exit_code": report.exit_code,
        "summary": report.summary,
        "stacks": [_stack(stack) for stack in report.stacks],
        "gone": [asdict(each) for each in report.gone],
        "expired_ignores": {entry: str(day) for entry, day in (report.expired or {}).items()},
    }
    return json.dumps(document, indent=2, default=str) + "\n"


def to_markdown(report: Report) -> str:
    """All of it, for a merge request or an issue."""
    lines = [f"# Drift of {report.environment}", "", f"{report.summary}. Compared {report.created:%Y-%m-%d %H:%M} UTC."]
    for stack in report.stacks:
        lines += _stack_lines(stack)
    if report.gone:
        lines += ["", "## Gone since the last run", ""]
        lines += [f"- {each.stack}: {_code(each.label) if each.label else 'one difference'}" for each in report.gone]
    if report.expired:
        lines += ["", "## Ignored no longer", ""]
        lines += [f"- {_code(entry)}: expired after {day}" for entry, day in report.expired.items()]
    return "\n".join(lines) + "\n"


def to_message(report: Report) -> str:
    """What is new and what is gone, for people who are told; empty where there is neither."""
    if not report.new and not report.gone:
        return ""
    lines = [f"Drift: {report.summary}"]
    lines += [f"• new in {each.stack}: {each.address}: {what(each)}{_by(each)}" for each in report.new]
    lines += [f"• gone in {each.stack}: {each.label or 'one difference'}" for each in report.gone]
    text = ""
    for number, line in enumerate(lines):
        if len(text) + len(line) > _LONGEST_MESSAGE:
            return f"{text}… and {len(lines) - number} more, in the report\n"
        text += f"{line}\n"
    return text


def _by(difference: Difference) -> str:
    return f" (by {difference.who})" if difference.who else ""


def _stack(stack: StackReport) -> dict[str, Any]:
    return {
        "name": stack.name,
        "problems": stack.problems,
        "compared": stack.was_compared,
        "differences": [_difference(each) for each in stack.differences],
        "left_out": [asdict(each) for each in stack.left_out],
        "pending": None if stack.pending is None else [asdict(each) for each in stack.pending],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    who = difference.who
    return {
        "fingerprint": difference.fingerprint,
        "address": difference.address,
        "kind": difference.kind,
        "attribute": difference.attribute,
        "before": difference.before,
        "after": difference.after,
        "standing": difference.standing,
        "reason": difference.reason,
        "new": difference.new,
        "who": who
        and {
            "unknown": who.unknown,
            "acts": [{"principal": a.principal, "event": a.event, "at": a.at.isoformat()} for a in who.acts],
        },
    }


def _stack_lines(stack: StackReport) -> Iterator[str]:
    yield from ("", f"## {stack.name}", "")
    for problem in stack.problems:
        yield from ("**Could not be looked at in full:**", "", "```text", problem.replace("```", "'''"), "```", "")
    drift = stack.with_standing("drift")
    if drift:
        asked = any(each.who for each in drift)
        yield f"| resource | what | recorded | in AWS | {'who | ' if asked else ''}|"
        yield f"|---|---|---|---|{'---|' if asked else ''}---|"
        for each in drift:
            who = f" {_cell(str(each.who or ''))} |" if asked else ""
            yield (
                f"| {_code(each.address)} | {_code(each.attribute)} | {_code(shown(each.before))} | "
                f"{_code(shown(each.after))} |{who} {'new' if each.new else 'known'} |"
            )
    elif stack.was_compared:
        yield "No drift."
    for title, listed in (
        ("Left to others", stack.with_standing("left to others")),
        ("Ignored", stack.with_standing("ignored")),
    ):
        if listed:
            yield from ("", f"{title}:", "")
            yield from (f"- {_code(each.address)} {_code(what(each))}: {_cell(each.reason)}" for each in listed)
    if stack.pending:
        yield from ("", "In the code, and not applied yet:", "")
        yield from (f"- {_code(each.address)}: {', '.join(each.actions)}" for each in stack.pending)
    if stack.left_out:
        yield from ("", f"<details><summary>Left out: {len(stack.left_out)}</summary>", "")
        yield from (f"- {_code(each.address)} {_code(each.attribute)}: {each.reason}" for each in stack.left_out)
        yield from ("", "</details>")


def _cell(text: str) -> str:
    """Text in a table of Markdown, as it is: nothing of it is markup."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _code(text: str) -> str:
    """Text as code in a table of Markdown."""
    text = " ".join(text.split()).replace("|", "\\|")
    if "`" in text:
        return f"`` {text} ``" if "``" not in text else f"` {text.replace('`', chr(39))} `"
    return f"`{text}`"
