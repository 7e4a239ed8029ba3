"""Pipelines that may plan and apply an environment, and train on its clusters. Data only, no cdktf."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from mlinfra.declarations.base import Declaration

if TYPE_CHECKING:
    from collections.abc import Mapping

Claims: TypeAlias = "Mapping[str, Mapping[str, str | list[str]]]"
"""Required claims of a token, as IAM conditions: values by operator and condition key."""

Provider = Literal["gitlab", "github"]

DEFAULT_URLS: Mapping[str, str] = MappingProxyType(
    {"gitlab": "https://gitlab.com", "github": "https://token.actions.githubusercontent.com"}
)
"""The issuers of tokens for jobs of gitlab.com and github.com."""

# Neither may hold a character that IAM gives a meaning: * and ? stand for others, $ begins a variable.
_PROJECTS = {
    "gitlab": (r"[\w.-]+(/[\w.-]+)+", "a path such as ml/platform"),
    # Since 2026 the subject of new repositories has the ids of owner and repository, which no later owner of the
    # names gets (GitHub changelog, "Immutable subject claims for GitHub Actions OIDC tokens", 2026-04-23).
    "github": (
        r"[\w.-]+(@[0-9]+)?/[\w.-]+(@[0-9]+)?",
        "ml/platform, or ml@123456/platform@456789 where its tokens have immutable subjects",
    ),
}


class TrainingJobs(Declaration):
    """Jobs of the pipeline that run training on the clusters of an environment, with a role of their own.

    Raises:
        DeclarationError: with every problem at once.
    """

    tags: str | None = Field(
        default=None,
        pattern=r"^[\w][\w./-]*\*?$",
        description="Tags whose pipelines may train, in addition to the branch: a name, or a prefix followed by *, "
        "such as v*. Protect them: the creator of such a tag chooses the code that runs with the role. Default: none.",
    )
    environment: str | None = Field(
        default=None,
        pattern=r"^[\w][\w-]*$",
        description="GitHub only: the environment of the jobs that train, whose reviewers approve each of them. Then "
        "no other job may train. Default: none.",
    )
    session_hours: int = Field(
        default=6,
        ge=1,
        le=12,
        description="The session duration of a job that trains, in hours, 1 to 12, which is the maximum of IAM. The "
        "job follows the run until its end. Default: 6.",
    )


class Pipeline(Declaration):
    """The project with jobs that may plan an environment, and the branch that may be applied to it.

    Jobs authenticate with a token that GitLab or GitHub signs for each of them: there is no long-lived key.

    Raises:
        DeclarationError: with every problem at once.
    """

    provider: Provider = Field(description="The service that runs the pipeline: gitlab or github.")
    project: str = Field(
        description="The project whose jobs are trusted, as in its tokens: ml/platform; ml@123456/platform@456789 "
        "where GitHub's tokens have immutable subjects."
    )
    url: str | None = Field(
        default=None,
        pattern=r"^https://[a-z0-9.-]+(/[\w./-]*[\w-])?$",
        description="The issuer of the tokens, an address that begins with https:// and does not end with a slash, "
        "such as https://gitlab.example.com. Default: gitlab.com or github.com.",
    )
    branch: str = Field(
        default="main",
        pattern=r"^[\w][\w./-]*$",
        description="The only branch that is applied: letters, digits and . _ / -. Default: main.",
    )
    environment: str | None = Field(
        default=None,
        pattern=r"^[\w][\w-]*$",
        description="The pipeline's name for this environment: letters, digits, - and _. Default: the environment's "
        "own name.",
    )
    create_provider: bool = Field(
        default=True,
        description="True if this environment creates the identity provider of the issuer. An account has one for each "
        "issuer: False for every further environment in it. Default: True.",
    )
    apply_session_hours: int = Field(
        default=2,
        ge=1,
        le=4,
        description="The session duration of an apply, in hours, 1 to 4; that of a plan is 1. Default: 2, since "
        "Terraform waits for endpoints and file systems, and an apply with an expired session leaves its lock behind.",
    )
    training: TrainingJobs | None = Field(
        default=None,
        description="Jobs that run training on the clusters of the environment. Default: none, and no role for them.",
    )

    @field_validator("project")
    @classmethod
    def _project_is_a_project(cls, project: str, info: ValidationInfo) -> str:
        if "provider" in info.data:
            pattern, expected = _PROJECTS[info.data["provider"]]
            if not re.fullmatch(pattern, project):
                message = f"is not a valid project of {info.data['provider']}. Expected: {expected}."
                raise ValueError(message)
        return project

    @field_validator("training")
    @classmethod
    def _environment_is_one_of_github(cls, training: TrainingJobs | None, info: ValidationInfo) -> TrainingJobs | None:
        if training is not None and training.environment is not None and info.data.get("provider") == "gitlab":
            message = (
                "environment: tokens of GitLab do not name the environment of a job. Expected: no environment; "
                "protected tags and a protected branch determine who trains."
            )
            raise ValueError(message)
        return training

    @property
    def issuer_url(self) -> str:
        """The issuer of the tokens, as an address."""
        return self.url or DEFAULT_URLS[self.provider]

    @property
    def issuer(self) -> str:
        """The issuer of the tokens, as IAM names it in ARNs and condition keys."""
        return self.issuer_url.removeprefix("https://")

    @property
    def audience(self) -> str:
        """The audience of the tokens: GitLab's pages use its own address, GitHub's action for AWS uses STS."""
        return self.issuer_url if self.provider == "gitlab" else "sts.amazonaws.com"

    @property
    def plan_claims(self) -> Claims:
        """Claims of the token of a job that plans: any branch and any merge request of the project."""
        if self.provider == "gitlab":
            subjects: str | list[str] = f"project_path:{self.project}:ref_type:branch:ref:*"
        else:
            subjects = [f"repo:{self.project}:pull_request", f"repo:{self.project}:ref:refs/heads/*"]
        return {
            "StringEquals": {f"{self.issuer}:aud": self.audience},
            "StringLike": {f"{self.issuer}:sub": subjects},
        }

    @property
    def drift_claims(self) -> Claims:
        """Claims of the token of a job that detects drift and stores its baseline: the declared branch only."""
        if self.provider == "gitlab":
            subject = f"project_path:{self.project}:ref_type:branch:ref:{self.branch}"
        else:
            # A job without an environment. Those of pull requests have another subject.
            subject = f"repo:{self.project}:ref:refs/heads/{self.branch}"
        return {"StringEquals": {f"{self.issuer}:aud": self.audience, f"{self.issuer}:sub": subject}}

    def apply_claims(self, environment: str) -> Claims:
        """Claims of the token of a job that applies: the branch, and the environment where the issuer supports it.

        A subject of GitLab has the branch and no environment, one of GitHub has the environment and then no branch.
        For github.com alone, IAM knows the branch as a claim of its own (IAM user guide, "IAM and AWS STS condition
        context keys", since 2026-01).

        Args:
            environment: the environment's name, used unless the pipeline has another one for it.
        """
        equal: dict[str, str | list[str]] = {f"{self.issuer}:aud": self.audience}
        if self.provider == "gitlab":
            equal[f"{self.issuer}:sub"] = f"project_path:{self.project}:ref_type:branch:ref:{self.branch}"
        else:
            equal[f"{self.issuer}:sub"] = f"repo:{self.project}:environment:{self.environment or environment}"
            if self.issuer_url == DEFAULT_URLS["github"]:
                equal[f"{self.issuer}:ref"] = f"refs/heads/{self.branch}"
        return {"StringEquals": equal}

    @property
    def training_claims(self) -> Claims:
        """Claims of the token of a job that trains: the declared branch and tags; on GitHub also an environment.

        Raises:
            ValueError: if the pipeline declares no training.
        """
        if self.training is None:
            message = "the pipeline has training=None, so no job trains. Expected: training=TrainingJobs(...)."
            raise ValueError(message)
        tags = self.training.tags
        refs = [f"refs/heads/{self.branch}", *([f"refs/tags/{tags}"] if tags else [])]
        equal: dict[str, str | list[str]] = {f"{self.issuer}:aud": self.audience}
        if self.provider == "gitlab":
            own = f"project_path:{self.project}:ref_type"
            subjects = [f"{own}:branch:ref:{self.branch}", *([f"{own}:tag:ref:{tags}"] if tags else [])]
        elif self.training.environment is None:
            subjects = [f"repo:{self.project}:ref:{ref}" for ref in refs]
        else:
            equal[f"{self.issuer}:sub"] = f"repo:{self.project}:environment:{self.training.environment}"
            # Only for the issuer github.com does IAM know the claim: see `apply_claims`.
            limited = {"StringLike": {f"{self.issuer}:ref": refs}} if self.issuer_url == DEFAULT_URLS["github"] else {}
            return {"StringEquals": equal, **limited}
        return {"StringEquals": equal, "StringLike": {f"{self.issuer}:sub": subjects}}
