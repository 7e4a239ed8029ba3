"""Requirements that are written in two places."""

from importlib.metadata import requires

from packaging.requirements import Requirement

from tests.conftest import ROOT


def test_the_environment_with_cdktn_has_what_the_extra_requires() -> None:
    extra = {
        f"{each.name}{each.specifier}"
        for each in map(Requirement, requires("mlinfra-cdktf") or ())
        if each.marker and "cdktn" in str(each.marker)
    }
    lines = (ROOT / "requirements" / "cdktn.in").read_text().splitlines()
    written = {f"{each.name}{each.specifier}" for each in map(Requirement, filter(_is_requirement, lines))}
    assert extra
    assert extra <= written


def _is_requirement(line: str) -> bool:
    return bool(line) and not line.startswith("#")
