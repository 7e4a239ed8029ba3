"""Gaps of KMS."""
