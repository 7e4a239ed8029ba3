"""Choice between cdktf and cdktn, its community fork.

The two have the same API, ids and configuration file under different package names. A process uses one of them: a
construct of cdktf in an app of cdktn is not found by it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SELECTION = "MLINFRA_CDK"
"""Environment variable: `cdktf` or `cdktn`, if both are installed. Default: cdktn."""


@dataclass(frozen=True)
class CdkFamily:
    """The packages of cdktf, or those of cdktn."""

    name: str
    """Of the Python package, of its distribution, of its jsii assembly and of the command."""
    provider: str
    """The Python package of the AWS provider bindings."""
    provider_assembly: str
    """The jsii assembly of the AWS provider bindings."""
    requirement: str
    """The requirement with which pip installs mlinfra and the packages."""

    @property
    def distributions(self) -> tuple[str, str]:
        """The distributions in the package index: the library, and the AWS provider bindings."""
        return self.name, self.provider.replace("_", "-")

    @property
    def is_installed(self) -> bool:
        """True if Python finds both packages. They are not imported."""
        return all(importlib.util.find_spec(each) is not None for each in (self.name, self.provider))


CDKTF = CdkFamily("cdktf", "cdktf_cdktf_provider_aws", "@cdktf/provider-aws", "mlinfra-cdktf")
CDKTN = CdkFamily("cdktn", "cdktn_provider_aws", "@cdktn/provider-aws", "'mlinfra-cdktf[cdktn]'")
FAMILIES = (CDKTN, CDKTF)
"""In order of preference: cdktn is installed by choice, as an extra, and cdktf with mlinfra."""


def selected() -> CdkFamily | None:
    """The family that the environment variable selects. None if it is not set.

    Raises:
        ValueError: if its value is not the name of a family.
    """
    value = os.environ.get(SELECTION)
    if not value:
        return None
    for each in FAMILIES:
        if each.name == value:
            return each
    message = f"{SELECTION} is {value!r}. Expected: cdktf or cdktn."
    raise ValueError(message)


def present() -> CdkFamily:
    """The family that this process uses.

    It is the selected one; else the one that the program has imported already; else cdktn if it is installed; else
    cdktf.

    Raises:
        ImportError: if it is not installed.
        ValueError: if the environment variable is invalid.
    """
    wanted = selected()
    if wanted is None:
        wanted = next((each for each in FAMILIES if each.name in sys.modules), None)
    if wanted is None:
        wanted = next((each for each in FAMILIES if each.is_installed), CDKTF)
    if not wanted.is_installed:
        reason = f" ({SELECTION}={wanted.name})" if selected() else ""
        names = " and ".join(wanted.distributions)
        message = (
            f"mlinfra needs the packages {names}{reason}, and they are not both installed. "
            f"Install them: pip install {wanted.requirement}"
        )
        raise ImportError(message)
    return wanted


def installed_command(root: Path) -> Path | None:
    """The command of cdktf or cdktn in the `node_modules` of `root`. None: neither is installed there.

    It is that of the selected family; else cdktn if it is installed; else cdktf.

    Raises:
        ValueError: if the environment variable is invalid.
    """
    wanted = selected()
    paths = (root / "node_modules" / ".bin" / each.name for each in ((wanted,) if wanted else FAMILIES))
    return next((each for each in paths if each.exists()), None)


def refuse_other(construct: object, used: CdkFamily) -> None:
    """Refuse a construct of another family, which `used` could not synthesize together with its own.

    Raises:
        ValueError: if a class of the construct is from another family.
    """
    packages = {each.__module__.partition(".")[0] for each in type(construct).__mro__}
    for each in FAMILIES:
        if each is not used and each.name in packages:
            message = (
                f"{type(construct).__name__} is a class of {each.name}, and mlinfra uses {used.name} in this process. "
                f"An app contains constructs of one of them: import all from {used.name}, or set "
                f"{SELECTION}={each.name}."
            )
            raise ValueError(message)
