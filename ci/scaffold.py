"""Write the copies among the templates of `mlinfra init`, and the files that its project shares with the example.

    python -m ci.scaffold

The pipeline's jobs and programs of this repository are copied to the templates. The example is the project that
`mlinfra init` writes, with a model, tests and a README of its own.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.operations.scaffold import ProjectFile, Settings, project_files

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "mlinfra" / "operations" / "scaffold" / "templates"
EXAMPLE = ROOT / "examples" / "recommender_project"

COPIED = (
    ".github/workflows/mlinfra-apply.yml",
    ".github/workflows/mlinfra-plan.yml",
    ".github/workflows/mlinfra-set-up.yml",
    ".github/workflows/mlinfra-train.yml",
    ".terraform.lock.hcl",
    "ci/assume_role.py",
    "ci/end_training.sh",
    "ci/github/comment.sh",
    "ci/gitlab/comment.py",
    "ci/gitlab/templates.gitlab-ci.yml",
    "ci/gitlab/train.gitlab-ci.yml",
    "ci/install_terraform.py",
)
"""Files of this repository that a new project has too."""

OWN = ("README.md", "picture.svg", "serving/predictor.py", "tests/", "training/")
"""Files and folders of the example that differ from a new project."""

EXAMPLE_SETTINGS = Settings(
    project="recommender",
    team="recommendations",
    cost_center="ml-1234",
    owner="ana@example.com",
    alert_email="recommendations@example.com",
    repository="gitlab.example.com/recommendations/recommender",
    experiment="two-tower",
    description="Which items a user may like.",
    nodes=2,
    today=date(2026, 11, 25),
    services=("gitlab", "github"),
    requirement="mlinfra-cdktf[cdktn,testing]==0.1.0",
)

_OTHER_APPLIES = re.compile(r"^  apply-(?!dev:)\w+:\n(?:    .*\n|\n)+", re.MULTILINE)


def copies() -> Iterator[tuple[Path, str]]:
    """The templates that are copies, with their texts."""
    for name in COPIED:
        yield TEMPLATES / f"{name}.template", (ROOT / name).read_text(encoding="utf-8")
    name = ".github/workflows/infrastructure.yml"
    yield TEMPLATES / f"{name}.template", with_one_environment((ROOT / name).read_text(encoding="utf-8"))


def with_one_environment(workflow: str) -> str:
    """The workflow of this repository, for a project whose only environment is dev."""
    workflow = _OTHER_APPLIES.sub("", workflow)
    return (
        workflow.replace("[dev, staging, prod]", "[dev]")
        .replace('"dev-*" "staging-*" "prod-*"', '"dev-*"')
        .replace("apply dev, staging, prod, each approved", "apply dev, approved")
        .replace("# docs/pipelines.md lists", "# docs/pipelines.md of mlinfra lists")
    )


def shared_files() -> Iterator[ProjectFile]:
    """The files of the example that a new project has too."""
    for each in project_files(EXAMPLE_SETTINGS):
        if not each.path.startswith(OWN):
            yield each


def main() -> None:
    """Write all of them."""
    for path, text in copies():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for each in shared_files():
        path = EXAMPLE / each.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text, encoding="utf-8")
        path.chmod(0o755 if each.is_executable else 0o644)


if __name__ == "__main__":
    main()
