"""Gaps of EC2."""
