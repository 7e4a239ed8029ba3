"""Write a report as a note of the merge request, in place of the previous note: `python3 -I comment.py review.md`.

In the pipeline of a branch or a tag, it is a comment of the commit, and comments of earlier runs are kept.

Imports only the standard library: pipelines read this file from the default branch, which a merge request cannot
change.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- mlinfra review -->"
_PAGE = 100
_LIMIT = 900_000  # GitLab takes notes of up to 1,000,000 characters
# The least that can write a note. Among the scopes of a project access token, only `api` writes notes. A Reporter reads
# the merge requests of a private project, which a Guest does not, and can neither push, approve nor merge. Source:
# GitLab docs, "Roles and permissions" and "Project access tokens", read 2026-11-29.
_SCOPES = ["api"]
_REPORTER = 20  # of the access levels in GitLab's API for members


def main(report: Path) -> None:
    """Write `report`, or print that it is available as an artifact only, if the job has no token."""
    token = os.environ.get("MLINFRA_GITLAB_TOKEN")
    if not token:
        print("MLINFRA_GITLAB_TOKEN is not set, as in merge requests of forks: the report is an artifact only.")  # noqa: T201
        return
    project = f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"
    _expect_least(project, token)
    if not os.environ.get("CI_MERGE_REQUEST_IID"):
        comments = f"{project}/repository/commits/{os.environ['CI_COMMIT_SHA']}/comments"
        _ask(comments, token, "POST", {"note": report.read_text(encoding="utf-8")[:_LIMIT]})
        return
    notes = f"{project}/merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}/notes"
    text = f"{MARK}\n{report.read_text(encoding='utf-8')[:_LIMIT]}"
    known = _known(notes, token)
    _ask(f"{notes}/{known}" if known else notes, token, "PUT" if known else "POST", {"body": text})


def _expect_least(project: str, token: str) -> None:
    """End with a message if the token can do more than write notes."""
    about = _ask(f"{os.environ['CI_API_V4_URL']}/personal_access_tokens/self", token, "GET")
    member = _ask(f"{project}/members/all/{about['user_id']}", token, "GET")
    if about["scopes"] != _SCOPES or member["access_level"] > _REPORTER:
        sys.exit(
            f"MLINFRA_GITLAB_TOKEN has the scopes {', '.join(about['scopes'])} and the access level "
            f"{member['access_level']}, so jobs of a merge request could do more than comment. The comment is not "
            f"written. Replace it by a project access token with the role Reporter (20) and the scope api only: "
            f"docs/pipelines.md."
        )


def _known(notes: str, token: str) -> int | None:
    page = 1
    while found := _ask(f"{notes}?per_page={_PAGE}&page={page}", token, "GET"):
        for note in found:
            if note["body"].startswith(MARK):
                return int(note["id"])
        page += 1
    return None


def _ask(url: str, token: str, method: str, body: dict[str, str] | None = None) -> Any:  # noqa: ANN401  JSON
    request = urllib.request.Request(  # noqa: S310  the address is GitLab's own variable
        url,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"PRIVATE-TOKEN": token, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
