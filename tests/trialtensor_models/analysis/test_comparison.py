"""A recording beside a simulation."""

import numpy as np
import pytest
import scipy.stats
import xarray

from benchmarks.uncertainty import false_alarms
from trialtensor import make_tca
from trialtensor_models.analysis import about_conditions, compare, plot_model_comparison


@pytest.fixture(scope="module")
def halves():
    X = make_tca(90, 30, 15, 3, snr=5.0, random_state=0).X
    return X[:, :15], X[:, 15:]


def test_two_views_of_one_session_are_close(halves):
    found = compare(*halves, n_components=3)
    for name, score in found.distances.items():
        assert score.value < np.quantile(score.null, 0.05), name
        assert found.p_value(name) < 0.05
    assert len(plot_model_comparison(found).axes) == 8


def test_other_learning_is_not(halves):
    other = make_tca(120, 20, 10, 3, snr=5.0, random_state=7).X
    rng = np.random.default_rng(0)
    found = compare(halves[0], other[rng.permutation(120)], n_components=3)
    assert all(found.p_value(name) > 0.05 for name in found.distances)


@pytest.mark.slow
def test_unrelated_drifts_are_no_closer_than_their_null():
    found = np.mean([false_alarms("random walks", seed) for seed in range(60)], axis=0)
    # Shuffled places find most of them. 60 sessions: up to 9 at the 5 % level.
    assert (found <= scipy.stats.binom.ppf(0.999, 60, 0.05) / 60).all()


def test_same_session_has_no_distance_and_missing_trials_do_not_matter(halves):
    X = halves[0].copy()
    X[5, :, 8:] = np.nan
    found = compare(X, X, n_components=3)
    assert [score.value for score in found.distances.values()] == pytest.approx([0, 0], abs=1e-9)


def test_both_are_prepared(halves):
    seen = []
    compare(*halves, n_components=2, n_shuffles=5, prepare=lambda X: seen.append(X.shape) or X)
    assert seen == [(90, 15, 15)] * 2


def test_too_few_trials(halves):
    with pytest.raises(ValueError, match="simulation: expected at least 60 trials, got 30"):
        compare(halves[0], halves[1][:30])


def test_means_of_conditions_are_gone(halves):
    target = np.arange(90) % 3
    dims = ("trial", "neuron", "time")
    X = xarray.DataArray(halves[0], dims=dims, coords={"target": ("trial", target)})
    about = about_conditions(X, "target")
    np.testing.assert_allclose(about.groupby("target").mean("trial"), 0, atol=1e-12)
    np.testing.assert_array_equal(X.values, halves[0])
    with pytest.raises(ValueError, match=r"condition: expected a coordinate of trials, \['target'"):
        about_conditions(X, "aim")
