"""Gaps of EC2: operations and settings that moto lacks or treats differently than AWS.

Requests that AWS refuses and moto accepts are refused with `refuse` of `mechanisms/ec2_requests.py`: search for it.
"""
