"""Gaps of EC2 Auto Scaling."""
