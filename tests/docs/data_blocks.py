"""Blocks of JSON, YAML, TOML and HCL on the pages, each with what reads such a text."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ci.authorization import Reference, findings
from mlinfra.checks.wildcards import listed
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.operations import toolchain
from mlinfra.operations.drift.ignore_list import IgnoreList
from mlinfra.operations.review import APPROVALS_FOLDER, approvals_in
from mlinfra.runner.notices import NoticeForCommand, RunNotice
from tests import programs
from tests.conftest import ROOT, TODAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib


def _policy(document: Any, folder: Path) -> list[str]:
    """The statements have an effect, and none allows everything."""
    del folder
    policy = document if isinstance(document, dict) else {"Version": "2012-10-17", "Statement": document}
    config = {"resource": {"aws_iam_policy": {"documented": {"policy": json.dumps(policy)}}}}
    everything = [
        f"it allows {action!r}"
        for statement in listed(policy["Statement"])
        for action in listed(statement.get("Action", []))
        if statement["Effect"] == "Allow" and action.rpartition(":")[2] == "*"
    ]
    return [*everything, *(str(each) for _, each in findings(config, _reference()))]


@functools.cache
def _reference() -> Reference:
    try:
        return Reference.installed()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def _cdktf_settings(document: Any, folder: Path) -> list[str]:
    """The keys are those of the file in this repository, and the program is one that the pages write."""
    del folder
    known = json.loads((ROOT / "cdktf.json").read_text()).keys() | {"terraformProviders", "terraformModules"}
    return [f"unknown key {each!r}" for each in document.keys() - known] + (
        [] if document["app"].endswith("main.py") else [f"app is {document['app']!r}"]
    )


def _notice(document: Any, folder: Path) -> list[str]:
    """The file has the fields that a run's command receives."""
    file = folder / "notice.json"
    notice = RunNotice("i-0d2c", 1_700_000_000, "EC2 reclaims its spot capacity")
    NoticeForCommand(file, signum=15, seconds=60).handle(notice, 0, lambda _: None)
    written = json.loads(file.read_text())
    return [] if document.keys() == written.keys() else [f"the file has the keys {sorted(written)}"]


def _ignore_list(document: Any, folder: Path) -> list[str]:
    (folder / "ignore.yaml").write_text(yaml.safe_dump(document))
    found = IgnoreList.load(folder / "ignore.yaml", today=TODAY)
    return [f"expired: {each}" for each in found.expired]


def _approvals(document: Any, folder: Path) -> list[str]:
    (folder / APPROVALS_FOLDER).mkdir()
    (folder / APPROVALS_FOLDER / "documented.yaml").write_text(yaml.safe_dump(document))
    found = approvals_in(folder, min(each["until"] for each in document))
    return [] if len(found) == len(document) else ["not all entries are approvals"]


def _workflow(document: Any, folder: Path) -> list[str]:
    """Actionlint finds nothing in a workflow of GitHub."""
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "documented.yml").write_text(yaml.safe_dump({"on": document.pop(True, None), **document}))
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)  # noqa: S607  actionlint looks for it
    ended = programs.actionlint(folder)
    return [] if ended.returncode == 0 else [ended.stdout + ended.stderr]


_GITLAB_WORDS = {"include", "stages", "variables", "workflow", "default", "image", "before_script", "cache"}


def _gitlab_pipeline(document: Any, folder: Path) -> list[str]:
    """Keys are those of GitLab or jobs, and included files exist here."""
    del folder
    jobs = {name: each for name, each in document.items() if name not in _GITLAB_WORDS}
    wrong = [
        f"the job {name} has nothing to run"
        for name, each in jobs.items()
        if not {"script", "extends", "trigger", "rules"} & set(each)
    ]
    local = [each["local"] for each in document.get("include", []) if isinstance(each, dict) and "local" in each]
    return wrong + [f"{each} does not exist" for each in local if not (ROOT / each.lstrip("/")).exists()]


def _project_settings(document: Any, folder: Path) -> list[str]:
    """The settings of a Python project name extras that exist."""
    del folder
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"].keys()
    wanted = [each for each in document.get("project", {}).get("dependencies", []) if "mlinfra" in each]
    named = {extra for each in wanted if "[" in each for extra in each.partition("[")[2].partition("]")[0].split(",")}
    return [f"mlinfra has no extra {each!r}" for each in named - extras]


def _entries(document: Any) -> list[Mapping[str, Any]]:
    return [each for each in document if isinstance(each, dict)] if isinstance(document, list) else []


KINDS: Mapping[str, tuple[Callable[[Any], bool], Callable[[Any, Path], list[str]]]] = {
    "IAM policy": (
        lambda document: "Statement" in document or any("Effect" in each for each in _entries(document)),
        _policy,
    ),
    "cdktf.json": (lambda document: "app" in document and "language" in document, _cdktf_settings),
    "termination notice": (lambda document: "ends_at" in document, _notice),
    "drift ignore list": (lambda document: any("attribute" in each for each in _entries(document)), _ignore_list),
    "approvals": (lambda document: any("finding" in each for each in _entries(document)), _approvals),
    "GitHub workflow": (lambda document: "jobs" in document, _workflow),
    "GitLab pipeline": (
        lambda document: (
            "include" in document
            or "stages" in document
            or any("script" in each for each in document.values() if isinstance(each, dict))
        ),
        _gitlab_pipeline,
    ),
    "pyproject.toml": (lambda document: bool({"project", "tool"} & set(document)), _project_settings),
}
"""How a kind of document is recognized, and what checks it: a function of the document and an empty folder."""

_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "json": json.loads,
    "yaml": yaml.safe_load,
    "toml": tomllib.loads,
}
LANGUAGES = (*_PARSERS, "hcl")


def problems(language: str, text: str, folder: Path) -> list[str]:
    """The problems of a document of a page.

    Args:
        language: the language of the block.
        text: the block.
        folder: an empty folder.
    """
    if language == "hcl":
        return _not_terraform(text)
    try:
        document = _PARSERS[language](text)
    except (ValueError, yaml.YAMLError) as error:
        return [f"it cannot be parsed: {error}"]
    for is_of_kind, check in KINDS.values():
        if is_of_kind(document):
            try:
                return check(document, folder)
            except (DeclarationError, OperationError, ValueError) as error:
                return [str(error)]
    return [f"it is of no known kind: {', '.join(KINDS)}. Add what reads it to tests/docs/data_blocks.py."]


def _not_terraform(text: str) -> list[str]:
    """The problems that Terraform's own parser finds. Without Terraform, none."""
    try:
        terraform = toolchain.find_terraform().path
    except OperationError:
        return [] if shutil.which("terraform") is None else ["Terraform does not run"]
    ended = subprocess.run([terraform, "fmt", "-"], input=text, capture_output=True, text=True, check=False)
    return [] if ended.returncode == 0 else [ended.stderr]
