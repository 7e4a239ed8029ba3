"""Resources that the code declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.audit.declared import declared_by
from tests.unit.operations.audit.story import a_project, the_environment

if TYPE_CHECKING:
    from pathlib import Path


def test_the_addresses_of_a_stack_are_those_of_its_state(tmp_path: Path) -> None:
    environment = the_environment()
    found = declared_by([environment], a_project(tmp_path))
    assert found.synthesized == {"dev"}
    assert found.addresses == {
        environment.names.state_key("training"): {
            "aws_autoscaling_group.two-tower",
            "aws_autoscaling_group.ranker",
            "aws_autoscaling_group.retrieval",
        }
    }
    assert found.remarks == ()


@pytest.mark.parametrize("program", ["", "raise SystemExit(1)"])
def test_code_without_stacks_is_a_remark(tmp_path: Path, program: str) -> None:
    (tmp_path / "main.py").write_text(program)
    found = declared_by([the_environment()], tmp_path)
    assert found.synthesized == frozenset()
    (remark,) = found.remarks
    assert remark.startswith("The resources of dev were not compared with the code, because it cannot be synthesized: ")


def test_without_a_project_nothing_is_synthesized() -> None:
    found = declared_by([the_environment()], None)
    assert [each.name for each in found.environments] == ["dev"]
    assert found.synthesized == frozenset()
