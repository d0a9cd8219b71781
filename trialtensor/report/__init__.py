"""Self-contained HTML pages about a fitted model, or a search for one."""

from trialtensor.report.html import write_report
from trialtensor.report.search import write_search_report
from trialtensor.report.sections import Context, Fragment, register_section
from trialtensor.report.tracking import write_tracking_report

__all__ = [
    "Context",
    "Fragment",
    "register_section",
    "write_report",
    "write_search_report",
    "write_tracking_report",
]
