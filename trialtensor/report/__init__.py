"""Self-contained HTML pages about a fitted model, a search for one, or components over trials."""

from trialtensor.report.html import Report, write_report
from trialtensor.report.registry import register_section, remove_section
from trialtensor.report.search import SearchReport, write_search_report
from trialtensor.report.sections import (
    Context,
    Fragment,
    SearchContext,
    TrackingContext,
    slot,
)
from trialtensor.report.tracking import TrackingReport, write_tracking_report

__all__ = [
    "Context",
    "Fragment",
    "Report",
    "SearchContext",
    "SearchReport",
    "TrackingContext",
    "TrackingReport",
    "register_section",
    "remove_section",
    "slot",
    "write_report",
    "write_search_report",
    "write_tracking_report",
]
