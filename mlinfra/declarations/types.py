"""The zones of a data lake, and the buckets that it can have."""

DATA_ZONES = ("raw", "processed", "features", "models")
"""In the order in which data moves through them."""

LAKE_BUCKETS = (*DATA_ZONES, "access-logs", "inventory", "queries")
"""What a bucket of a data lake can be for: the zones, and what is written about them."""
