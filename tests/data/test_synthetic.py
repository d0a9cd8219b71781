import numpy as np
import pytest

from trialtensor.data import make_slicetca, make_tca

SIZES = {"n_trials": 30, "n_neurons": 12, "n_times": 20}


def cosines(factor):
    unit = factor / np.linalg.norm(factor, axis=0)
    return (unit.T @ unit)[np.triu_indices(factor.shape[1], 1)]


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("collinearity", [0.0, 0.5, 0.95])
def test_tca_signal_is_the_sum_of_its_components(nonnegative, collinearity):
    data = make_tca(
        **SIZES, n_components=4, nonnegative=nonnegative, collinearity=collinearity, random_state=3
    )
    trial, neuron, time = data.factors
    assert [f.shape for f in data.factors] == [(30, 4), (12, 4), (20, 4)]
    expected = sum(trial[:, r, None, None] * neuron[:, r, None] * time[:, r] for r in range(4))
    np.testing.assert_allclose(data.signal, expected, atol=1e-12)
    np.testing.assert_allclose(cosines(trial), collinearity, atol=1e-10)
    np.testing.assert_allclose(np.mean(data.signal**2), 1)
    assert np.linalg.matrix_rank(data.signal.reshape(30, -1)) == 4
    assert nonnegative == all((factor >= 0).all() for factor in data.factors)


@pytest.mark.parametrize("snr", [0.1, 1, 25])
@pytest.mark.parametrize("make", [make_tca, make_slicetca])
def test_noise_has_the_power_asked_for(make, snr):
    data = make(**SIZES, snr=snr, random_state=0)
    noise = data.X - data.signal
    np.testing.assert_allclose(np.sum(data.signal**2) / np.sum(noise**2), snr)


@pytest.mark.parametrize("make", [make_tca, make_slicetca])
def test_no_noise(make):
    data = make(**SIZES, snr=np.inf, random_state=0)
    np.testing.assert_array_equal(data.X, data.signal)
    assert data.mask is None


@pytest.mark.parametrize("make", [make_tca, make_slicetca])
def test_missing_entries_are_nan_where_the_mask_says(make):
    data = make(**SIZES, missing="entries", missing_fraction=0.3, random_state=0)
    np.testing.assert_array_equal(np.isnan(data.X), ~data.mask)
    assert np.isfinite(data.signal).all()
    assert 1 - data.mask.mean() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("make", [make_tca, make_slicetca])
def test_a_seed_repeats_the_data(make):
    first, again, other = (make(**SIZES, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.X, again.X)
    assert not np.allclose(first.X, other.X)


def test_time_factors_are_smooth_and_trial_factors_slow():
    data = make_tca(100, 20, 100, 3, random_state=0)
    for factor in (data.factors[0], data.factors[2]):
        steps = np.linalg.norm(np.diff(factor, axis=0), axis=0)
        assert (steps < 0.5 * np.linalg.norm(factor, axis=0)).all()


def test_float32():
    data = make_tca(**SIZES, dtype=np.float32, missing="tracked", random_state=0)
    assert {a.dtype for a in (data.X, data.signal, *data.factors)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("n_components", [(2, 3, 2), (1, 0, 0), (0, 12, 20)])
def test_slicetca_signal_is_the_sum_of_its_components(n_components):
    data = make_slicetca(**SIZES, n_components=n_components, random_state=0)
    expected = np.zeros((30, 12, 20))
    for axis, (loadings, slices) in enumerate(zip(data.loadings, data.slices, strict=True)):
        assert loadings.shape == (expected.shape[axis], n_components[axis])
        for loading, piece in zip(loadings.T, slices, strict=True):
            expected += np.moveaxis(np.multiply.outer(loading, piece), 0, axis)
    np.testing.assert_allclose(data.signal, expected, atol=1e-12)
    np.testing.assert_allclose(np.mean(data.signal**2), 1)


def test_slicetca_slices_are_no_cp_components():
    data = make_slicetca(**SIZES, n_components=(1, 1, 1), random_state=0)
    assert [np.linalg.matrix_rank(slices[0]) for slices in data.slices] == [4, 4, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_components": 31}, "n_components: expected 1 to n_trials = 30, got 31"),
        ({"collinearity": 1.0}, r"collinearity: expected a number in \[0, 1\), got 1.0"),
        ({"snr": 0}, "snr: expected a number above 0, got 0"),
        (
            {"missing": "rows"},
            "missing: expected one of 'entries', 'blocks', 'tracked', 'trial_length'",
        ),
        ({"missing": "entries", "missing_fraction": 1}, r"fraction: expected a number in \[0, 1"),
    ],
)
def test_wrong_arguments_of_tca(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_tca(**SIZES, **arguments)


@pytest.mark.parametrize("n_components", [(0, 0, 0), (1, -1, 1), (1, 1), (1, 13, 1)])
def test_wrong_numbers_of_slices(n_components):
    with pytest.raises(ValueError, match="n_components: expected"):
        make_slicetca(**SIZES, n_components=n_components)
