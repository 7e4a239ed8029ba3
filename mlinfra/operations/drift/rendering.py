"""The report as Markdown, as JSON, and as the text of a notification."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.drift.report import Difference, Report, StackReport

_LONGEST = 160
_LONGEST_MESSAGE = 3000
"""Characters. Slack accepts more, but longer messages are hard to read."""


def shown(value: Any, longest: int = _LONGEST) -> str:  # noqa: ANN401  any JSON
    """A value in one line of limited length."""
    if value is None:
        return "(not set)"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    text = "".join(character if character.isprintable() else " " for character in text)
    text = " ".join(text.split()) or '""'
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def description(difference: Difference) -> str:
    """The difference in words, without the address of the resource."""
    if difference.kind == "deleted":
        return "deleted from AWS"
    if difference.kind == "unmanaged":
        return f"{difference.attribute}: {shown(difference.after)} (unmanaged)"
    return f"{difference.attribute}: {shown(difference.before)} -> {shown(difference.after)}"


def way_back(difference: Difference, environment: str) -> str:
    """The command that reverts a difference: an apply, or the removal of a part that no plan removes."""
    if difference.removal:
        return f"mlinfra drift --env {environment} --revert"
    return f"mlinfra up {environment} {difference.stack}"


def to_json(report: Report) -> str:
    """Write the complete report as JSON, for programs."""
    document = {
        "format": 1,
        "environment": report.environment,
        "created": report.created.isoformat(),
        "exit_code": report.exit_code,
        "summary": report.summary,
        "stacks": [_stack(stack, report.environment) for stack in report.stacks],
        "resolved": [asdict(each) for each in report.resolved],
        "expired_ignores": {entry: str(day) for entry, day in (report.expired or {}).items()},
    }
    return json.dumps(document, indent=2, default=str) + "\n"


def to_markdown(report: Report) -> str:
    """Write the complete report as Markdown, for a merge request or an issue."""
    lines = [
        f"# Drift of {report.environment}",
        "",
        f"{report.summary}. Checked on {report.created:%Y-%m-%d %H:%M} UTC.",
    ]
    for stack in report.stacks:
        lines += _stack_lines(stack, report.environment)
    if report.resolved:
        lines += ["", "## Resolved since the last run", ""]
        lines += [
            f"- {each.stack}: {_code(each.label) if each.label else 'one difference'}" for each in report.resolved
        ]
    if report.expired:
        lines += ["", "## Expired entries of drift-ignore.yaml", ""]
        lines += [f"- {_code(entry)}: expired on {day}" for entry, day in report.expired.items()]
    return "\n".join(lines) + "\n"


def to_message(report: Report) -> str:
    """Write the text of a notification about new and resolved drift. Empty if there is neither."""
    if not report.new and not report.resolved:
        return ""
    lines = [f"Drift: {report.summary}"]
    lines += [f"• new in {each.stack}: {each.address}: {description(each)}{_by(each)}" for each in report.new]
    lines += [f"• resolved in {each.stack}: {each.label or 'one difference'}" for each in report.resolved]
    text = ""
    for number, line in enumerate(lines):
        if len(text) + len(line) > _LONGEST_MESSAGE:
            return f"{text}… {len(lines) - number} more in the report\n"
        text += f"{line}\n"
    return text


def _by(difference: Difference) -> str:
    return f" (by {difference.who})" if difference.who else ""


def _stack(stack: StackReport, environment: str) -> dict[str, Any]:
    return {
        "name": stack.name,
        "problems": stack.problems,
        "compared": stack.was_compared,
        "differences": [_difference(each, environment) for each in stack.differences],
        "left_out": [asdict(each) for each in stack.left_out],
        "pending": None if stack.pending is None else [asdict(each) for each in stack.pending],
    }


def _difference(difference: Difference, environment: str) -> dict[str, Any]:
    who = difference.who
    return {
        "fingerprint": difference.fingerprint,
        "address": difference.address,
        "kind": difference.kind,
        "attribute": difference.attribute,
        "before": difference.before,
        "after": difference.after,
        "status": difference.status,
        "reason": difference.reason,
        "new": difference.new,
        "revert": way_back(difference, environment) if difference.status == "drift" else None,
        "who": who
        and {
            "unknown": who.unknown,
            "events": [{"principal": e.principal, "event": e.event, "at": e.at.isoformat()} for e in who.events],
        },
    }


def _stack_lines(stack: StackReport, environment: str) -> Iterator[str]:
    yield from ("", f"## {stack.name}", "")
    for problem in stack.problems:
        yield from ("**Check failed:**", "", "```text", problem.replace("```", "'''"), "```", "")
    drift = stack.with_status("drift")
    if drift:
        with_principals = any(each.who for each in drift)
        who = "changed by | " if with_principals else ""
        yield f"| resource | attribute | in the state | in AWS | {who}status | revert |"
        yield f"|---|---|---|---|{'---|' if with_principals else ''}---|---|"
        for each in drift:
            who = f" {_cell(str(each.who or ''))} |" if with_principals else ""
            yield (
                f"| {_code(each.address)} | {_code(each.attribute)} | {_code(shown(each.before))} | "
                f"{_code(shown(each.after))} |{who} {'new' if each.new else 'known'} | "
                f"{_code(way_back(each, environment))} |"
            )
    elif stack.was_compared:
        yield "No drift."
    for title, listed in (
        ("Not managed by Terraform", stack.with_status("not_managed")),
        ("Ignored", stack.with_status("ignored")),
    ):
        if listed:
            yield from ("", f"{title}:", "")
            yield from (f"- {_code(each.address)} {_code(description(each))}: {_cell(each.reason)}" for each in listed)
    if stack.pending:
        yield from ("", "In the code, but not applied yet:", "")
        yield from (f"- {_code(each.address)}: {', '.join(each.actions)}" for each in stack.pending)
    if stack.left_out:
        yield from ("", f"<details><summary>Left out: {len(stack.left_out)}</summary>", "")
        yield from (f"- {_code(each.address)} {_code(each.attribute)}: {each.reason}" for each in stack.left_out)
        yield from ("", "</details>")


def _cell(text: str) -> str:
    """Escape text for a cell of a Markdown table."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _code(text: str) -> str:
    """Text as inline code for a cell of a Markdown table."""
    text = " ".join(text.split()).replace("|", "\\|")
    if "`" in text:
        return f"`` {text} ``" if "``" not in text else f"` {text.replace('`', chr(39))} `"
    return f"`{text}`"
