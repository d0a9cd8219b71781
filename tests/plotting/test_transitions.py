"""The figure of transitions."""

import numpy as np
import pytest

from trialtensor.plotting import plot_transitions
from trialtensor.tracking import transitions


def test_course_and_onset_are_drawn_for_each_series():
    y = np.random.default_rng(0).normal(size=(80, 2)) + 6.0 * (np.arange(80) >= 40)[:, None]
    found = transitions(y)
    axes = plot_transitions(found, y)
    assert len(axes) == 2 and axes[1].get_xlabel() == "trial"
    assert "step at trial 40" in axes[0].get_title(loc="left")
    onset = [line.get_xdata()[0] for line in axes[1].lines if len(line.get_xdata()) == 2]
    assert onset == [40]
    with pytest.raises(ValueError, match="expected shape"):
        plot_transitions(found, y[:, :1])


def test_none_is_said():
    y = np.random.default_rng(1).normal(size=60)
    assert "no transition" in plot_transitions(transitions(y), y)[0].get_title(loc="left")


def test_a_given_figure_keeps_its_size():
    import matplotlib.pyplot as plt

    y = np.random.default_rng(1).normal(size=60)
    figure, ax = plt.subplots(figsize=(5, 1.7))
    drawn = plot_transitions(transitions(y), y, axes=ax)
    assert drawn.shape == (1,) and drawn[0] is ax
    assert figure.get_size_inches().tolist() == [5, 1.7]
    with pytest.raises(ValueError, match="one a series"):
        plot_transitions(transitions(y), y, axes=[ax, ax])
