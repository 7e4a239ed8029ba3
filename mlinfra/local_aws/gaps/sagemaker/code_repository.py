"""Gap: SageMaker code repositories, which moto lacks.

A code repository is the URL of a Git repository with the secret for access to it. Only the secret can be
changed. Source: SageMaker API reference, CreateCodeRepository, DescribeCodeRepository, UpdateCodeRepository,
DeleteCodeRepository, ListCodeRepositories, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.exceptions import SagemakerClientError


class CodeRepositories(ResourceKind):
    """The code repositories of an account and region."""

    name = "CodeRepository"
    key = ("CodeRepositoryName",)
    plural = "CodeRepositories"
    summaries = "CodeRepositorySummaryList"
    arn_type = "code-repository"
    status = None

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Replace the secret."""
        description["GitConfig"] = {**description["GitConfig"], **(request.get("GitConfig") or {})}

    def missing(self, response: SageMakerResponse, request: Mapping[str, Any]) -> SagemakerClientError:
        """The error for an unknown repository, with the wording that clients search for."""
        message = f"Cannot find CodeRepository: {request['CodeRepositoryName']}"
        return refusal(response, "ValidationException", message)


CODE_REPOSITORIES = CodeRepositories()


def is_open() -> bool:
    """True if moto has no code repositories."""
    return not hasattr(SageMakerResponse, "create_code_repository")


def close() -> None:
    """Close the gap: add code repositories."""
    CODE_REPOSITORIES.add_to_moto()
