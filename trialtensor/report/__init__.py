"""Self-contained HTML pages about a fitted model, or a search for one."""

from trialtensor.report.html import write_report
from trialtensor.report.search import write_search_report
from trialtensor.report.tracking import write_tracking_report

__all__ = ["write_report", "write_search_report", "write_tracking_report"]
