"""Mechanisms that several gaps share: extending moto, validating requests, keeping and listing resources."""
