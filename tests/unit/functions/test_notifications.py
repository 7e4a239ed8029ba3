"""Commands in notifications."""

from __future__ import annotations

from mlinfra.functions.contract import Tag
from mlinfra.functions.notifications import command


def test_a_command_names_environment_and_experiment_of_the_cluster() -> None:
    tags = {Tag.ENVIRONMENT: "dev", Tag.EXPERIMENT: "two-tower"}
    assert command("extend", tags, "--until YYYY-MM-DD") == "mlinfra clusters extend dev two-tower --until YYYY-MM-DD"


def test_a_command_has_placeholders_for_missing_tags() -> None:
    assert command("stop", {}) == "mlinfra clusters stop ENV EXPERIMENT"
