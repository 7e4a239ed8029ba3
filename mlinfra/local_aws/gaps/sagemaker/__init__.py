"""Gaps of SageMaker."""
