"""Programs of jobs: the comment on a merge request, and credentials in exchange for a token."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ci import assume_role
from ci.gitlab import comment
from mlinfra.local_aws.client_variables import client_variables
from tests.ci.servers import Notes, serving, serving_notes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Notes]]:
    with serving_notes() as address:
        Notes.notes.append({"id": 1, "body": "Looks good."})
        monkeypatch.setenv("CI_API_V4_URL", address)
        monkeypatch.setenv("CI_PROJECT_ID", "7")
        monkeypatch.setenv("CI_MERGE_REQUEST_IID", "3")
        monkeypatch.setenv("MLINFRA_GITLAB_TOKEN", "of-the-project")
        yield Notes


def test_the_previous_comment_is_replaced(gitlab: type[Notes], tmp_path: Path) -> None:
    report = tmp_path / "review.md"
    for text in ("first", "second"):
        report.write_text(text)
        comment.main(report)
    assert [each["body"] for each in gitlab.notes] == ["Looks good.", f"{comment.MARK}\nsecond"]
    assert gitlab.tokens == {"of-the-project"}


def test_a_job_without_the_token_writes_no_comment(
    gitlab: type[Notes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLINFRA_GITLAB_TOKEN")
    comment.main(tmp_path / "review.md")
    assert len(gitlab.notes) == 1
    assert "the report is an artifact" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("scopes", "access_level", "said"),
    [
        (["api", "write_repository"], 20, "the scopes api, write_repository and the access level 20"),
        (["api"], 40, "the scopes api and the access level 40"),
    ],
)
def test_a_token_that_can_do_more_than_comment_is_refused(
    gitlab: type[Notes], tmp_path: Path, scopes: list[str], access_level: int, said: str
) -> None:
    Notes.scopes, Notes.access_level = scopes, access_level
    with pytest.raises(SystemExit) as refused:
        comment.main(tmp_path / "review.md")
    assert said in str(refused.value)
    assert "Replace it by a project access token with the role Reporter (20) and the scope api only" in str(
        refused.value
    )
    assert len(gitlab.notes) == 1


ROLE = "arn:aws:iam::111111111111:role/recsys-dev-ci-plan"


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables of a job of GitLab that has a token."""
    for name in ("GITHUB_ACTIONS", "ACTIONS_ID_TOKEN_REQUEST_URL", "CI_PIPELINE_ID", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("MLINFRA_ID_TOKEN", "header.payload.signature")
    return monkeypatch


def test_a_token_becomes_credentials_for_the_shell_and_is_unset(
    mlinfra_local_aws: LocalAws, job: pytest.MonkeyPatch
) -> None:
    job.setenv("AWS_ENDPOINT_URL_STS", str(client_variables(mlinfra_local_aws)["AWS_ENDPOINT_URL"]))
    lines = assume_role.main(ROLE, "3600").splitlines()
    assert [each.partition("=")[0] for each in lines] == [
        "export AWS_ACCESS_KEY_ID",
        "export AWS_SECRET_ACCESS_KEY",
        "export AWS_SESSION_TOKEN",
        "unset MLINFRA_ID_TOKEN",
        "unset ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "unset ACTIONS_ID_TOKEN_REQUEST_URL",
    ]
    assert all(each.partition("=")[2] for each in lines[:3])


class _Issuers(BaseHTTPRequestHandler):
    """GitHub's issuer of tokens, and an STS that refuses them."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        self._answer(200, json.dumps({"value": "of-github"}))

    def do_POST(self) -> None:
        self.asked.append((self.rfile.read(int(self.headers["Content-Length"])).decode(), None))
        self._answer(403, "<ErrorResponse><Error><Message>Not authorized.</Message></Error></ErrorResponse>")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write no log."""


@pytest.fixture
def issuers(job: pytest.MonkeyPatch) -> Iterator[str]:
    _Issuers.asked = []
    with serving(_Issuers) as address:
        job.setenv("AWS_ENDPOINT_URL_STS", address)
        yield address


def test_a_job_of_github_requests_its_token_for_sts(issuers: str, job: pytest.MonkeyPatch) -> None:
    job.delenv("MLINFRA_ID_TOKEN")
    job.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{issuers}/token?version=1")
    job.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job")
    with pytest.raises(SystemExit):
        assume_role.main(ROLE, "3600")
    asked, exchanged = _Issuers.asked
    assert asked == ("/token?version=1&audience=sts.amazonaws.com", "Bearer of-the-job")
    assert "WebIdentityToken=of-github" in exchanged[0]
    assert "DurationSeconds=3600" in exchanged[0]


@pytest.mark.usefixtures("issuers")
def test_a_refusal_of_sts_says_what_the_role_trusts() -> None:
    with pytest.raises(SystemExit, match=r"STS refused the token of this job for .*: Not authorized\. The role trusts"):
        assume_role.main(ROLE, "3600")


def test_credentials_are_masked_in_logs_of_github(
    mlinfra_local_aws: LocalAws, job: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job.setenv("AWS_ENDPOINT_URL_STS", str(client_variables(mlinfra_local_aws)["AWS_ENDPOINT_URL"]))
    job.setenv("GITHUB_ACTIONS", "true")
    assume_role.main(ROLE, "3600")
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("::add-mask::")) == ("", 3)


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("role", ["", "$DEV_PLAN_ROLE", "recsys-dev-ci-plan"])
def test_a_job_without_the_arn_of_a_role_gets_no_credentials(role: str) -> None:
    with pytest.raises(SystemExit, match=r"is not the ARN of a role, .* Set the variables DEV_PLAN_ROLE"):
        assume_role.main(role, "3600")


def test_a_job_without_a_region_gets_no_credentials(job: pytest.MonkeyPatch) -> None:
    job.delenv("AWS_REGION")
    with pytest.raises(SystemExit, match="AWS_REGION is not set, so STS has no address"):
        assume_role.main(ROLE, "3600")


def test_a_job_without_a_token_gets_no_credentials(job: pytest.MonkeyPatch) -> None:
    job.delenv("MLINFRA_ID_TOKEN")
    with pytest.raises(SystemExit, match="This job has no token, so it gets no credentials"):
        assume_role.main(ROLE, "3600")
