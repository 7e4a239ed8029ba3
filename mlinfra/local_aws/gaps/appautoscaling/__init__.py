"""Gaps of Application Auto Scaling."""
