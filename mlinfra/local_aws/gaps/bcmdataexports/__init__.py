"""Gaps of AWS Billing and Cost Management Data Exports."""
