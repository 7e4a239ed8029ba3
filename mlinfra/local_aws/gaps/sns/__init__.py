"""Gaps of Amazon SNS."""
