"""The files of a new project."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlinfra.operations.scaffold import Settings, project_files, write_project
from mlinfra.operations.scaffold.rendering import rendered
from tests.conftest import ROOT, TODAY


def files(**changes: Any) -> dict[str, str]:
    settings = Settings(**{"project": "ranker", "owner": "ana@example.com", "today": TODAY, **changes})
    return {each.path: each.text for each in project_files(settings)}


def test_conditions_drop_lines_and_values_are_replaced() -> None:
    template = "a\n{% if yes %}\nb {{name}}\n{% endif %}\n{% if no %}\nc\n{% endif %}\nd ${{ name }}\n"
    assert rendered(template, {"yes": True, "no": False}, {"name": "x"}) == "a\nb x\nd ${{ name }}\n"


def test_a_condition_inside_another_one_needs_both() -> None:
    template = "{% if a %}\n1\n{% if b %}\n2\n{% endif %}\n3\n{% endif %}\n4\n"
    assert rendered(template, {"a": False, "b": False}, {}) == "4\n"
    assert rendered(template, {"a": False, "b": True}, {}) == "4\n"
    assert rendered(template, {"a": True, "b": False}, {}) == "1\n3\n4\n"


def test_a_template_with_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="other"):
        rendered("{{other}}", {}, {"name": "x"})


@pytest.mark.parametrize(
    ("services", "region", "repository"),
    [
        ((), "us-east-1", ""),
        (("gitlab",), "us-east-1", ""),
        (("gitlab",), "eu-west-1", "git.acme.dev/ml/ranker"),
        (("github",), "us-east-1", ""),
        (("github",), "eu-west-1", "github.com/ml/ranker"),
    ],
)
def test_no_file_contains_a_condition_or_an_unreplaced_value(
    services: tuple[Any, ...], region: str, repository: str
) -> None:
    for path, text in files(services=services, region=region, repository=repository).items():
        assert "{%" not in text, path
        assert not re.search(r"\{\{\w+\}\}", text), path


def test_files_of_pipelines_are_those_of_the_chosen_service() -> None:
    kinds = {
        service: {path.partition("/")[0] for path in files(services=(service,) if service else ())}
        for service in ("gitlab", "github", None)
    }
    assert kinds["gitlab"] - kinds["github"] == {".gitlab-ci.yml"}
    assert kinds["github"] - kinds["gitlab"] == {".github"}
    assert not kinds[None] & {".gitlab-ci.yml", ".github", "ci"}


def test_scripts_are_executable_and_other_files_are_not() -> None:
    made = project_files(Settings(project="ranker", owner="ana@example.com", today=TODAY, services=("github",)))
    assert {each.path for each in made if each.is_executable} == {"ci/end_training.sh", "ci/github/comment.sh"}


def test_the_image_lock_pins_the_images_of_this_repository() -> None:
    own = json.loads((ROOT / "environments" / "images.lock.json").read_text())
    lock = json.loads(files()["environments/images.lock.json"])
    for place in ("aws", "local"):
        pin = own[place]["us-east-1"]["open-driver"]
        assert lock[place]["us-east-1"]["open-driver"] == pin
    assert "aws" not in json.loads(files(region="eu-west-1")["environments/images.lock.json"])


def test_an_unknown_repository_is_to_be_declared() -> None:
    unknown, known = files(), files(repository="gitlab.com/ml/ranker")
    assert "pipeline=Pipeline(\n" not in unknown["environments/dev.py"]
    assert 'project="GROUP/PROJECT"' in unknown["README.md"]
    assert 'project="ml/ranker"' in known["environments/dev.py"]
    assert "GROUP/PROJECT" not in known["README.md"]


@pytest.mark.parametrize(
    ("services", "repository"), [((), ""), (("gitlab",), ""), (("github",), "github.com/ml/ranker")]
)
def test_ruff_accepts_the_code_of_a_project(services: tuple[Any, ...], repository: str, tmp_path: Path) -> None:
    settings = Settings(
        project="ranker", owner="ana@example.com", today=TODAY, services=services, repository=repository
    )
    write_project(project_files(settings), tmp_path / "examples" / "ranker")
    ruff = Path(sys.executable).with_name("ruff")
    # With the exceptions of examples/, for which the names of folders decide.
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "examples" / "ranker" / "pyproject.toml").unlink()
    own = 'lint.isort.known-first-party = ["mlinfra"]'
    for command in (["check", "--no-cache", "--config", own, "."], ["format", "--no-cache", "--check", "."]):
        ended = subprocess.run([ruff, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
