"""The documentation of several versions in one folder, built from commits of a small repository."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from ci.site.versions import SiteError, build, published
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv" / "docs" / "bin" / "sphinx-build").exists(), reason="`make docs` installs Sphinx"
)

WRITES_REFERENCE = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True)
(folder / "commands.md").write_text("# Commands of WORD\\n")
(folder / "llms.txt").write_text("# mlinfra\\n")
"""


class Repository:
    """A repository with two pages, one of them in a folder, and a page of reference that its code writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "docs" / "_templates", root / "docs" / "_templates")
        shutil.copytree(ROOT / "docs" / "_static", root / "docs" / "_static")
        shutil.copyfile(ROOT / "docs" / "conf.py", root / "docs" / "conf.py")
        (root / ".venv").mkdir()
        (root / ".venv" / "docs").symlink_to(ROOT / ".venv" / "docs")
        (root / "docs" / "guide").mkdir()
        (root / "ci" / "site").mkdir(parents=True)
        for folder in ("ci", "ci/site"):
            (root / folder / "__init__.py").touch()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Ana")
        self.git("config", "user.email", "ana@example.com")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True)  # noqa: S607

    def commit(self, word: str, *, broken: bool = False) -> None:
        pages = "```{toctree}\nguide/page\nreference/commands\n```\n"
        (self.root / "docs" / "index.md").write_text(f"# Pages of {word}\n\n{pages}")
        (self.root / "docs" / "guide" / "page.md").write_text(
            f"# Guide of {word}\n\n[Start]({'missing' if broken else '../index'}.md)\n"
        )
        (self.root / "ci" / "site" / "__main__.py").write_text(WRITES_REFERENCE.replace("WORD", word))
        self.git("add", "docs", "ci")
        self.git("commit", "--quiet", "--message", word)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root = tmp_path / "repository"
    (root / "docs").mkdir(parents=True)
    return Repository(root)


def links(page: Path) -> dict[str, str]:
    """The links to versions on a page, by their text."""
    (listed,) = re.findall(r'<nav class="versions".*?</nav>', page.read_text(encoding="utf-8"), re.DOTALL)
    return {text: target for target, text in re.findall(r'<a href="([^"]+)">([^<]+)</a>', listed)}


def test_each_version_has_its_own_pages_and_links_to_the_others(repository: Repository, tmp_path: Path) -> None:
    (repository.root / "old.txt").write_text("before the site")
    repository.git("add", "old.txt")
    repository.git("commit", "--quiet", "--message", "Begin")
    repository.git("tag", "v0.9.0")
    repository.commit("the first release", broken=True)  # a warning of Sphinx, which cannot be corrected in a tag
    repository.git("tag", "v0.10.0")
    repository.git("tag", "vendored")
    repository.commit("main")
    assert published(repository.root) == {"main": "HEAD", "v0.10.0": "v0.10.0"}

    site = tmp_path / "site"
    build(site, published(repository.root), root=repository.root)
    for name, word in (("main", "main"), ("v0.10.0", "the first release")):
        other = "v0.10.0" if name == "main" else "main"
        for page in ("index.html", "guide/page.html", "reference/commands.html"):
            path = site / name / page
            assert f" of {word}" in path.read_text(encoding="utf-8")
            (target,) = links(path).items()
            assert target[0] == other
            assert (path.parent / target[1]).resolve() == (site / other / "index.html").resolve()
        assert (site / name / "_static" / "site.css").exists()
        assert (site / name / "llms.txt").exists()
    index = (site / "index.html").read_text(encoding="utf-8")
    assert 'content="0; url=v0.10.0/index.html"' in index
    assert all((site / target).exists() for target in re.findall(r'href="([^"]+)"', index))
    assert (site / ".nojekyll").exists()


def test_a_wrong_link_on_main_fails_with_the_page(repository: Repository, tmp_path: Path) -> None:
    repository.commit("main", broken=True)
    with pytest.raises(SiteError, match=r"guide/page\.md.*missing"):
        build(tmp_path / "site", {"main": "HEAD"}, root=repository.root)


def test_an_unknown_ref_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.commit("main")
    with pytest.raises(SiteError, match=r"v9\.9\.9"):
        build(tmp_path / "site", {"v9.9.9": "v9.9.9"}, root=repository.root)
