"""Build the price table of the library from the CSV files in ci/prices: `python -m ci.price_table`.

The table is a zip with a CSV file for each kind of price and region, so that a reader reads what it needs only. Equal
facts give equal bytes with the same build of zlib; a table with equal contents is not written again.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FACTS: Final = Path(__file__).resolve().parent / "prices"
TABLE: Final = FACTS.parent.parent / "mlinfra" / "catalog" / "prices.zip"

_BEGINNING_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_TERMS = (
    "1yr_standard_no_upfront",
    "1yr_convertible_no_upfront",
    "3yr_standard_no_upfront",
    "3yr_convertible_no_upfront",
)
_PRICE_COLUMNS = ("item", "unit", "usd", "source")
_SPOT_COLUMNS = ("instance_type", "zone_id", "usd", "low", "high", "interruptions", "source")
_SOURCE_COLUMNS = ("id", "as_of", "as_of_kind", "basis", "text", "note")


class _Sources:
    """Numbers for the distinct combinations of source, date, basis and note, so that a row needs one number only."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._numbers: dict[tuple[str, ...], int] = {}

    def number(self, row: Mapping[str, str]) -> str:
        """The number of the source of `row`.

        Raises:
            KeyError: if sources.csv has no such key.
        """
        fact = (
            row["as_of"],
            row["as_of_kind"],
            row.get("basis") or "published",
            self._texts[row["source"]],
            row.get("note") or "",
        )
        return str(self._numbers.setdefault(fact, len(self._numbers)))

    def rows(self) -> Iterator[tuple[str, ...]]:
        """All of them, by number."""
        return ((str(number), *fact) for fact, number in self._numbers.items())


def contents(facts: Path = FACTS) -> dict[str, str]:
    """The files of the table by name, such as `ec2/us-east-1.csv`, in a fixed order.

    Args:
        facts: the folder with the CSV files. Default: that of this repository.

    Raises:
        ValueError: if a price is declared twice.
    """
    sources = _Sources({row["key"]: row["text"] for row in _read(facts, "sources")})
    files: dict[str, list[tuple[str, ...]]] = {}
    seen: set[tuple[str, str]] = set()
    for kind, region, item, unit, usd, row in _prices(facts):
        name = f"{kind}/{region}.csv"
        if (name, item) in seen:
            message = f"{item} is declared twice in {name}; prices must be unique."
            raise ValueError(message)
        seen.add((name, item))
        files.setdefault(name, [_PRICE_COLUMNS]).append((item, unit, f"{float(usd):.10g}", sources.number(row)))
    for row in _read(facts, "ec2_spot"):
        files.setdefault(f"spot/{row['region']}.csv", [_SPOT_COLUMNS]).append(
            (
                row["instance_type"],
                row["zone_id"],
                row["usd_per_hour"],
                row["usd_per_hour_min"],
                row["usd_per_hour_max"],
                row["interruption_rate"],
                sources.number(row),
            )
        )
    found = {name: _csv([rows[0], *sorted(rows[1:])]) for name, rows in files.items()}
    found["sources.csv"] = _csv([_SOURCE_COLUMNS, *sources.rows()])
    return dict(sorted(found.items()))


def packed(files: Mapping[str, str]) -> bytes:
    """The bytes of the table with `files`."""
    table = io.BytesIO()
    with zipfile.ZipFile(table, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, _BEGINNING_OF_ZIP)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return table.getvalue()


def unpacked(table: Path = TABLE) -> dict[str, str]:
    """The files of an existing table, by name."""
    with zipfile.ZipFile(table) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def _prices(facts: Path) -> Iterator[tuple[str, str, str, str, str, Mapping[str, str]]]:
    """Kind, region, item, unit, price and row of each price with a unit."""
    for kind, file in (("ec2", "ec2_on_demand"), ("blocks", "ec2_capacity_blocks")):
        for row in _read(facts, file):
            yield kind, row["region"], row["instance_type"], "hour", row["usd_per_hour"], row
    for row in _read(facts, "ec2_reserved"):
        for term in _TERMS:
            if row[f"ri_{term}"]:
                yield "reserved", row["region"], f"{row['instance_type']}/{term}", "hour", row[f"ri_{term}"], row
    for row in _read(facts, "sagemaker"):
        item = f"{row['component']}/{row['instance_type']}"
        yield "sagemaker", row["region"], item, "hour", row["usd_per_hour"], row
    for row in _read(facts, "services"):
        yield "services", row["region"], f"{row['service']}/{row['item']}", row["unit"], row["usd"], row


def _read(facts: Path, name: str) -> list[dict[str, str]]:
    with (facts / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _csv(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def main() -> int:
    """Write the table if its contents differ from the facts."""
    files = contents()
    if TABLE.exists() and unpacked() == files:
        print(f"{TABLE.name} is up to date: {len(files)} files, {TABLE.stat().st_size:,} bytes.")  # noqa: T201  the result of this program
        return 0
    TABLE.write_bytes(packed(files))
    print(f"Wrote {TABLE}: {len(files)} files, {TABLE.stat().st_size:,} bytes.")  # noqa: T201  the result of this program
    return 0


if __name__ == "__main__":
    sys.exit(main())
