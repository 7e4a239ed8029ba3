"""Declaration of a check."""

from __future__ import annotations

import pytest

from mlinfra.checks import Check


@pytest.mark.parametrize("id_", ["ACME001", "CKV_AWS_18", "A1"])
def test_ids_have_a_prefix_and_a_number(id_: str) -> None:
    assert Check(id=id_, title="t", fix="f", find=lambda _: ()).id == id_


@pytest.mark.parametrize("id_", ["", "acme001", "ACME", "ACME 1", "1"])
def test_other_ids_are_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="is not a valid id of a check"):
        Check(id=id_, title="t", fix="f", find=lambda _: ())
