"""Gaps of CloudTrail."""
