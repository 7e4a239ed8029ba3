"""Statements of the documentation that can be checked: commands, links, names and figures."""

from __future__ import annotations

import re

import mlinfra
from ci import checks_docs, conformance, environment_docs, review_docs
from mlinfra._cdk import Construct
from tests.conftest import ROOT


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
