"""Gaps of Athena."""
