"""What the pipelines and the Makefile run besides tests."""

from datetime import date

JUDGED_ON = date(2026, 11, 24)
"""The day by which checks and tests judge the expiries of the environments in this repository.

A fixed one: an experiment that has since expired must stop a deploy, but not turn old commits red.
"""
