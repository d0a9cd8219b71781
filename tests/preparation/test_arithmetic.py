"""Each transformer against its formula, written out, or another library."""

import numpy as np
import pytest
import xarray
from scipy.ndimage import gaussian_filter1d
from sklearn.preprocessing import StandardScaler

from trialtensor.preparation import (
    SelectNeurons,
    Smooth,
    SoftNormalize,
    SquareRoot,
    SubtractBaseline,
    SubtractConditionMean,
    ZScore,
)

RNG = np.random.default_rng(1)
X = RNG.normal(size=(8, 5, 40))


def test_smooth_is_scipy_inside_and_a_weighted_mean_everywhere():
    found = Smooth(2, unit="bins").fit_transform(X)
    np.testing.assert_allclose(found[..., 8:-8], gaussian_filter1d(X, 2, axis=-1)[..., 8:-8])
    with_gaps = np.where(RNG.random(X.shape) < 0.2, np.nan, X)
    found = Smooth(1.5, unit="bins").fit_transform(with_gaps)
    for k, n, t in [(0, 0, 0), (3, 2, 20), (7, 4, 39), (5, 1, 37)]:
        near = np.arange(max(t - 6, 0), min(t + 7, 40))
        values = with_gaps[k, n, near]
        weights = np.where(np.isnan(values), 0, np.exp(-0.5 * ((near - t) / 1.5) ** 2))
        expected = np.sum(weights * np.nan_to_num(values)) / weights.sum()
        if not np.isnan(with_gaps[k, n, t]):
            assert found[k, n, t] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(with_gaps))


def test_smooth_fills_only_within_reach():
    one = np.array([[[1.0, np.nan, 3.0, *[np.nan] * 20]]])
    found = Smooth(1, unit="bins", fill=True).fit_transform(one)[0, 0]
    assert found[1] == pytest.approx(2)
    assert np.isfinite(found[:7]).all() and np.isnan(found[7:]).all()
    np.testing.assert_array_equal(Smooth(0, unit="bins").fit_transform(one), one)


def test_smooth_in_seconds_uses_the_step_of_the_data():
    labelled = xarray.DataArray(
        X, dims=("trial", "neuron", "time"), coords={"time": 0.02 * np.arange(40)}
    )
    np.testing.assert_allclose(
        Smooth(0.05).fit_transform(labelled), Smooth(2.5, unit="bins").fit_transform(X), rtol=1e-9
    )
    with pytest.raises(ValueError, match=r"^unit: a width in seconds needs"):
        Smooth(0.05).fit(labelled.assign_coords(time=20 * np.arange(40)))  # milliseconds?
    uneven = labelled.assign_coords(time=np.arange(40.0) ** 2)
    with pytest.raises(ValueError, match=r"^X: expected bins of one width"):
        Smooth(0.05).fit(uneven)


def test_anscombe_has_variance_one():
    counts = RNG.poisson(8, (50, 4, 100))
    assert SquareRoot("anscombe").fit_transform(counts).var() == pytest.approx(1, abs=0.03)
    assert SquareRoot().fit_transform(counts).var() == pytest.approx(0.25, abs=0.02)


def test_the_root_of_a_prediction_below_zero_counts_as_zero():
    roots = SquareRoot().fit(np.ones((1, 1, 2)))
    assert roots.inverse_transform(np.array([[[-0.5, 2.0]]])).tolist() == [[[0.0, 4.0]]]


def test_zscore_is_standard_scaler_of_samples_by_neurons():
    flat = StandardScaler().fit(X[:5].transpose(0, 2, 1).reshape(-1, 5))
    expected = flat.transform(X[5:].transpose(0, 2, 1).reshape(-1, 5))
    found = ZScore().fit(X[:5]).transform(X[5:])
    np.testing.assert_allclose(found.transpose(0, 2, 1).reshape(-1, 5), expected)


def test_zscore_of_a_constant_neuron_and_of_one_never_observed():
    values = X.copy()
    values[:, 0], values[:, 1] = 0.1, np.nan
    scores = ZScore().fit(values)
    found = scores.transform(values)
    assert (found[:, 0] == 0).all() and np.isnan(found[:, 1]).all()
    assert (scores.inverse_transform(found)[:, 0] == 0.1).all()


def test_soft_normalize():
    values = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
    found = SoftNormalize(2.0).fit(values)
    expected = np.nanmax(values, axis=(0, 2)) - np.nanmin(values, axis=(0, 2))
    np.testing.assert_allclose(found.range_, expected)
    np.testing.assert_allclose(found.transform(values), values / (expected + 2)[:, None])
    labels = np.tile(["a", "b"], 4)
    means = np.stack([np.nanmean(values[labels == each], axis=0) for each in "ab"])
    np.testing.assert_allclose(
        SoftNormalize(2.0, by=labels).fit(values).range_,
        np.nanmax(means, axis=(0, 2)) - np.nanmin(means, axis=(0, 2)),
    )
    silent = SoftNormalize(0.0).fit_transform(np.zeros((3, 2, 4)))
    assert (silent == 0).all()


def test_baseline_is_that_of_the_window():
    times = 0.1 * np.arange(40) - 1
    labelled = xarray.DataArray(X, dims=("trial", "neuron", "time"), coords={"time": times})
    own = SubtractBaseline((-1.05, -0.45)).fit_transform(labelled)
    np.testing.assert_allclose(own, X - X[:, :, :6].mean(axis=2, keepdims=True))
    of_all = SubtractBaseline((-1.05, -0.45), each="neuron").fit_transform(labelled)
    np.testing.assert_allclose(of_all, X - X[:, :, :6].mean(axis=(0, 2))[:, None])
    gone = labelled.copy(data=np.where(np.arange(8)[:, None, None] == 2, np.nan, X))
    gone[2, :, 20:] = 1.0
    found = SubtractBaseline((-1.05, -0.45)).fit_transform(gone)
    assert np.isnan(found[2]).all(), "a trial without its baseline"
    with pytest.raises(ValueError, match=r"coordinate 'baseline' .* there is none"):
        SubtractBaseline((0, 3)).fit(X).inverse_transform(X)


def test_condition_means_of_new_trials_are_those_of_the_fit():
    labels = np.array(["a", "b", "a", "b", "a", "b", "b", "a"])
    labelled = xarray.DataArray(
        X, dims=("trial", "neuron", "time"), coords={"side": ("trial", labels)}
    )
    found = SubtractConditionMean("side").fit(labelled[:6])
    assert found.conditions_ == ["a", "b"]
    expected = X[6:] - np.stack([X[[1, 3, 5]].mean(axis=0), X[[0, 2, 4]].mean(axis=0)])
    np.testing.assert_allclose(found.transform(labelled[6:]), expected)
    other = labelled[6:].assign_coords(side=("trial", ["a", "c"]))
    with pytest.raises(ValueError, match=r"^by: 1 of 2 trials are of conditions without a mean"):
        found.transform(other)
    with pytest.raises(ValueError, match=r"^X: expected the 40 time bins of the fit, got 30"):
        found.transform(labelled[:, :, :30])
    np.testing.assert_allclose(SubtractConditionMean().fit_transform(X), X - X.mean(axis=0))


def test_neurons_by_rate_presence_and_labels():
    counts = np.zeros((10, 4, 50))
    counts[:, 1, ::10] = 1  # 5 spikes in 1 s
    counts[:, 2] = 1
    counts[:6, 3] = np.nan
    labelled = xarray.DataArray(
        counts,
        dims=("trial", "neuron", "time"),
        coords={
            "time": 0.02 * np.arange(50),
            "neuron": [7, 8, 9, 10],
            "region": ("neuron", ["M1", "S1", "S1", None]),
        },
    )

    def kept(**limits):
        return SelectNeurons(**limits).fit(labelled).get_support(indices=True).tolist()

    assert kept(min_rate=5) == [1, 2] and kept(min_rate=5.001) == [2]
    assert kept(max_rate=5) == [0, 1, 3] and kept(min_rate=1, max_rate=10) == [1]
    assert kept(min_mean=0.1, max_mean=0.5) == [1]
    assert kept(min_presence=0.5) == [0, 1, 2] and kept(min_presence=0.4) == [0, 1, 2, 3]
    assert kept(where={"region": "S1"}) == [1, 2]
    assert kept(where={"region": ["S1", "M1"], "neuron": (7, 9)}) == [0, 2]
    some = SelectNeurons(where={"region": "S1"}).fit(labelled)
    assert some.get_feature_names_out().tolist() == ["8", "9"]
    whole = some.inverse_transform(some.transform(labelled))
    assert whole["neuron"].to_numpy().tolist() == [7, 8, 9, 10]
    np.testing.assert_array_equal(whole[:, 1:3], labelled[:, 1:3])
    assert np.isnan(whole[:, [0, 3]]).all()
