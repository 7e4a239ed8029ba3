"""The list of taggable types, compared with the locked provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci.taggable_types import locked_schemas, taggable
from mlinfra.catalog import taggable_types

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing.terraform import TerraformProgram


def test_types_with_the_attribute_of_managed_tags_are_taggable() -> None:
    def schema(*names: str) -> dict[str, object]:
        return {"block": {"attributes": {name: {"type": ["map", "string"]} for name in names}}}

    assert taggable({"aws_b": schema("tags", "tags_all"), "aws_a": schema("tags_all"), "aws_c": schema("tags")}) == [
        "aws_a",
        "aws_b",
    ]


@pytest.mark.deploy
@pytest.mark.lengthy
def test_the_list_is_that_of_the_locked_provider(own_terraform: TerraformProgram, tmp_path: Path) -> None:
    del own_terraform
    found = taggable(locked_schemas(tmp_path))
    assert found == sorted(taggable_types()), "run `python -m ci.taggable_types`"
