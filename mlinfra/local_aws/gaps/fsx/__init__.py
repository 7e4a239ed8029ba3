"""Gaps of FSx."""
