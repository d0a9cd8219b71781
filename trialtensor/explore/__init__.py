"""Interactive figures of fitted models: Bokeh in a page of its own, a report or a notebook."""

from trialtensor.explore.embedding import Embedded, Interactive, embed
from trialtensor.explore.figure import explore

__all__ = ["Embedded", "Interactive", "embed", "explore"]
