"""Refresh of prices from AWS's price lists."""

from __future__ import annotations

from mlinfra.operations.price_lists.refreshing import SERVICES, RefreshedOffer, refresh_prices

__all__ = ["SERVICES", "RefreshedOffer", "refresh_prices"]
