"""Recording of approvals: entries for held findings, appended to `approvals/<stack>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import yaml

from mlinfra.errors import OperationError
from mlinfra.operations.review.approval_files import FOLDER, LONGEST_DAYS
from mlinfra.operations.review.escaping import plain
from mlinfra.operations.review.reviewing import review
from mlinfra.operations.terraform import Repository

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.operations.review.finding import Finding

DAYS: Final = 7
"""The default number of days for which an approval is valid."""


@dataclass(frozen=True)
class RecordedApproval:
    """An approval that was written to a file."""

    finding: str
    digest: str
    stack: str
    address: str
    text: str
    """The approved fact."""
    file: str
    """The file, relative to the project."""


def approve(
    names: Sequence[str],
    plans: Sequence[Path],
    *,
    root: Path,
    today: date,
    reason: str,
    who: str | None = None,
    days: int = DAYS,
) -> tuple[RecordedApproval, ...]:
    """Record approvals of held findings.

    Args:
        names: digests of findings, or ids of rules that hold one finding only.
        plans: the plans with the findings.
        root: the project.
        today: the first day of the approvals.
        reason: the reason why the changes are intended.
        who: the approver's e-mail address. Default: `user.email` of git.
        days: the number of days for which the approvals are valid. Default: 7; at most 30.

    Raises:
        OperationError: if a name matches no held finding or several, or there is no e-mail address. No approval is then
            recorded.
    """
    if not 0 <= days <= LONGEST_DAYS:
        message = (
            f"An approval cannot be valid for {days} days. Expected: 0 to {LONGEST_DAYS}. No approval was recorded."
        )
        raise OperationError(message)
    if not reason.strip():
        message = "The reason of an approval is empty. No approval was recorded."
        raise OperationError(message)
    approver = who or Repository(root).user_address()
    if approver is None:
        message = (
            "git does not know the approver's e-mail address. No approval was recorded. Set it: git config user.email "
            "ADDRESS, or use --who ADDRESS"
        )
        raise OperationError(message)
    held = review(plans, root=root, today=today).held
    chosen = list(dict.fromkeys(_named(name, held) for name in names))
    until = today + timedelta(days=days)
    return tuple(_record(each, root, reason=reason.strip(), who=approver, until=until) for each in chosen)


def _named(name: str, held: Sequence[Finding]) -> Finding:
    matching = [each for each in held if name in {each.digest, each.id}]
    if len(matching) == 1:
        return matching[0]
    known = "\n".join(f"{each.digest}  {each.id}  {each.stack}  {each.address}" for each in matching or held)
    if matching:
        message = f"{name!r} matches {len(matching)} findings. No approval was recorded. Choose by digest."
    elif held:
        message = f"{name!r} matches no finding that needs an approval. No approval was recorded. Expected: a digest."
    else:
        message = f"{name!r} matches no finding: no finding of these plans needs an approval. No approval was recorded."
    raise OperationError(message, details=known)


def _record(finding: Finding, root: Path, *, reason: str, who: str, until: date) -> RecordedApproval:
    entry = {
        "finding": finding.id,
        "digest": finding.digest,
        "stack": finding.stack,
        "address": finding.address,
        "reason": reason,
        "who": who,
        "until": until,
    }
    text = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000)
    name = f"{FOLDER}/{finding.stack}.yaml"
    path = root / name
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    separator = "" if not before or before.endswith("\n") else "\n"
    path.write_text(f"{before}{separator}{text}", encoding="utf-8")
    return RecordedApproval(finding.id, finding.digest, finding.stack, finding.address, plain(finding.text), name)
