"""The choices for a new project follow the rules of declarations."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from mlinfra.errors import DeclarationError
from mlinfra.operations.scaffold import Settings
from mlinfra.operations.scaffold.settings import name_from, own_requirement, repository_from, service_of
from tests.conftest import TODAY


def settings(**changes: Any) -> Settings:
    return Settings(**{"project": "ranker", "owner": "ana@example.com", "today": TODAY, **changes})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"project": "Ranker_1"}, r"project: 'Ranker_1': .*Expected: 2 to 24 lower-case letters"),
        ({"account_id": "12"}, r"account_id: '12': .*exactly 12 digits"),
        ({"region": "mars-1"}, r"region: 'mars-1' is not an AWS region"),
        ({"owner": "ana"}, r"owner: 'ana': .*e-mail address"),
        ({"repository": "gitlab.com"}, r"project: '' is not a valid project of gitlab"),
        ({"repository": 'gitlab.com/ml/"x'}, r"project: .* is not a valid project"),
    ],
)
def test_an_invalid_choice_is_rejected_as_in_a_declaration(change: dict[str, str], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        settings(**change)


def test_the_experiment_expires_28_days_after_the_creation() -> None:
    assert settings(today=date(2026, 2, 10)).expires == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("services", "repository", "path", "issuer"),
    [
        (("gitlab",), "gitlab.com/ml/ranker", "ml/ranker", ""),
        (("gitlab",), "git.acme.dev/ml/ranker", "ml/ranker", "https://git.acme.dev"),
        (("github",), "github.com/ml/ranker", "ml/ranker", ""),
    ],
)
def test_the_environment_trusts_the_pipeline_of_the_repository_and_no_other(
    services: tuple[Any, ...], repository: str, path: str, issuer: str
) -> None:
    made = settings(services=services, repository=repository)
    assert (made.repository_path, made.issuer) == (path, issuer)
    assert made.environment.pipeline is not None
    assert made.environment.pipeline.project == path


@pytest.mark.parametrize(
    ("service", "repository", "expected"),
    [("github", "gitlab.com/ml/ranker", "gitlab"), ("gitlab", "github.com/ml/ranker", "github")],
)
def test_the_same_path_at_another_service_is_not_trusted(service: Any, repository: str, expected: str) -> None:
    with pytest.raises(
        DeclarationError, match=rf"is not a repository of {service}\. Expected: --ci {expected}, or none"
    ):
        settings(services=(service,), repository=repository)


def test_without_a_service_or_a_known_repository_no_pipeline_is_trusted() -> None:
    assert settings(services=(), repository="gitlab.com/ml/ranker").environment.pipeline is None
    unknown = settings(services=("gitlab",)).environment
    assert unknown.pipeline is None
    assert unknown.repository == "git.example.com/ranker/ranker"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My_Ranker 2", "my-ranker-2"),
        ("2-tower", "tower"),
        ("---", ""),
        ("über", "ber"),
        ("a-very-long-name-of-a-folder-x", "a-very-long-name-of-a-fo"),
        ("a-very-long-name-of-aaa-x", "a-very-long-name-of-aaa"),
    ],
)
def test_a_name_of_a_project_is_made_of_that_of_a_folder(text: str, name: str) -> None:
    assert name_from(text) == name


@pytest.mark.parametrize(
    ("remote", "repository"),
    [
        ("git@gitlab.com:ml/ranker.git", "gitlab.com/ml/ranker"),
        ("https://user:secret@github.com/ml/ranker", "github.com/ml/ranker"),
        ("ssh://git@git.acme.dev:2222/ml/team/ranker.git", "git.acme.dev/ml/team/ranker"),
        ("/srv/git/ranker.git", ""),
        ("", ""),
    ],
)
def test_the_repository_of_a_remote_has_no_protocol_user_and_port(remote: str, repository: str) -> None:
    assert repository_from(remote) == repository


def test_only_repositories_of_github_have_a_pipeline_of_github() -> None:
    assert service_of("github.com/ml/ranker") == "github"
    assert service_of("git.acme.dev/github.com/ranker") == "gitlab"


class Installed:
    """A distribution with a record of its origin."""

    def __init__(self, record: object) -> None:
        self.record = record

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self.record is None else json.dumps(self.record)


@pytest.mark.parametrize(
    ("record", "requirement"),
    [
        (None, "mlinfra-cdktf[cdktn,testing]==0.1.0"),
        ({"url": "file:///tmp/mlinfra.whl", "archive_info": {}}, "mlinfra-cdktf[cdktn,testing]==0.1.0"),
        (
            {"url": "https://git.acme.dev/ml/mlinfra", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "mlinfra-cdktf[cdktn,testing] @ git+https://git.acme.dev/ml/mlinfra@abc",
        ),
    ],
)
def test_the_requirement_is_the_installed_version_or_commit(
    record: object, requirement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlinfra.operations.scaffold.settings.distribution", lambda _: Installed(record))
    monkeypatch.setattr("mlinfra.operations.scaffold.settings.version", lambda _: "0.1.0")
    monkeypatch.delenv("MLINFRA_CDK", raising=False)
    assert own_requirement() == requirement


def test_a_project_made_with_cdktf_by_choice_does_not_require_cdktn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLINFRA_CDK", "cdktf")
    assert own_requirement().startswith("mlinfra-cdktf[testing]")
