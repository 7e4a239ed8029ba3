"""Gaps of EKS."""
