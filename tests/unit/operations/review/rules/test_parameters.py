from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, reviewed, texts

if TYPE_CHECKING:
    from pathlib import Path


def group(**parameters: str) -> dict[str, Any]:
    named = {name.replace("__", "."): value for name, value in parameters.items()}
    return {"name": "pg", "parameter": [{"name": name, "value": value} for name, value in named.items()]}


@pytest.mark.parametrize(
    ("kind", "before", "after", "found"),
    [
        ("db_parameter_group", group(rds__force_ssl="1"), group(rds__force_ssl="0"), {
            "MLR134": (
                "Connections without TLS are accepted by databases with `pg`: "
                "`rds.force_ssl` changes from `1` to `0`."
            )
        }),
        ("docdb_cluster_parameter_group", group(tls="enabled"), group(), {
            "MLR134": (
                "Connections without TLS are accepted by databases with `pg`: "
                "`tls` changes from `enabled` to the default of the engine."
            )
        }),
        ("redshift_parameter_group", group(enable_user_activity_logging="true"),
         group(enable_user_activity_logging="false"), {
            "MLR806": (
                "Statements are not recorded by databases with `pg`: "
                "`enable_user_activity_logging` changes from `true` to `false`."
            )
        }),
        ("db_parameter_group", group(rds__force_ssl="0"), group(rds__force_ssl="1"), {}),
        ("db_parameter_group", group(work_mem="1"), group(work_mem="0"), {}),
        ("db_parameter_group", None, group(rds__force_ssl="0"), {}),
        ("db_parameter_group", group(rds__force_ssl="1"), None, {}),
    ],
)  # fmt: skip
def test_parameters_that_are_switched_off_are_held(
    tmp_path: Path, kind: str, before: dict[str, Any] | None, after: dict[str, Any] | None, found: dict[str, str]
) -> None:
    assert texts(reviewed(tmp_path, change(f"aws_{kind}.x", before, after))) == found
