"""`examples/studio`: twenty people, and the script that runs at each start."""

from __future__ import annotations

import base64
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ci.examples import EXAMPLES
from mlinfra.testing import Template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("synthesized")

SCRIPT = EXAMPLES / "studio" / "start.sh"


@pytest.fixture
def studio(stacks_of: Callable[[str], Path]) -> Template:
    return Template.read(stacks_of("studio") / "dev-studio")


def test_each_of_twenty_people_has_a_profile_and_a_private_space(studio: Template) -> None:
    profiles = studio.find("aws_sagemaker_user_profile").values()
    spaces = studio.find("aws_sagemaker_space").values()
    people = {each["user_profile_name"] for each in profiles}
    assert len(people) == 20
    assert {each["space_name"] for each in spaces} == {*people, "ranking-room"}


def test_idle_apps_of_all_people_are_shut_down_after_an_hour(studio: Template) -> None:
    (domain,) = studio.find("aws_sagemaker_domain").values()
    settings = domain["default_user_settings"]["jupyter_lab_app_settings"]["app_lifecycle_management"]["idle_settings"]
    assert (settings["lifecycle_management"], settings["idle_timeout_in_minutes"]) == ("ENABLED", 60)


def test_the_ads_team_reads_no_raw_data(studio: Template) -> None:
    policies = [
        each["policy"]
        for address, each in studio.find("aws_iam_role_policy").items()
        if "ads" in address and "data-lake" in address
    ]
    assert policies
    assert not any("notebooks-dev-raw" in policy for policy in policies)


@pytest.mark.parametrize(("pip", "message"), [("exit 0", ""), ("exit 1", "polars was not installed\n")])
def test_the_script_succeeds_even_if_the_index_cannot_be_reached(tmp_path: Path, pip: str, message: str) -> None:
    program = tmp_path / "pip"
    program.write_text(f"#!/bin/sh\n{pip}\n")
    program.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    ended = subprocess.run(["bash", SCRIPT], env=variables, capture_output=True, text=True, check=True)  # noqa: S607
    assert ended.stderr == message
    assert (tmp_path / "notebooks").is_dir()


def test_the_script_is_that_of_the_stack(studio: Template) -> None:
    (script,) = studio.find("aws_sagemaker_studio_lifecycle_config").values()
    assert base64.b64decode(script["studio_lifecycle_config_content"]).decode() == SCRIPT.read_text()
