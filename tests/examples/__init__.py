"""Tests of examples that are projects."""
