"""Interactive figures of pages; none on a static page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialtensor.models import TrialEstimator
from trialtensor.report.sections import Context, SearchContext, TrackingContext

if TYPE_CHECKING:
    from trialtensor.explore.embedding import Interactive


def interactive_components(model: TrialEstimator, context: Context) -> Interactive | None:
    """Return the explorer of a fitted model."""
    return None


def interactive_search(search: Any, context: SearchContext) -> Interactive | None:
    """Return the errors of candidates, to be pointed at."""
    return None


def interactive_tracking(tracking: Any, context: TrackingContext) -> Interactive | None:
    """Return the components over trials, to be pointed at."""
    return None
