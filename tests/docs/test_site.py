"""Pages of the documentation site that are written from the code, and recordings of the terminal."""

from __future__ import annotations

import re

import pytest

import mlinfra
from ci import recordings
from ci.site.commands import command_pages
from ci.site.llms import llms_text
from ci.site.python_api import api_pages
from tests.conftest import ROOT

IMAGES = {path.name for path in recordings.FOLDER.iterdir()}


def test_each_command_has_a_page_that_describes_all_its_options() -> None:
    pages = command_pages()
    assert {"index", "up", "run", "clusters"} <= pages.keys()
    for name, page in pages.items():
        assert "| |\n" not in page, f"mlinfra {name}: an option has no description"
    assert "| `-y, --yes` | Apply without questions." in pages["up"]
    assert "## mlinfra clusters stop" in pages["clusters"]


def test_the_pages_list_every_exit_code_with_its_meaning() -> None:
    assert "| 3 | A finding of the review requires an approval" in command_pages()["index"]


def test_each_public_name_is_described() -> None:
    page = api_pages()["mlinfra"]
    for name in mlinfra.__all__:
        text = re.search(rf"^### {name}\n(.*?)(?=^### |\Z)", page, re.DOTALL | re.MULTILINE)
        assert text, name
        assert re.sub(r"```.*?```", "", text[1], flags=re.DOTALL).strip(), f"{name} has no docstring"


def test_signatures_have_the_names_and_defaults_of_the_code() -> None:
    assert "    zone: str | None = None,\n" in api_pages()["mlinfra"].partition("### TrainingCluster\n")[2]


@pytest.mark.parametrize("name", [name for name, each in recordings.RECORDINGS.items() if each.is_quick])
def test_a_recording_shows_what_its_command_prints_today(name: str) -> None:
    shown = (recordings.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert shown == recordings.record(recordings.RECORDINGS[name]), f"run `python -m ci.recordings {name}`"


def test_the_file_for_language_models_lists_pages_and_commands() -> None:
    text = llms_text((ROOT / "docs" / "index.md").read_text(encoding="utf-8"), command_pages())
    assert "- [Quickstart](quickstart.html): see it and train without an account" in text
    assert "- [mlinfra up](reference/commands/up.html): Deploy an environment" in text
    listed = set(re.findall(r"\((\S+)\.html\)", text))
    assert {path.stem for path in ROOT.glob("docs/*.md")} - listed <= {"index", "local-aws-conformance"}


def test_every_image_is_shown_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *ROOT.glob("docs/*.md")))
    assert {name for name in IMAGES if f"images/{name})" not in pages} == set()
