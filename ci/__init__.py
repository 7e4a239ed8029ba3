"""Pipeline definitions, checks and generators that pipelines and the Makefile run."""

from datetime import date

JUDGED_ON = date(2026, 11, 24)
"""The day that checks and tests compare the expiries of this repository's environments with.

It is fixed, so that old commits do not fail after an experiment has expired.
"""
