"""Gaps of Service Quotas."""
