"""Statements of the documentation that can be checked: commands, links, names and figures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import mlinfra
from ci import checks_docs, conformance, environment_docs, review_docs
from mlinfra._cdk import Construct
from mlinfra.declarations.base import judging
from mlinfra.operations.review import review
from tests import programs
from tests.conftest import ROOT, TODAY, image_lock

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_about_environments_says_what_the_models_say() -> None:
    written = environment_docs.PAGE.read_text(encoding="utf-8")
    assert written == environment_docs.page(), "run `python -m ci.environment_docs`"


def test_the_page_about_conformance_says_what_the_tests_found() -> None:
    written = conformance.PAGE.read_text(encoding="utf-8")
    assert written == conformance.page(), "run `python -m ci.conformance`"


def test_the_page_of_checks_lists_all_checks() -> None:
    written = checks_docs.PAGE.read_text(encoding="utf-8")
    assert written == checks_docs.page(), "run `python -m ci.checks_docs`"


def test_the_page_about_reviews_lists_every_rule() -> None:
    written = review_docs.PAGE.read_text(encoding="utf-8")
    assert written == review_docs.page(), "run `python -m ci.review_docs`"


def test_the_examples_of_the_readme_synthesize(tmp_path: Path) -> None:
    from mlinfra.app import MlApp

    declaration, job, construct = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {"__name__": "readme"}
    with judging(TODAY, image_lock=image_lock()) as judgement:
        exec(declaration, names)  # noqa: S102  the README's own words
    assert not judgement.errors
    trained: list[str] = []
    exec(job, {"train": lambda: trained.append("once")})  # noqa: S102
    assert trained == ["once"]
    exec(construct, names)  # noqa: S102

    app = MlApp(ROOT, outdir=tmp_path)
    names["RankerStack"](app, names["dev"])
    app.synth()
    config = json.loads((tmp_path / "stacks" / "dev-ranker" / "cdk.tf.json").read_text())
    assert len(config["resource"]["aws_autoscaling_group"]) == 1


def test_the_project_of_the_page_about_own_projects_synthesizes(tmp_path: Path) -> None:
    page_ = (ROOT / "docs" / "own-project.md").read_text(encoding="utf-8")
    declaration, program = re.findall(r"```python\n(.*?)```", page_, re.DOTALL)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.py").write_text(declaration)
    (tmp_path / "main.py").write_text(program)
    assert programs.synthesize(tmp_path / "main.py", tmp_path / "cdktf.out", cwd=tmp_path).returncode == 0
    stacks = {path.name: json.loads((path / "cdk.tf.json").read_text()) for path in tmp_path.glob("cdktf.out/stacks/*")}
    assert stacks.keys() == {"dev-state", "dev-ranker"}  # the first is what `mlinfra bootstrap dev` deploys
    assert len(stacks["dev-ranker"]["resource"]["aws_sagemaker_model_package_group"]) == 1


def test_the_tests_of_the_page_about_testing_pass(tmp_path: Path) -> None:
    (tmp_path / "test_ranker.py").write_text(example("testing.md", "class RankerStack"))
    assert "3 passed" in output_of_pytest(tmp_path)


def test_the_checks_of_the_page_about_checks_apply_at_synth_and_in_a_review(tmp_path: Path) -> None:
    (tmp_path / "mlinfra_checks.py").write_text(
        example("checks.md", "ResourceCheck(") + example("checks.md", "MANY_INSTANCES")
    )
    (tmp_path / "test_own_checks.py").write_text(example("checks.md", "def test_"))
    assert "2 passed" in output_of_pytest(tmp_path)

    planned = {"associate_public_ip_address": True, "root_block_device": [{"encrypted": False}]}
    changed = {"actions": ["create"], "before": None, "after": planned}
    resource = {"address": "aws_instance.x", "mode": "managed", "type": "aws_instance", "change": changed}
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [resource]}))
    found = review([tmp_path / "plan.json"], root=tmp_path, today=TODAY).findings
    assert [(each.id, each.text) for each in found if each.id.startswith("ACME")] == [
        ("ACME001", "it gets a public address."),
        ("ACME002", "root_block_device is not encrypted."),
    ]


def example(page_: str, part: str) -> str:
    """The first example of Python on a page that contains a text."""
    text = (ROOT / "docs" / page_).read_text(encoding="utf-8")
    return next(each for each in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if part in each)


def output_of_pytest(folder: Path) -> str:
    """The output of pytest in a folder outside of this repository."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def test_the_page_of_constructs_lists_every_construct() -> None:
    page_ = (ROOT / "docs" / "constructs.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", page_, re.MULTILINE))
    public = {name: getattr(mlinfra, name) for name in mlinfra.__all__}
    assert listed == {name for name, each in public.items() if isinstance(each, type) and issubclass(each, Construct)}


def test_the_files_that_contributors_are_directed_to_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("### Find the code")[2].partition("\n## ")[0]
    named = re.findall(r"`((?:mlinfra|tests)/[^`<]+)", section)
    assert len(named) > 12
    for path in named:
        assert list(ROOT.glob(path)), path


def test_every_page_that_is_linked_to_is_there() -> None:
    for page_ in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page_.read_text(encoding="utf-8")):
            assert (page_.parent / target).exists(), f"{page_.name}: {target}"
