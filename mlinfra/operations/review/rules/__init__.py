"""Rules for plans, one subject per module."""
