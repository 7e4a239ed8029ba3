"""Declarations of pipelines, the claims of their tokens, and errors of invalid ones."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import DeclarationError, Pipeline, TrainingJobs
from tests.conftest import an_environment

GITLAB = Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com")
GITHUB = Pipeline(provider="github", project="ml/platform")


def refusal(**changes: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        Pipeline(**({"provider": "gitlab", "project": "ml/platform"} | changes))
    return str(refused.value)


def test_an_environment_has_no_pipeline_unless_it_says_so() -> None:
    assert an_environment().pipeline is None


def test_the_names_of_the_roles_contain_the_environment() -> None:
    assert an_environment().names.ci_role_arn("plan") == "arn:aws:iam::111111111111:role/recsys-dev-ci-plan"
    assert an_environment().names.ci_role_arn("drift") == "arn:aws:iam::111111111111:role/recsys-dev-ci-drift"
    assert an_environment().names.ci_role_arn("apply") == "arn:aws:iam::111111111111:role/recsys-dev-ci-apply"


def test_any_branch_of_a_project_of_gitlab_plans() -> None:
    assert GITLAB.plan_claims == {
        "StringEquals": {"gitlab.example.com:aud": "https://gitlab.example.com"},
        "StringLike": {"gitlab.example.com:sub": "project_path:ml/platform:ref_type:branch:ref:*"},
    }


def test_one_branch_of_a_project_of_gitlab_applies() -> None:
    assert GITLAB.apply_claims("dev") == {
        "StringEquals": {
            "gitlab.example.com:aud": "https://gitlab.example.com",
            "gitlab.example.com:sub": "project_path:ml/platform:ref_type:branch:ref:main",
        }
    }


def test_one_branch_detects_drift() -> None:
    """The role writes the baseline: a drift that another branch declares as known would not be reported."""
    issuer = "token.actions.githubusercontent.com"
    assert GITLAB.drift_claims == GITLAB.apply_claims("dev")
    assert GITHUB.drift_claims == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "repo:ml/platform:ref:refs/heads/main"}
    }


def test_pull_requests_and_branches_of_a_repository_of_github_plan_and_its_environments_do_not() -> None:
    issuer = "token.actions.githubusercontent.com"
    assert GITHUB.plan_claims == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{issuer}:sub": ["repo:ml/platform:pull_request", "repo:ml/platform:ref:refs/heads/*"]},
    }


def test_one_environment_on_one_branch_of_github_applies() -> None:
    issuer = "token.actions.githubusercontent.com"
    assert GITHUB.apply_claims("prod") == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "repo:ml/platform:environment:prod",
            f"{issuer}:ref": "refs/heads/main",
        }
    }


def test_an_environment_may_have_another_name_in_the_pipeline() -> None:
    pipeline = GITHUB.model_copy(update={"environment": "production"})
    assert pipeline.apply_claims("prod")["StringEquals"]["token.actions.githubusercontent.com:sub"] == (
        "repo:ml/platform:environment:production"
    )


def test_iam_knows_the_branch_of_github_com_alone() -> None:
    pipeline = Pipeline(provider="github", project="ml/platform", url="https://git.example.com/_services/token")
    assert pipeline.apply_claims("prod")["StringEquals"] == {
        "git.example.com/_services/token:aud": "sts.amazonaws.com",
        "git.example.com/_services/token:sub": "repo:ml/platform:environment:prod",
    }


def test_immutable_subjects_of_github_are_used_unchanged() -> None:
    pipeline = Pipeline(provider="github", project="ml@12/platform@34")
    subjects = pipeline.plan_claims["StringLike"]["token.actions.githubusercontent.com:sub"]
    assert subjects[0] == "repo:ml@12/platform@34:pull_request"


@pytest.mark.parametrize("project", ["platform", "ml/*", "ml/platform:ref_type", "ml/${x}", "ml//platform", "/ml", ""])
def test_an_invalid_gitlab_project_is_refused(project: str) -> None:
    assert f"project: {project!r} is not a valid project of gitlab. Expected: a path such as ml/platform." in refusal(
        project=project
    )


@pytest.mark.parametrize("project", ["platform", "ml/*", "ml/platform/infra", "ml@x/platform"])
def test_an_invalid_github_repository_is_refused(project: str) -> None:
    assert f"project: {project!r} is not a valid project of github. Expected: ml/platform, or ml@123456" in refusal(
        provider="github", project=project
    )


@pytest.mark.parametrize("url", ["http://gitlab.example.com", "gitlab.example.com", "https://x/", "https://*.x.com"])
def test_an_issuer_without_a_valid_address_is_refused(url: str) -> None:
    assert "url: " in refusal(url=url)
    assert "an address that begins with https:// and does not end with a slash" in refusal(url=url)


@pytest.mark.parametrize("branch", ["*", "feature/*", "ma?n", "", "-main"])
def test_a_pattern_of_branches_is_refused(branch: str) -> None:
    assert "The only branch that is applied" in refusal(branch=branch)


@pytest.mark.parametrize("hours", [0, 5])
def test_a_session_of_other_than_one_to_four_hours_is_refused(hours: int) -> None:
    assert f"apply_session_hours: {hours}" in refusal(apply_session_hours=hours)


def test_an_environment_of_the_pipeline_without_a_name_is_refused() -> None:
    assert "environment: 'a b'" in refusal(environment="a b")


def training(pipeline: Pipeline, **fields: Any) -> Any:
    return pipeline.model_copy(update={"training": TrainingJobs(**fields)}).training_claims


def test_the_branch_and_the_declared_tags_of_a_project_of_gitlab_train() -> None:
    own = "project_path:ml/platform:ref_type"
    assert training(GITLAB, tags="v*") == {
        "StringEquals": {"gitlab.example.com:aud": "https://gitlab.example.com"},
        "StringLike": {"gitlab.example.com:sub": [f"{own}:branch:ref:main", f"{own}:tag:ref:v*"]},
    }


def test_no_tag_trains_unless_it_is_declared() -> None:
    assert training(GITHUB)["StringLike"] == {
        "token.actions.githubusercontent.com:sub": ["repo:ml/platform:ref:refs/heads/main"]
    }


def test_an_environment_of_github_trains_from_the_branch_and_the_declared_tags() -> None:
    issuer = "token.actions.githubusercontent.com"
    assert training(GITHUB, tags="v*", environment="training") == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "repo:ml/platform:environment:training",
        },
        "StringLike": {f"{issuer}:ref": ["refs/heads/main", "refs/tags/v*"]},
    }


def test_an_issuer_of_its_own_has_no_claim_of_the_branch_beside_the_environment() -> None:
    own = GITHUB.model_copy(update={"url": "https://github.example.com/_services/token"})
    assert set(training(own, environment="training")) == {"StringEquals"}


def test_gitlab_has_no_environment_of_jobs_that_train() -> None:
    assert "tokens of GitLab do not name the environment of a job" in refusal(
        training=TrainingJobs(environment="training")
    )


def test_tags_with_a_wildcard_in_another_place_are_refused() -> None:
    for tags in ("*", "v*-rc", "v?", "v${x}"):
        with pytest.raises(DeclarationError):
            TrainingJobs(tags=tags)
