"""Gaps of AWS Budgets."""
