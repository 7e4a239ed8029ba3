"""Gaps of Cost Explorer."""
