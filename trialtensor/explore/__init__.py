"""Interactive figures of models, searches and tracking: in a page, a report or a notebook."""

from trialtensor.explore.embedding import Embedded, Interactive, embed
from trialtensor.explore.figure import explore
from trialtensor.explore.search import explore_search
from trialtensor.explore.tracking import explore_tracking

__all__ = ["Embedded", "Interactive", "embed", "explore", "explore_search", "explore_tracking"]
