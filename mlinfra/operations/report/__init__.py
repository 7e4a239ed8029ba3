"""Report: cost, clusters, audit, drift, approvals and architecture on one HTML page that needs no network."""

from __future__ import annotations

from mlinfra.operations.report.collection import Sources, collect
from mlinfra.operations.report.page import page
from mlinfra.operations.report.serving import Reports, serve_reports
from mlinfra.operations.report.writing import WrittenReport, write_report

__all__ = ["Reports", "Sources", "WrittenReport", "collect", "page", "serve_reports", "write_report"]
