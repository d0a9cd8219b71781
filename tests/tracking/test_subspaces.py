"""Subspaces that turn, templates that move, similarity over trials."""

import numpy as np
import pytest
import xarray

from trialtensor.tracking import subspace_drift, template_alignment, trial_similarity


def recording(angle_deg, seed=0, n_trials=120):
    """A pattern of neurons that turns steadily by so much."""
    rng = np.random.default_rng(seed)
    first, second = np.linalg.qr(rng.normal(size=(30, 2)))[0].T
    angle = np.deg2rad(angle_deg) * np.linspace(0, 1, n_trials)[:, None]
    neurons = np.cos(angle) * first + np.sin(angle) * second
    course = 10 * np.exp(-0.5 * ((np.arange(20) - 10) / 3) ** 2)
    return neurons[:, :, None] * course + rng.normal(size=(n_trials, 30, 20))


def test_a_subspace_that_turns():
    found = subspace_drift(recording(90), n_windows=6, n_dims=1, n_null=99)
    assert found.p_value == pytest.approx(0.01)
    # From the middle of the first window to that of the last: five sixths of the turn.
    assert found.angles_deg[0, 5, 0] == pytest.approx(75, abs=4)
    assert found.overlap[0, 5] == pytest.approx(np.cos(np.deg2rad(75)) ** 2, abs=0.05)
    assert np.diag(found.overlap).min() > 0.9
    np.testing.assert_allclose(found.overlap, found.overlap.T)


def test_a_subspace_that_stays():
    p = [subspace_drift(recording(0, seed), n_windows=4, n_null=39).p_value for seed in range(15)]
    assert np.sum(np.array(p) <= 0.05) <= 3


def test_angles_are_those_of_scipy_without_noise():
    import scipy.linalg

    rng = np.random.default_rng(0)
    means = rng.normal(size=(2, 12, 9))
    X = np.repeat(means, 16, axis=0)
    found = subspace_drift(X, n_windows=2, n_dims=3, n_null=19)
    bases = [np.linalg.svd(each)[0][:, :3] for each in means]
    expected = np.rad2deg(scipy.linalg.subspace_angles(*bases))[::-1]
    np.testing.assert_allclose(found.angles_deg[0, 1], expected, atol=1e-4)


def test_templates_show_when_the_pattern_moves():
    X = recording(0)
    X[70:] = X[70:, ::-1]
    found = template_alignment(X, np.arange(20), np.arange(100, 120))
    assert found.shift[:70].max() < found.shift[70:].min()


def test_templates_are_the_baseline_and_the_block_of_learning():
    X = recording(0)
    X[70:] = X[70:, ::-1]
    labels = np.repeat(["baseline", "learning", "washout"], [70, 30, 20])
    found = template_alignment(X, labels=labels)
    given = template_alignment(X, np.arange(70), np.arange(70, 100))
    np.testing.assert_array_equal(found.shift, given.shift)
    assert found.blocks == ("baseline", "learning") and given.blocks == (None, None)
    assert found.late_trials.tolist() == list(range(70, 100))
    other = template_alignment(X, np.arange(20), labels=labels, learning_block="washout")
    assert other.blocks == (None, "washout") and other.early_trials.tolist() == list(range(20))
    named = xarray.DataArray(X, {"block": ("trial", labels)}, ("trial", "neuron", "time"))
    np.testing.assert_array_equal(template_alignment(named, labels="block").shift, found.shift)


def test_a_trial_is_not_in_its_own_template():
    X = np.random.default_rng(0).normal(size=(60, 10, 10))
    found = template_alignment(X, np.arange(10), np.arange(50, 60))
    assert abs(found.early[:10].mean()) < 0.1
    X[5, 2:] = np.nan
    X[7] = np.nan
    found = template_alignment(X, np.arange(10), np.arange(50, 60))
    assert np.isnan(found.early[7])
    assert np.isfinite(found.early[5])


def test_similarity_shows_two_states_and_no_noise():
    X = recording(0)
    X[60:] = X[60:, ::-1]
    similarity, windows = trial_similarity(X, n_windows=6)
    assert windows[:, 0].tolist() == [0, 20, 40, 60, 80, 100]
    assert similarity[:3, :3].min() > 0.5 > -0.5 > similarity[:3, 3:].max()
    noise, _ = trial_similarity(np.random.default_rng(0).normal(size=(60, 20, 20)), n_windows=6)
    assert np.abs(np.diag(noise) + 0.2).max() < 0.35


def test_what_is_refused():
    X = recording(0, n_trials=40)
    with pytest.raises(ValueError, match="X: expected at least 80 trials for 10 windows, got 40"):
        subspace_drift(X)
    with pytest.raises(ValueError, match="n_dims: expected fewer than the 20 neurons or times"):
        subspace_drift(X, n_windows=2, n_dims=20)
    with pytest.raises(ValueError, match="X: expected at least 80 trials for 40 windows, got 40"):
        trial_similarity(X)
    with pytest.raises(ValueError, match="early: expected at least 5 trials, got 2"):
        template_alignment(X, [0, 1], np.arange(10, 20))
    with pytest.raises(ValueError, match="labels: expected the block of each trial, or give both"):
        template_alignment(X, np.arange(10))
    with pytest.raises(ValueError, match="labels: expected a baseline and a block of learning"):
        template_alignment(X, labels=["a"] * 40)
    with pytest.raises(ValueError, match="labels: X has no trial coordinate 'block'"):
        template_alignment(X, labels="block")
    labels = np.repeat(["a", "b"], 20)
    with pytest.raises(ValueError, match=r"learning_block: expected a block after the first \(b\)"):
        template_alignment(X, labels=labels, learning_block="a")
    with pytest.raises(ValueError, match="learning_block: is for templates by labels"):
        template_alignment(X, labels == "a", labels == "b", learning_block="b")
