"""What a lab's files and folders hold: trials, units, traces, and tables of events."""

from trialtensor.sessions.describing import choices_of, event_columns
from trialtensor.sessions.finding import open_session
from trialtensor.sessions.session import Session

__all__ = ["Session", "choices_of", "event_columns", "open_session"]
