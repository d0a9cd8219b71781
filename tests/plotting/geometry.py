"""What overlaps in a figure that was drawn: boxes of texts, legends, panels and points."""

import itertools

import numpy as np
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def boxes_of_texts(figure):
    """Text and box, in pixels, of everything that is written in a figure."""
    hidden = {text for ax in _all_axes(figure) for text in _ticks_out_of_sight(ax)}
    found = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            box = text.get_window_extent()
            lines = text.get_text().split("\n")
            if not lines[-1]:  # an empty line leaves room for what is written there
                box = Bbox([[box.x0, box.y0 + box.height / len(lines)], [box.x1, box.y1]])
            if box.width > 0 and box.height > 0:
                found.append((text.get_text(), box))
    return found


def overlapping_texts(figure, slack=1.0):
    """Pairs of texts whose boxes share more than ``slack`` pixels in both directions."""
    return [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes_of_texts(figure), 2)
        if _shared(a, b) > slack
    ]


def legends_over_panels(figure):
    """Legends that reach into any panel, where points are or may be."""
    panels = [ax.get_window_extent() for ax in figure.axes]
    legends = [ax.get_legend() for ax in figure.axes] + list(figure.legends)
    return [
        legend
        for legend in legends
        if legend is not None
        and any(_shared(legend.get_window_extent(), panel) > 1 for panel in panels)
    ]


def outside(figure):
    """Texts that reach over the edge of the figure."""
    width, height = figure.canvas.get_width_height()
    return [
        text
        for text, box in boxes_of_texts(figure)
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]


def _shared(a, b):
    across = min(a.x1, b.x1) - max(a.x0, b.x0)
    up = min(a.y1, b.y1) - max(a.y0, b.y0)
    return min(across, up)


def _all_axes(figure):
    return [each for ax in figure.axes for each in (ax, *ax.child_axes)]


def _ticks_out_of_sight(ax):
    """Labels of ticks beyond the limits, or without a label: matplotlib keeps but doesn't draw."""
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        for minor in (False, True):
            for tick in [*(axis.minorTicks if minor else axis.majorTicks)]:
                inside = low - 1e-9 <= tick.get_loc() <= high + 1e-9
                yield tick.label2
                if not (inside and ax.axison and axis.get_visible()):
                    yield tick.label1


def points_of(ax):
    """Places of all points and lines in pixels, (n, 2)."""
    found = [ax.transData.transform(line.get_xydata()) for line in ax.lines]
    found += [
        ax.transData.transform(np.ma.filled(each.get_offsets(), np.nan)) for each in ax.collections
    ]
    return np.concatenate(found) if found else np.empty((0, 2))
