"""Write a report as a note of the merge request, in place of the previous note: `... comment.py review.md`."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

MARK = "<!-- mlinfra review -->"
_PAGE = 100
_LIMIT = 900_000  # GitLab takes notes of up to 1,000,000 characters


def main(report: Path) -> None:
    """Write `report`, or print that it is available as an artifact only, if the job has no token."""
    token = os.environ.get("MLINFRA_GITLAB_TOKEN")
    if not token:
        print("MLINFRA_GITLAB_TOKEN is not set, as in merge requests of forks: the report is an artifact only.")  # noqa: T201
        return
    notes = (
        f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"
        f"/merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}/notes"
    )
    text = f"{MARK}\n{report.read_text(encoding='utf-8')[:_LIMIT]}"
    known = _known(notes, token)
    _ask(f"{notes}/{known}" if known else notes, token, "PUT" if known else "POST", {"body": text})


def _known(notes: str, token: str) -> int | None:
    page = 1
    while found := _ask(f"{notes}?per_page={_PAGE}&page={page}", token, "GET"):
        for note in found:
            if note["body"].startswith(MARK):
                return int(note["id"])
        page += 1
    return None


def _ask(url: str, token: str, method: str, body: dict[str, str] | None = None) -> list[dict[str, object]]:
    request = urllib.request.Request(  # noqa: S310  the address is GitLab's own variable
        url,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"PRIVATE-TOKEN": token, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)  # type: ignore[no-any-return]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
