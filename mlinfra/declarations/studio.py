"""SageMaker Studio: the domain of an environment, and its spaces."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from mlinfra.catalog import unknown_studio_types
from mlinfra.declarations.base import Declaration, Problems
from mlinfra.declarations.types import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

StudioApp = Literal["JupyterLab", "CodeEditor"]
"""The apps of Studio."""

SHORTEST_IDLE_MINUTES = 60
_LONGEST_IDLE_MINUTES = 525_600
_LONGEST_SCRIPT = 16_384


def encoded(script: str) -> str:
    """`script` in base64, the encoding that SageMaker expects."""
    return base64.b64encode(script.encode()).decode()


class Space(Declaration):
    """A space in Studio with its own volume, in which one app at a time runs.

    It is created as declared. Later changes in Studio, its instance type or a larger volume, are kept.

    Raises:
        DeclarationError: with every problem at once.
    """

    name: Name = Field(
        max_length=63,
        description="Up to 63 lower-case letters, digits and single hyphens, beginning with a letter.",
    )
    owner: str = Field(
        description="The name of the person who owns it. Another owner means another space, with an empty volume."
    )
    shared: bool = Field(
        default=False,
        description="True if the owner's whole team works in it. Code in a shared space acts as the role that all "
        "shared spaces of the domain have. Default: False, private.",
    )
    app: StudioApp = Field(
        default="JupyterLab",
        description="The app in it: JupyterLab or CodeEditor. A shared space is for JupyterLab. Default: JupyterLab.",
    )
    instance_type: str | None = Field(
        default=None, description="Its first instance type, one of the team's. Default: that of the team's notebooks."
    )
    storage_gib: int | None = Field(
        default=None,
        ge=5,
        le=16_384,
        description="Its volume at the beginning, in GiB: 5 to the studio's max_space_storage_gib. Default: the "
        "studio's default_space_storage_gib.",
    )

    def _problems(self) -> Iterator[str]:
        if self.shared and self.app != "JupyterLab":
            yield f"app: {self.app!r} cannot be shared. Expected: JupyterLab, or shared=False."


class StudioSettings(Declaration):
    """A SageMaker domain: authentication, instance types of notebooks, and shutdown of idle apps.

    Raises:
        DeclarationError: with every problem at once.
    """

    auth_mode: Literal["IAM", "SSO"] = Field(
        default="IAM",
        description="Authentication of people: IAM (through the console or a presigned address) or SSO (through IAM "
        "Identity Center, which must exist in the region). A change replaces the domain. Default: IAM.",
    )
    default_instance_type: str = Field(
        default="ml.g4dn.xlarge",
        description="The first instance type of notebooks, if the team may use it; otherwise the first of the team's. "
        "Default: ml.g4dn.xlarge, one T4.",
    )
    idle_minutes: int = Field(
        default=SHORTEST_IDLE_MINUTES,
        ge=SHORTEST_IDLE_MINUTES,
        le=_LONGEST_IDLE_MINUTES,
        description="The idle time after which an app is shut down, in minutes, 60 to 525600. Default: 60.",
    )
    max_idle_minutes: int = Field(
        default=240,
        ge=SHORTEST_IDLE_MINUTES,
        le=_LONGEST_IDLE_MINUTES,
        description="The longest idle time that people may set for themselves, in minutes, idle_minutes to 525600. "
        "Default: 240.",
    )
    default_space_storage_gib: int = Field(
        default=20,
        ge=5,
        le=16_384,
        description="The volume of a new space, in GiB, 5 to 16384. Default: 20.",
    )
    max_space_storage_gib: int = Field(
        default=100,
        ge=5,
        le=16_384,
        description="The largest volume that people may give a space, in GiB, 5 to 16384. Default: 100.",
    )
    private_spaces: bool = Field(
        default=True,
        description="True if each person gets a private space for JupyterLab, named after them. They can create "
        "others. Default: True.",
    )
    spaces: tuple[Space, ...] = Field(default=(), description="Further spaces, such as a team's own. Default: none.")
    lifecycle_scripts: dict[StudioApp, str] = Field(
        default_factory=dict,
        description="The script that runs at each start of an app, by app: a shell script, at most 16384 characters "
        "once it is encoded in base64 (about 12 KiB). SageMaker gives it five minutes. Default: none.",
    )
    keep_home_file_system: bool | None = Field(
        default=None,
        description="True if the file system with people's home directories is kept when the domain is destroyed. The "
        "last applied value counts. Default: protect_data.",
    )
    own_endpoints: bool = Field(
        default=False,
        description="True if the VPC has endpoints for the services that apps call, which they need where "
        "nat_gateways is none. Default: False.",
    )

    not_templates = frozenset({"lifecycle_scripts"})  # encoded in base64

    @classmethod
    def _subject(cls, values: dict[str, Any]) -> str:
        del values
        return "studio"

    @field_validator("default_instance_type")
    @classmethod
    def _default_instance_type_is_known(cls, name: str) -> str:
        unknown = unknown_studio_types((name,))
        if unknown:
            raise Problems(f"default_instance_type: {each}" for each in unknown)
        return name

    @field_validator("lifecycle_scripts")
    @classmethod
    def _scripts_can_run(cls, scripts: dict[StudioApp, str]) -> dict[StudioApp, str]:
        problems = []
        for app, script in scripts.items():
            if not script.strip():
                problems.append(f"lifecycle_scripts.{app}: it is empty. Expected: a shell script.")
            if "\r" in script:
                problems.append(f"lifecycle_scripts.{app}: lines end in CR LF. Expected: LF, which is what bash reads.")
            if len(encoded(script)) > _LONGEST_SCRIPT:
                problems.append(
                    f"lifecycle_scripts.{app}: {len(encoded(script))} characters once it is encoded. Expected: at most "
                    f"{_LONGEST_SCRIPT}. Let the script download the rest, such as from the data lake."
                )
        if problems:
            raise Problems(problems)
        return scripts

    def _problems(self) -> Iterator[str]:
        if self.idle_minutes > self.max_idle_minutes:
            yield (
                f"idle_minutes: {self.idle_minutes} is more than max_idle_minutes. Expected: "
                f"{SHORTEST_IDLE_MINUTES} to {self.max_idle_minutes}."
            )
        if self.default_space_storage_gib > self.max_space_storage_gib:
            yield (
                f"default_space_storage_gib: {self.default_space_storage_gib} is more than max_space_storage_gib. "
                f"Expected: 5 to {self.max_space_storage_gib}."
            )
