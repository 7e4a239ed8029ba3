"""Gaps of SQS."""
