"""Interactive figures of pages; none on a static page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialtensor.models import TrialEstimator
from trialtensor.report.sections import Context, SearchContext, TrackingContext

if TYPE_CHECKING:
    from trialtensor.explore.embedding import Interactive


def interactive_components(model: TrialEstimator, context: Context) -> Interactive | None:
    """Return the explorer of a fitted model; None on a static page.

    Parameters
    ----------
    model : fitted model
    context : Context
    """
    if context.static:
        return None
    from trialtensor.explore.figure import explore

    return explore(model, context.X, mask=context.mask, color_by=context.color_by)


def interactive_search(search: Any, context: SearchContext) -> Interactive | None:
    """Return the numbers of candidates, to be pointed at; None on a static page.

    Parameters
    ----------
    search : fitted CrossValidatedSearch
    context : SearchContext
    """
    if context.static:
        return None
    from trialtensor.explore.search import explore_search

    return explore_search(search, context.profile)


def interactive_tracking(tracking: Any, context: TrackingContext) -> Interactive | None:
    """Return components over trials, to be pointed at; None on a static page.

    Parameters
    ----------
    tracking : Tracking
    context : TrackingContext
    """
    if context.static:
        return None
    from trialtensor.explore.tracking import explore_tracking

    return explore_tracking(tracking)
