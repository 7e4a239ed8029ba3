"""The bill of an account by tag, and its comparison with the estimate."""

from __future__ import annotations

from mlinfra.operations.billing.bill import Bill, BilledCost, BillKey, read_bill
from mlinfra.operations.billing.comparison import Row, SideBySide, side_by_side

__all__ = ["Bill", "BillKey", "BilledCost", "Row", "SideBySide", "read_bill", "side_by_side"]
