"""What the figures of results show is what the results say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.other_kinds import models
from tests.plotting import results
from tests.plotting.geometry import points_of
from trialtensor import Parafac2, make_parafac2, plotting
from trialtensor.plotting.above import in_rows
from trialtensor.plotting.blocks import shifts
from trialtensor.plotting.columns import columns
from trialtensor.plotting.dynamics import rotations


def test_blocks_show_patterns_and_their_cosines():
    model = models("labelled")["Parafac2"]
    axes = plotting.plot_blocks(model, components=[1], group_neurons_by=None)
    patterns = model.neuron_factors_[:, :, 1]
    assert_allclose(np.ma.filled(axes[0, 0].images[0].get_array()), patterns)
    unit = patterns / np.linalg.norm(patterns, axis=1, keepdims=True)
    assert_allclose(np.ma.filled(axes[0, 1].images[0].get_array()), unit @ unit.T, atol=1e-12)


def test_blocks_of_other_neurons_are_not_compared():
    X = make_parafac2(n_trials=8, n_neurons=(7, 9, 6), snr=3.0, random_state=0).X
    model = Parafac2(1, n_init=1, random_state=0).fit(X)
    assert plotting.plot_blocks(model).shape == (1, 1)


def test_shifts_of_time_courses():
    time = np.arange(30)
    starts = np.array([8, 10, 13, 13])
    courses = np.exp(-0.5 * ((time - starts[:, None]) / 2.0) ** 2)
    neurons = np.random.default_rng(0).gamma(2.0, size=8)
    X = np.repeat(courses[:, None, :] * neurons[:, None], 6, axis=0)
    model = Parafac2(1, varying="time", smoothness=0, n_init=1, random_state=0).fit(
        X + 0.01 * np.random.default_rng(1).normal(size=X.shape), blocks=np.repeat(range(4), 6)
    )
    axes = plotting.plot_blocks(model)
    assert axes.shape == (1, 3)
    (column,) = (each for each in columns(model.fitted_) if each.by_block)
    found = shifts(column, model.fitted_.components[0], 0.01 * time)
    assert_allclose(np.diff(found), 0.01 * np.diff(starts), atol=1e-9)


def test_shares_are_written_in_percent():
    model = models("labelled")["CoupledTCA"]
    ax = plotting.plot_shares(model, components=[2, 0], datasets=["cerebellum", "cortex"])
    written = {
        tuple(np.round(text.get_position()).astype(int)): text.get_text() for text in ax.texts
    }
    shares = model.shares_[[1, 0]][:, [2, 0]]
    assert written == {
        (column, row): f"{100 * share:.0f}"
        for (row, column), share in np.ndenumerate(shares)
        if share
    }


def test_rotation_is_in_cycles():
    values = 0.9 * np.exp(2j * np.pi * np.array([[0.1, -0.1, 0.0], [0.2, -0.2, 0.5]]))
    assert_allclose(rotations(values)[:, 0], [0.1, 0.2])
    assert np.isnan(rotations(values)[:, 1:]).all()  # neither a mirror image nor a sign that flips
    model = models("labelled")["TrialVaryingDynamics"]
    radius, _ = plotting.plot_dynamics(model)
    assert_allclose(radius.lines[-1].get_ydata(), model.spectral_radius_)
    with pytest.raises(ValueError, match="intervals: expected those of 24 trials, got 2"):
        plotting.plot_dynamics(model, intervals=_Intervals())


class _Intervals:
    spectral_radius = np.zeros((2, 2))


def test_rates_are_data_states_and_their_sum():
    fit, one = results.rates()
    ax = plotting.plot_rates(fit, results.Y, results.P)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert_allclose(lines["fast"] + lines["slow"], lines["net: fast + slow"])
    assert_allclose(lines["net: fast + slow"], fit.predicted)
    lines = {
        line.get_label(): line for line in plotting.plot_rates(one, results.Y, results.P).lines
    }
    assert "slow" not in lines
    assert_allclose(lines["one rate"].get_ydata(), one.predicted)
    with pytest.raises(ValueError, match=r"^y: expected the 60 trials of the fit"):
        plotting.plot_rates(fit, results.Y[:-1], results.P)


def test_relation_names_the_lead_and_needs_both_series():
    found = results.relation()
    (ax,) = plotting.plot_relation(found)
    assert ax.get_title(loc="left") == "Component leads by 3 trials (2 to 5): r = 1.00, p ≤ 0.02"
    assert ax.lines[1].get_xdata()[0] == 3
    with pytest.raises(ValueError, match=r"^component: give it together with behaviour"):
        plotting.plot_relation(found, behaviour=results.Y)
    with pytest.raises(ValueError, match=r"^behaviour: expected 60 trials as in component, got 59"):
        plotting.plot_relation(found, component=results.Y, behaviour=results.Y[1:])


def test_learning_names_the_best_and_the_odds_of_others():
    ax = plotting.plot_learning(results.learning(), results.Y)
    assert (
        ax.get_title(loc="left")
        == "Two-exponential: time constants 3 (0 to 6) and 40 (20 to ∞) trials"
    )
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[1:3] == ["two-exponential", "exponential (log odds −1.0)"]


def test_contrasts_fill_what_is_significant():
    found = results.contrasts()
    _, ax = plotting.plot_contrasts(found)
    filled = [
        line.get_markerfacecolor() != "white" for line in ax.lines if line.get_marker() == "o"
    ]
    kept = np.sort(np.argsort(found.contrasts["p_adjusted"], kind="stable")[:15])
    assert filled == (found.contrasts["p_adjusted"].iloc[kept] <= 0.05).tolist()
    assert "(15 of 21)" in ax.get_title(loc="left")


def test_residuals_mark_and_name_what_stands_out():
    axes = plotting.plot_residuals(results.residuals())
    assert [text.get_text() for text in axes[0, 0].texts] == [
        "7",
        "40",
    ]  # 8 and 9 would overprint 7
    assert axes[0, 0].collections[-1].get_offsets().shape == (4, 2)


def test_bootstrap_has_the_intervals():
    found = results.bootstrapped()
    axes = plotting.plot_bootstrap(found, components=[1])
    ends = [path.vertices[:, 1] for path in axes[0, 0].collections[-1].get_paths()]
    assert_allclose(np.transpose(ends), found.interval("neuron_factors")[:, :, 1])
    assert [ax.get_xlabel() for ax in axes[0]] == ["neuron", "time bin", "trial"]
    timed = plotting.plot_bootstrap(found, model=models("labelled")["TCA"])
    assert timed[1, 1].get_xlabel() == "time (s)"
    assert_allclose(timed[0, 1].lines[-1].get_xdata(), np.linspace(-0.2, 0.5, 15))


@pytest.mark.parametrize("name", ["component test", "learning", "rates", "restarts", "templates"])
def test_no_point_lies_under_a_legend(name):
    draw, _ = results.FIGURES[name]
    ax = np.ravel(np.asarray(draw(None), dtype=object))[0]
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    x, y = points_of(ax).T
    assert not ((box.x0 < x) & (x < box.x1) & (box.y0 < y) & (y < box.y1)).any()


def test_names_share_rows_only_where_they_fit():
    rng = np.random.default_rng(0)
    at, wide = rng.uniform(0, 300, size=40), rng.uniform(5, 120, size=40)
    centres, rows = in_rows(at, wide, 300.0)
    assert (centres - wide / 2 >= -1e-9).all() and (centres + wide / 2 <= 300 + 1e-9).all()
    for row in range(rows.max() + 1):
        order = np.argsort(centres[rows == row])
        left = (centres - wide / 2)[rows == row][order]
        right = (centres + wide / 2)[rows == row][order]
        assert (left[1:] > right[:-1]).all()
