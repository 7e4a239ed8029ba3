"""The option for a month, and the first day of the month."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from mlinfra.errors import OperationError

Month = Annotated[
    str | None,
    typer.Option("--month", help="The month, such as 2026-11. Default: the present one.", show_default=False),
]


def first_day(month: str | None, today: date) -> date:
    """The first day of `month`, such as 2026-11; without one, of the month of `today`.

    Raises:
        OperationError: if it is not a month, or has not begun.
    """
    if month is None:
        return today.replace(day=1)
    try:
        first = datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007  a month has no time zone
    except ValueError:
        message = f"--month: {month!r} is not a month. Expected: year and month, such as 2026-11."
        raise OperationError(message) from None
    if first > today:
        message = f"--month: {month} has not begun. Expected: {today:%Y-%m} or an earlier month."
        raise OperationError(message)
    return first
