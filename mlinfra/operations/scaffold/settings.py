"""The choices for a new project, checked by the rules of declarations, with their defaults."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from importlib.metadata import distribution, version
from typing import Any, Final, Literal

from mlinfra.cdk_family import CDKTF, SELECTION
from mlinfra.declarations import Environment, Experiment, Pipeline, RegisteredModel, TrainingJobs
from mlinfra.errors import DeclarationError

PipelineService = Literal["gitlab", "github"]

UNKNOWN_ACCOUNT: Final = "111111111111"
"""The account id of a project whose account is not chosen yet. Credentials of any other account are refused."""
DEFAULT_REGION: Final = "us-east-1"
_HOSTS: Final[dict[PipelineService, str]] = {"gitlab": "gitlab.com", "github": "github.com"}
_UNKNOWN_HOST: Final = "git.example.com"
"""The host of an unknown repository, of a reserved domain (RFC 2606)."""
_PINNED_REGION: Final = "us-east-1"
_EXPIRES_AFTER: Final = timedelta(days=28)
_PACKAGE: Final = "mlinfra-cdktf"


@dataclass(frozen=True)
class Settings:
    """The choices for a new project.

    Raises:
        DeclarationError: if one of them is not valid in a declaration, with every problem at once.
    """

    project: str
    """Its name: 2 to 24 lower-case letters, digits and single hyphens, beginning with a letter."""
    owner: str
    """The e-mail address of the owner of its experiment and model."""
    today: date
    """The day of its creation. The experiment expires 28 days later."""
    account_id: str = UNKNOWN_ACCOUNT
    """The AWS account. Default: a placeholder."""
    region: str = DEFAULT_REGION
    """The AWS region. Default: us-east-1."""
    services: tuple[PipelineService, ...] = ("gitlab",)
    """The services for which pipelines are written. The first one is trusted by the environment. Default: gitlab."""
    repository: str = ""
    """The repository, such as gitlab.com/ml/ranker. Default: unknown, and no pipeline is trusted."""
    team: str = ""
    """The team. Default: the project."""
    cost_center: str = "unassigned"
    """The cost center. Default: unassigned."""
    experiment: str = "baseline"
    """The name of its experiment and of its model. Default: baseline."""
    description: str = "The first model, to be replaced."
    """The description of the model."""
    nodes: int = 1
    """The nodes of the experiment. Default: 1."""
    alert_email: str = ""
    """The address that receives alerts. Default: the owner."""
    requirement: str = field(default_factory=lambda: own_requirement())  # noqa: PLW0108  defined below
    """The requirement of mlinfra, for pip. Default: the installed version."""

    def __post_init__(self) -> None:
        """Check the choices, with a declaration made of them."""
        _ = self.environment

    @cached_property
    def environment(self) -> Environment:
        """The environment `dev` that is declared with these choices."""
        experiment = Experiment(
            name=self.experiment,
            owner=self.owner,
            gpu="T4",
            nodes=self.nodes,
            expires=self.expires,
            spend_limit_usd=200,
        )
        return Environment(
            name="dev",
            project=self.project,
            account_id=self.account_id,
            region=self.region,
            team=self.team or self.project,
            cost_center=self.cost_center,
            repository=self.repository_with_host,
            monthly_spend_limit_usd=2_000,
            alert_emails=[self.alert_email or self.owner],
            pipeline=self.pipeline,
            experiments=[experiment],
            models=[RegisteredModel(name=self.experiment, owner=self.owner, description=self.description)],
        )

    @property
    def has_pinned_image(self) -> bool:
        """True if the image lock of the templates pins the machine image of the region.

        Others are pinned with credentials of the account: `mlinfra images pin`.
        """
        return self.region == _PINNED_REGION

    @property
    def provider(self) -> PipelineService:
        """The service of the pipeline that the environment trusts."""
        return self.services[0]

    @property
    def expires(self) -> date:
        """The day on which the experiment expires."""
        return self.today + _EXPIRES_AFTER

    @property
    def repository_with_host(self) -> str:
        """The repository, or a placeholder with a reserved host."""
        return self.repository or f"{_UNKNOWN_HOST}/{self.team or self.project}/{self.project}"

    @property
    def repository_path(self) -> str:
        """The repository without its host, as tokens of pipelines name it."""
        return self.repository_with_host.partition("/")[2]

    @property
    def issuer(self) -> str:
        """The address of an own GitLab, whose tokens are trusted instead of those of gitlab.com. Empty: no other."""
        host = self.repository_with_host.partition("/")[0]
        return f"https://{host}" if self.services and self.provider == "gitlab" and host != _HOSTS["gitlab"] else ""

    @property
    def pipeline(self) -> Pipeline | None:
        """The pipeline that the environment trusts. None: there is none, or its repository is unknown."""
        if not self.services or not self.repository:
            return None
        if service_of(self.repository) != self.provider:
            # The same path is another project there, whose pipeline would be trusted.
            problem = (
                f"it is not a repository of {self.provider}. Expected: --ci {service_of(self.repository)}, or none."
            )
            subject = f"repository {self.repository!r}"
            raise DeclarationError(subject, [problem])
        return Pipeline(
            provider=self.provider,
            project=self.repository_path,
            url=self.issuer or None,
            training=TrainingJobs(tags="v*"),
        )


def name_from(text: str) -> str:
    """A name of a project made of another text, such as that of a folder. Empty: none can be made."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return re.sub(r"^[0-9-]+", "", "-".join(words))[:24].rstrip("-")


def repository_from(remote: str) -> str:
    """The repository of the address of a git remote, without protocol, user and suffix. Empty: it has another form.

    Args:
        remote: such as git@gitlab.com:ml/ranker.git or https://github.com/ml/ranker.
    """
    matched = re.fullmatch(
        r"(?:\w+://(?:[^@/]+@)?|[^@/]+@)([\w.-]+)(?::\d+/|[:/])([\w./-]+?)(?:\.git)?/?", remote.strip()
    )
    return f"{matched[1]}/{matched[2]}" if matched else ""


def service_of(repository: str) -> PipelineService:
    """The service that hosts a repository: github for github.com, otherwise gitlab."""
    return "github" if repository.partition("/")[0] == _HOSTS["github"] else "gitlab"


def own_requirement() -> str:
    """The requirement of this mlinfra for pip: its version, or its commit if it was installed from a git repository.

    A new project uses cdktn, unless MLINFRA_CDK=cdktf is set.
    """
    origin, extras = _origin(), "testing" if os.environ.get(SELECTION) == CDKTF.name else "cdktn,testing"
    commit = origin.get("vcs_info", {}).get("commit_id")
    if commit:
        return f"{_PACKAGE}[{extras}] @ {origin['vcs_info']['vcs']}+{origin['url']}@{commit}"
    return f"{_PACKAGE}[{extras}]=={version(_PACKAGE)}"


def installed_from() -> str:
    """The address of the folder or file that this mlinfra was installed from. Empty: an index or a repository."""
    address: str = _origin().get("url", "")
    return address if address.startswith("file:") and "vcs_info" not in _origin() else ""


def _origin() -> dict[str, Any]:
    """The record of the installation; empty if the package came from an index.

    Source: PEP 610, "Recording the Direct URL Origin of installed distributions", read 2026-11-30.
    """
    record: dict[str, Any] = json.loads(distribution(_PACKAGE).read_text("direct_url.json") or "{}")
    return record
