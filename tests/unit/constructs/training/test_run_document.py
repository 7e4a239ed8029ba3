"""Document of Systems Manager with which runs are started."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.training.run_document import document_content
from mlinfra.stacks.training import TrainingStack
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra.testing import Synth


def test_the_document_starts_the_run_of_its_only_parameter() -> None:
    content: Any = document_content()
    assert set(content["parameters"]) == {"RunId"}
    (step,) = content["mainSteps"]
    assert step["inputs"]["runCommand"] == ["/usr/local/bin/mlinfra-start-run '{{ RunId }}'"]


@pytest.mark.parametrize("text", ["x", "20261130-101500-7f3a; reboot", "20261130-101500-7f3a\nreboot", "$(reboot)"])
def test_other_texts_than_ids_are_refused_by_systems_manager(text: str) -> None:
    content: Any = document_content()
    pattern = content["parameters"]["RunId"]["allowedPattern"]
    assert re.search(pattern, "20261130-101500-7f3a")
    assert not re.search(pattern, text)


def test_every_environment_has_one_also_without_a_cluster(synth: Synth) -> None:
    document = synth(TrainingStack, environment=an_environment(experiments=[])).one("aws_ssm_document")
    assert document["name"] == "recsys-dev-start-run"
    assert json.loads(document["content"]) == document_content()
