"""Choice between cdktf and cdktn: by the environment, by earlier imports, by what is installed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlinfra.cdk_family import CDKTF, CDKTN, refuse_other

REPOSITORY = Path(__file__).parents[2]
BOTH = (CDKTF, CDKTN)

Choose = Callable[..., str]


@pytest.fixture
def choose(tmp_path: Path) -> Choose:
    """Print the family that a process uses in which only the packages of `installed` are found."""

    def choose(*installed: str, before: str = "", selection: str | None = None) -> str:
        for each in installed:
            (tmp_path / each).mkdir()
            (tmp_path / each / "__init__.py").touch()
        script = (
            f"import sys; sys.path[:] = [each for each in sys.path if 'site-packages' not in each]; {before}\n"
            "from mlinfra.cdk_family import present\n"
            "try: print(present().name)\n"
            "except (ImportError, ValueError) as error: print(f'{type(error).__name__}: {error}')"
        )
        paths = f"{tmp_path}:{REPOSITORY}"
        return subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": paths} | ({} if selection is None else {"MLINFRA_CDK": selection}),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    return choose


def packages(*families: object) -> list[str]:
    return [name for each in BOTH if each in families for name in (each.name, each.provider)]


@pytest.mark.parametrize("family", BOTH, ids=lambda each: each.name)
def test_the_installed_family_is_used(choose: Choose, family: object) -> None:
    assert choose(*packages(family)) == family.name  # type: ignore[attr-defined]


def test_cdktn_is_preferred_because_it_is_installed_by_choice(choose: Choose) -> None:
    assert choose(*packages(*BOTH)) == "cdktn"


def test_the_environment_variable_selects_one_of_both(choose: Choose) -> None:
    assert choose(*packages(*BOTH), selection="cdktf") == "cdktf"


def test_an_empty_variable_selects_nothing(choose: Choose) -> None:
    assert choose(*packages(*BOTH), selection="") == "cdktn"


def test_the_family_that_the_program_imported_already_is_used(choose: Choose) -> None:
    assert choose(*packages(*BOTH), before="import cdktf") == "cdktf"


def test_a_family_without_its_provider_bindings_is_not_used(choose: Choose) -> None:
    assert choose("cdktn", *packages(CDKTF)) == "cdktf"


def test_a_missing_family_is_reported_with_its_installation(choose: Choose) -> None:
    assert choose() == (
        "ImportError: mlinfra needs the packages cdktf and cdktf-cdktf-provider-aws, and they are not both installed. "
        "Install them: pip install mlinfra-cdktf"
    )


def test_a_selected_family_that_is_not_installed_is_reported(choose: Choose) -> None:
    assert choose(*packages(CDKTF), selection="cdktn") == (
        "ImportError: mlinfra needs the packages cdktn and cdktn-provider-aws (MLINFRA_CDK=cdktn), and they are not "
        "both installed. Install them: pip install 'mlinfra-cdktf[cdktn]'"
    )


def test_an_unknown_family_is_refused(choose: Choose) -> None:
    assert choose(*packages(CDKTF), selection="cdk") == "ValueError: MLINFRA_CDK is 'cdk'. Expected: cdktf or cdktn."


def test_a_construct_of_the_other_family_is_refused() -> None:
    library = type("App", (), {"__module__": "cdktf"})
    app = type("OwnApp", (library,), {})()
    refuse_other(app, CDKTF)
    with pytest.raises(ValueError, match="OwnApp is a class of cdktf, and mlinfra uses cdktn in this process"):
        refuse_other(app, CDKTN)
