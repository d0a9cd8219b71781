"""From events and trials in memory to tensors; pure, without files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialtensor.events.aligning import align_trials, unalign_trials
from trialtensor.events.joining import SessionLinkWarning, concat_sessions, split_sessions
from trialtensor.events.links import SessionLinks, session_links
from trialtensor.events.ragged import pad_trials, unpad_trials

if TYPE_CHECKING:
    from trialtensor.events.warping import TimeWarp

__all__ = [
    "SessionLinkWarning",
    "SessionLinks",
    "TimeWarp",
    "align_trials",
    "concat_sessions",
    "pad_trials",
    "session_links",
    "split_sessions",
    "unalign_trials",
    "unpad_trials",
]


def __getattr__(name: str) -> Any:
    # The only one that needs scikit-learn, whose import takes longer than binning most recordings.
    if name == "TimeWarp":
        from trialtensor.events.warping import TimeWarp

        return TimeWarp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
