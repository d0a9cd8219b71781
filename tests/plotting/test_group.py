"""The forest plot."""

import numpy as np
import pytest

from trialtensor.plotting import plot_group
from trialtensor.tracking import track_group


def test_one_row_per_component_with_animals_named():
    step = np.random.default_rng(0).normal(size=(3, 60, 2)) + 5 * (np.arange(60) > 30)[:, None]
    group = track_group(dict(zip("abc", step, strict=True)))
    axes = plot_group(group)
    assert axes.shape == (2, 3)
    assert [text.get_text() for text in axes[0, 0].get_yticklabels()] == ["a", "b", "c", "mean"]
    assert axes[0, 0].get_title(loc="right") == "3 of 3 animals"
    for ax in axes[:, 1]:
        low, high = ax.get_xlim()
        assert 0 < low < 0.6 and high > low
    with pytest.raises(ValueError, match="expected shape"):
        plot_group(group, axes=axes[:1])
