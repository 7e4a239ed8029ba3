"""Gaps of S3."""
