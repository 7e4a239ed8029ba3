"""Gaps of AWS Batch."""
