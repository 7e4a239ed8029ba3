"""Gaps of Systems Manager."""
