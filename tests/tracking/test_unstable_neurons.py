"""Neurons that change by themselves are listed, and none that change with the others."""

import numpy as np
import pytest
import xarray

from trialtensor.tracking.unstable_neurons import own_courses, unstable_neurons

K, N, T = 120, 20, 12
TIMES = np.arange(T)
BUMPS = np.stack([np.exp(-0.5 * ((TIMES - m) / 2.0) ** 2) for m in (3, 8)], axis=1)


def rates(seed=0, learning=0.0, shared=0.0):
    """Mean counts of two components on a baseline."""
    rng = np.random.default_rng(seed)
    trials = np.exp(0.2 * rng.normal(size=(K, 2)))
    trials[60:, 0] *= 1 + learning
    found = 1 + np.einsum("kr,nr,tr->knt", trials, rng.gamma(1.0, 2.0, size=(N, 2)), BUMPS)
    found[60:] *= 1 + shared
    return found


def counts(mean, seed=0):
    return np.sqrt(np.random.default_rng(seed + 100).poisson(mean))


def test_neurons_that_drop_out_or_appear_are_listed_with_their_trial():
    mean = rates()
    mean[75:, 4] *= 0.02
    mean[:31, 11] *= 0.02
    found = unstable_neurons(counts(mean)).set_index("neuron")
    assert found.index.tolist() == [4, 11]
    assert found["kind"].tolist() == ["drops out", "appears"]
    assert abs(found.loc[4, "trial"] - 75) <= 2 and abs(found.loc[11, "trial"] - 31) <= 2
    assert found.loc[4, "after"] < 0.2 < 0.8 < found.loc[4, "before"]


def test_a_drifting_neuron_is_listed_with_its_size():
    mean = rates()
    mean[:, 7] *= np.exp(np.linspace(-0.7, 0.7, K))[:, None]
    found = unstable_neurons(counts(mean))
    assert found["neuron"].tolist() == [7] and found["kind"].tolist() == ["drifts"]
    # Square roots of rates: half the exponent.
    assert found["size"][0] == pytest.approx(np.std(np.exp(np.linspace(-0.35, 0.35, K))), rel=0.3)
    assert unstable_neurons(counts(mean), least=0.5).empty


@pytest.mark.parametrize("change", [{}, {"learning": 0.8}, {"shared": 0.5}])
def test_what_neurons_do_together_is_no_instability(change):
    n_listed = [len(unstable_neurons(counts(rates(seed, **change), seed))) for seed in range(6)]
    assert sum(n_listed) <= 1


def test_noise_that_is_correlated_over_a_few_trials_is_no_instability():
    n_listed = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(K + 1, N, T))
        n_listed += len(unstable_neurons(3 + noise[1:] + 0.7 * noise[:-1]))
    assert n_listed <= 1


def test_courses_are_relative_to_what_the_others_tell():
    """Without noise: two components whose strengths any of the neurons tells."""
    rng = np.random.default_rng(3)
    X = np.einsum(
        "kr,nr,tr->knt", rng.uniform(0.5, 1.5, size=(K, 2)), rng.gamma(1.0, size=(N, 2)), BUMPS
    )
    X[:, 5] *= np.linspace(0.5, 1.5, K)[:, None]
    courses = own_courses(X, np.ones(X.shape, bool))
    np.testing.assert_allclose(courses[:, 5].mean(), 1, atol=0.05)
    slope = np.polyfit(np.arange(K), courses[:, 5], 1)[0]
    assert slope == pytest.approx(1 / (K - 1), rel=0.1)
    assert np.abs(np.delete(courses, 5, axis=1) - 1).max() < 0.15


def test_missing_entries_do_not_matter():
    mean = rates()
    mean[75:, 4] *= 0.02
    X = counts(mean)
    rng = np.random.default_rng(1)
    X[rng.random(X.shape) < 0.2] = np.nan
    X[:, 9] = np.nan
    X[20:30] = np.nan
    found = unstable_neurons(X)
    assert found["neuron"].tolist() == [4] and found["kind"].tolist() == ["drops out"]
    assert abs(found["trial"][0] - 75) <= 2
    seen = np.isfinite(X)
    masked = unstable_neurons(np.where(seen, X, 7.0), mask=seen)
    assert masked.equals(found)


def test_units_labels_and_precision():
    mean = rates()
    mean[75:, 4] *= 0.02
    X = counts(mean)
    found = unstable_neurons(X)
    assert unstable_neurons(X * 2.0**500).equals(found)
    labels = [f"unit {j}" for j in range(N)]
    labelled = xarray.DataArray(X, dims=("trial", "neuron", "time"), coords={"neuron": labels})
    assert unstable_neurons(labelled.T)["label"].tolist() == ["unit 4"]
    single = unstable_neurons(X.astype(np.float32))
    assert single[["neuron", "kind", "trial"]].equals(found[["neuron", "kind", "trial"]])


@pytest.mark.parametrize("shape", [(30, 4, 5), (20, 1, 1), (25, 2, 1)])
def test_constant_and_tiny_data(shape):
    assert unstable_neurons(np.ones(shape)).empty
    assert unstable_neurons(np.zeros(shape)).empty
    noise = np.random.default_rng(0).normal(size=shape)
    assert list(unstable_neurons(1 + 1e-3 * noise)) == [
        "neuron", "label", "kind", "trial", "before", "after", "size", "p_value", "p_adjusted",
    ]  # fmt: skip


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="X: expected at least 20 trials, got 10"):
        unstable_neurons(np.ones((10, 3, 4)))
    with pytest.raises(ValueError, match="alpha"):
        unstable_neurons(np.ones((30, 3, 4)), alpha=0)
    with pytest.raises(ValueError, match="least"):
        unstable_neurons(np.ones((30, 3, 4)), least=-1)
