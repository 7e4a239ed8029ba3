"""What jobs of GitLab run: the comment that is written anew, and credentials for a token."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ci.gitlab import assume_role, comment
from mlinfra.local_aws.client_variables import client_variables
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws


class _Notes(BaseHTTPRequestHandler):
    """As much of GitLab's API as notes of one merge request need."""

    notes: ClassVar[list[dict[str, Any]]] = []
    tokens: ClassVar[set[str | None]] = set()

    def do_GET(self) -> None:
        first = "page=1" in self.path.split("&")
        self._answer(self.notes if first else [])

    def do_POST(self) -> None:
        note = {"id": len(self.notes) + 1, **self._body()}
        self.notes.append(note)
        self._answer(note)

    def do_PUT(self) -> None:
        (note,) = (each for each in self.notes if self.path.endswith(f"/notes/{each['id']}"))
        note.update(self._body())
        self._answer(note)

    def _body(self) -> dict[str, Any]:
        self.tokens.add(self.headers["PRIVATE-TOKEN"])
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return body

    def _answer(self, value: Any) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Notes]]:
    _Notes.notes, _Notes.tokens = [{"id": 1, "body": "Looks good."}], set()
    with HTTPServer(("127.0.0.1", 0), _Notes) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("CI_API_V4_URL", f"http://127.0.0.1:{server.server_port}/api/v4")
        monkeypatch.setenv("CI_PROJECT_ID", "7")
        monkeypatch.setenv("CI_MERGE_REQUEST_IID", "3")
        monkeypatch.setenv("MLINFRA_GITLAB_TOKEN", "of-the-project")
        yield _Notes
        server.shutdown()
        thread.join()


def test_the_previous_comment_is_replaced(gitlab: type[_Notes], tmp_path: Path) -> None:
    report = tmp_path / "review.md"
    for text in ("first", "second"):
        report.write_text(text)
        comment.main(report)
    assert [each["body"] for each in gitlab.notes] == ["Looks good.", f"{comment.MARK}\nsecond"]
    assert gitlab.tokens == {"of-the-project"}


def test_a_job_without_the_token_writes_no_comment(
    gitlab: type[_Notes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLINFRA_GITLAB_TOKEN")
    comment.main(tmp_path / "review.md")
    assert len(gitlab.notes) == 1
    assert "the report is an artifact" in capsys.readouterr().out


def test_a_token_becomes_credentials_for_the_shell(
    running_local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in client_variables(running_local_aws).items():
        if value is not None:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLINFRA_ID_TOKEN", "header.payload.signature")
    monkeypatch.chdir(ROOT)
    lines = assume_role.main("dev", "apply").splitlines()
    assert [each.partition("=")[0] for each in lines] == [
        "export AWS_ACCESS_KEY_ID",
        "export AWS_SECRET_ACCESS_KEY",
        "export AWS_SESSION_TOKEN",
    ]


def test_an_environment_without_a_pipeline_gets_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match=r"local has no pipeline that could plan it"):
        assume_role.main("local", "plan")
