"""Figures of components over trials."""

import dataclasses
import itertools

import numpy as np
import pandas
import pytest

from trialtensor.plotting import plot_similarity, plot_tracking
from trialtensor.tracking import track, trial_similarity

LABELS = np.repeat(["baseline", "washout"], 60)


@pytest.fixture(scope="module")
def tracking():
    rng = np.random.default_rng(0)
    y = np.stack([(np.arange(120) >= 60) + 0.2 * rng.normal(size=120), rng.normal(size=120)], 1)
    return track(y, labels=LABELS)


def test_changes_and_blocks_are_drawn(tracking):
    axes = plot_tracking(tracking)
    texts = [[text.get_text() for text in ax.texts] for ax in axes]
    assert texts == [["60", "baseline", "washout"], []]
    assert [ax.get_ylabel() for ax in axes] == ["component 1", "component 2"]  # no model: no unit
    course = tracking.found["component 1"].course
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), course)
    onsets = [line.get_xdata()[0] for line in axes[0].lines[1:]]
    assert onsets == tracking.changes["onset"].tolist()
    assert len(axes[1].lines) == 1


def test_numbers_of_onsets_do_not_overlap(tracking):
    row = tracking.changes.iloc[[0]]
    rows = [
        row.assign(onset=onset, onset_low=onset, onset_high=onset) for onset in (58, 60, 61, 90)
    ]
    close = dataclasses.replace(tracking, changes=pandas.concat(rows, ignore_index=True))
    axes = plot_tracking(close)
    axes[0].figure.draw_without_rendering()
    texts = axes[0].texts
    assert [text.get_text() for text in texts] == ["58", "60", "61", "90", "baseline", "washout"]
    boxes = [text.get_window_extent() for text in texts]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    # Above the panel, where no point can be.
    assert min(box.y0 for box in boxes) >= axes[0].get_window_extent().y1


def test_axes_are_taken(tracking):
    import matplotlib.pyplot as plt

    _, given = plt.subplots(2)
    assert plot_tracking(tracking, axes=given)[1] is given[1]
    with pytest.raises(ValueError, match="axes: expected 2, one a series"):
        plot_tracking(tracking, axes=given[0])


def test_similarity_is_an_image_with_zero_in_the_middle():
    similarity, windows = trial_similarity(
        np.random.default_rng(0).normal(size=(60, 8, 6)), n_windows=6
    )
    image = plot_similarity(similarity, windows).collections[0]
    low, high = image.get_clim()
    assert low == -high
    np.testing.assert_allclose(np.asarray(image.get_array()).ravel(), similarity.ravel())


def test_long_names_of_series_come_in_lines(tracking):
    names = ["component 1, a very long name of a region", "trial 1"]
    renamed = dict(zip(tracking.series.columns, names, strict=True))
    other = dataclasses.replace(
        tracking,
        series=tracking.series.rename(columns=renamed),
        found={renamed[name]: each for name, each in tracking.found.items()},
        changes=tracking.changes.replace({"series": renamed}),
    )
    axes = plot_tracking(other)
    first = axes[0].get_ylabel().split("\n")
    assert first[0] == "component 1" and len(first[1]) == 20
    assert axes[1].get_ylabel() == "trial 1"
    figure = axes[0].figure
    figure.draw_without_rendering()
    assert [text.get_text() for text in axes[0].texts] == ["60", "baseline", "washout"]
    boxes = [ax.yaxis.label.get_window_extent() for ax in axes]
    assert boxes[0].y0 > boxes[1].y1


def test_points_are_without_their_conditions():
    rng = np.random.default_rng(0)
    target = np.tile([0, 1, 2], 40)
    noise = 0.1 * rng.normal(size=120)
    found = track(5.0 * target + noise, conditions=target)
    (ax,) = plot_tracking(found)
    points = np.ma.getdata(ax.collections[0].get_offsets())[:, 1]
    assert np.std(points) < 0.2
