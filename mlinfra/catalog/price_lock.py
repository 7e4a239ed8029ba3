"""The prices that a project refreshed, committed with the code.

`mlinfra catalog refresh` writes the file. Its prices take precedence over those of the release in estimates. The
selection of instance types and the spend limits of functions keep the prices of the release, so that a refresh changes
no cluster.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlinfra.command import own_command
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PRICE_LOCK_FILE: Final = "environments/prices.lock.json"
"""The path of the file in a project."""

RefreshableKind: TypeAlias = Literal["ec2", "sagemaker", "services"]
"""The kinds of prices that can be refreshed (see `functions.price_table.PriceKind`)."""

_FORMAT = 1

_Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RefreshedPrices(BaseModel):
    """The prices of one kind in one region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date = Field(description="The day of the refresh, such as 2026-11-29.")
    source: str = Field(min_length=1, description="The price list and its version.")
    usd: dict[str, _Usd] = Field(description="USD for one unit, by item; at least 0.")
    units: dict[str, str] = Field(default_factory=dict, description="The unit by item. Default: hour.")


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    prices: dict[RefreshableKind, dict[str, RefreshedPrices]]


@dataclass(frozen=True)
class PriceLock:
    """The refreshed prices of a project, by kind and region."""

    prices: Mapping[RefreshableKind, Mapping[str, RefreshedPrices]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> PriceLock:
        """Read the file at `path`. A missing file has no prices.

        Raises:
            DeclarationError: with every problem at once: the file is damaged, or of another version.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise DeclarationError(PRICE_LOCK_FILE, [f"it cannot be read ({error}). {_repair()}"]) from None
        try:
            document = _Document.model_validate_json(text)
        except ValidationError as error:
            problems = [
                f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg'][0].lower()}{each['msg'][1:]}."
                for each in error.errors(include_url=False, include_input=False)
            ]
            raise DeclarationError(PRICE_LOCK_FILE, [*problems[:-1], f"{problems[-1]} {_repair()}"]) from None
        return cls(document.prices)

    def dump(self) -> str:
        """The file as text: the same prices give the same bytes, one price a line."""
        document = {
            "version": _FORMAT,
            "prices": {
                kind: {
                    region: prices.model_dump(mode="json", exclude_defaults=True) for region, prices in found.items()
                }
                for kind, found in self.prices.items()
            },
        }
        return json.dumps(document, indent=1, sort_keys=True) + "\n"

    def with_prices(self, kind: RefreshableKind, region: str, prices: RefreshedPrices) -> PriceLock:
        """A copy with the prices of one kind in one region."""
        return replace(self, prices={**self.prices, kind: {**self.prices.get(kind, {}), region: prices}})


def _repair() -> str:
    return f"Delete the file, or run `{own_command()} catalog refresh`, which writes it again."
