"""Recorded results of Athena queries, which the local AWS returns in their order."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.local_aws.server import LocalAws

COLUMNS = ("name", "environment", "project", "currency", "cost", "last_day")


def record(
    server: LocalAws, *rows: Sequence[str | None], columns: Sequence[str] = COLUMNS, region: str = "us-east-1"
) -> None:
    """Have the next query in the account return `rows`, below a row with the names of the columns, as Athena does."""
    data = [{"Data": [{} if each is None else {"VarCharValue": each} for each in row]} for row in (columns, *rows)]
    body = {"region": region, "results": [{"rows": data, "column_info": []}]}
    request = urllib.request.Request(  # noqa: S310  a server of this test
        f"{server.endpoint}/moto-api/static/athena/query-results",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request):  # noqa: S310
        pass
