"""What a lab's files and folders hold: trials, units, traces, and tables of events."""

from trialtensor.sessions.finding import open_session
from trialtensor.sessions.session import Session

__all__ = ["Session", "open_session"]
