"""Gaps of IAM."""
