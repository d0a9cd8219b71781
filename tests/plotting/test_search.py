import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from tests.made_searches import NOISE, TRIPLES, TYPICAL, made_profile, made_search
from trialtensor.plotting import plot_search, search_grid
from trialtensor.plotting.candidates import MAX_TRIPLES, candidates, count_text
from trialtensor.plotting.colors import ACCENT


def draw(search, profile=None):
    axes = plot_search(search, profile, axes=search_grid(search, profile, figure=Figure()))
    axes[0].figure.draw_without_rendering()
    return axes


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def key(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_means_splits_and_choices_are_where_they_belong():
    search = made_search(TYPICAL)
    error, close_up = draw(search)
    mean = search.table_["error"].to_numpy()
    drawn = [line.get_ydata() for line in error.lines if len(line.get_ydata()) == 5]
    assert any(np.allclose(each, mean) for each in drawn)
    for split in np.array(list(TYPICAL.values())).T:
        assert any(np.allclose(each, split) for each in drawn)
    assert lines(error)["lowest error"].get_xdata() == [3]
    assert lines(error)["fewest within 1 SE"].get_xdata() == [2]
    assert "chosen: 3" in key(error)
    above = [line.get_ydata() for line in close_up.lines if len(line.get_ydata()) == 5]
    assert any(np.allclose(each, search.table_["above_best"]) for each in above)


def test_what_is_near_the_best_is_filled():
    search = made_search(TYPICAL)
    error, _ = draw(search)
    filled = [c for c in error.containers if c.get_label().endswith("within 1 SE of the best")]
    (points,) = filled
    assert points.lines[0].get_xdata().tolist() == [2, 3]
    assert to_rgba(points.lines[0].get_markerfacecolor()) == to_rgba(ACCENT)


@pytest.mark.parametrize("errors, n_axes", [(TYPICAL, 4), (TRIPLES, 3)])
def test_panels_for_what_is_known(errors, n_axes):
    search = made_search(errors)
    assert len(draw(search)) == 2
    profile = made_profile(dict.fromkeys(errors, 0.9))
    axes = draw(search, profile)
    assert len(axes) == n_axes
    corrected = lines(axes[2])["corrected"]
    assert_allclose(corrected.get_ydata(), 0.9)
    assert all(ax.get_ylabel() for ax in axes) and "components" in axes[-1].get_xlabel()


def test_values_beyond_the_edge_are_arrows():
    search = made_search(TYPICAL)
    profile = made_profile({1: 1.0, 2: -3.0, 3: 0.9, 4: 0.5, 5: 0.2}, core_consistency=-700.0)
    axes = draw(search, profile)
    arrows = [line for line in axes[2].lines if line.get_marker() == "v"]
    assert [line.get_xdata().tolist() for line in arrows] == [[1]]
    assert "below −25 %" in key(axes[3])
    assert axes[3].get_ylim()[0] > -50


def test_where_nothing_generalises_nothing_is_chosen():
    axes = draw(made_search(NOISE))
    assert "no better than without components" in axes[0].get_title(loc="left")
    assert not any("chosen" in name for name in key(axes[0]))


def test_one_split_has_no_errors():
    axes = draw(made_search({1: (0.5,), 2: (0.4,)}))
    assert not any("SE" in name and "mean" in name for name in key(axes[0]))


def test_of_many_triples_the_best_are_drawn():
    grid = list(itertools.product(range(5), range(5), range(5)))[1:]
    errors = {each: (1 - 0.01 * sum(each), 0.99 - 0.01 * sum(each)) for each in grid}
    search = made_search(errors)
    shown = candidates(search, None)
    assert len(shown.table) == MAX_TRIPLES
    assert search.n_components_ in set(shown.table["n_components"])
    worst = search.table_["error"].max()
    assert shown.table["error"].max() < worst
    assert f"of {len(grid)}, the {MAX_TRIPLES}" in draw(search)[-1].get_xlabel()


def test_restarts_that_are_not_there_are_not_compared():
    search = made_search(TYPICAL)
    axes = draw(search, made_profile(dict.fromkeys(TYPICAL, np.nan)))
    assert [text.get_text() for text in axes[2].texts] == ["one restart: nothing to compare"]


def test_wrong_arguments():
    search = made_search(TYPICAL)
    with pytest.raises(ValueError, match=r"axes: expected 2 \(error, close-up\).*got 1"):
        plot_search(search, axes=Figure().subplots())
    with pytest.raises(ValueError, match="profile: expected one of the candidates"):
        plot_search(search, made_profile({9: 1.0}))


def test_counts_as_they_are_typed():
    assert count_text(np.int64(3)) == "3" and count_text((0, 2, 1)) == "0,2,1"


def test_no_panel_for_a_consistency_that_no_candidate_has():
    profile = made_profile(dict.fromkeys(TYPICAL, 0.9), core_consistency=np.nan)
    axes = draw(made_search(TYPICAL), profile)
    assert len(axes) == 3 and axes[2].get_ylabel().startswith("stability")


def test_the_axis_says_what_is_counted():
    label = draw(made_search(TRIPLES))[-1].get_xlabel()
    assert "components (trial-slicing, neuron-slicing, time-slicing)" in label
    assert draw(made_search(TYPICAL))[-1].get_xlabel() == "components"
