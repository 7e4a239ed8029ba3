"""The zones of a data lake."""

DATA_ZONES = ("raw", "processed", "features", "models")
"""In the order in which data moves through them."""
