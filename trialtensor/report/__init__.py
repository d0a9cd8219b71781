"""One self-contained HTML page from a fitted model."""

from trialtensor.report.html import write_report

__all__ = ["write_report"]
