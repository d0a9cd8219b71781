import numpy as np
import pytest
import xarray

from trialtensor.data import TRANSFORMS, transform_values


@pytest.fixture
def counts():
    return np.random.default_rng(0).poisson(3, size=(6, 5, 4))


def test_sqrt_and_log1p(counts):
    small = counts.astype(np.uint8)
    np.testing.assert_array_equal(transform_values(small, "sqrt"), np.sqrt(counts))
    np.testing.assert_array_equal(transform_values(small, "log1p"), np.log1p(counts))
    assert transform_values(small, "sqrt").dtype == np.float64


def test_none_keeps_everything(counts):
    np.testing.assert_array_equal(transform_values(counts, "none"), counts)
    assert transform_values(counts, "none").dtype == counts.dtype


def test_zscore_is_per_neuron_over_what_was_observed(counts):
    X = counts * np.array([1.0, 10, 100, 1000, 1e-6])[:, None] + 5
    X[0, 1] = X[:, 2, 3] = np.nan
    z = transform_values(X, "zscore")
    np.testing.assert_array_equal(np.isnan(z), np.isnan(X))
    np.testing.assert_allclose(np.nanmean(z, axis=(0, 2)), 0, atol=1e-8)
    np.testing.assert_allclose(np.nanstd(z, axis=(0, 2)), 1)


def test_zscore_of_constant_and_unobserved_neurons(counts):
    X = counts.astype(float)
    X[:, 0], X[:, 1] = 0.1, np.nan
    z = transform_values(X, "zscore")
    assert (z[:, 0] == 0).all()
    assert np.isnan(z[:, 1]).all()
    np.testing.assert_allclose(z[:, 2:].std(axis=(0, 2)), 1)


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_float32_labels_and_input_are_kept(counts, kind):
    values = counts.transpose(1, 0, 2).astype(np.float32)
    values[0, 0, 0] = np.nan
    before = values.copy()
    given = xarray.DataArray(
        values, dims=("unit", "trial", "bin"), coords={"phase": ("trial", list("aabbcc"))}
    )
    result = transform_values(given, kind)
    assert result.dims == ("trial", "neuron", "time")
    assert result.dtype == np.float32
    assert result["phase"].to_numpy().tolist() == list("aabbcc")
    assert result.isnull().sum() == 1
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("kind", ["sqrt", "log1p"])
def test_negative_values_are_refused(counts, kind):
    X = counts.astype(float)
    X[0, 0, :2] = -1.5
    X[1, 1, 1] = np.nan
    with pytest.raises(ValueError) as caught:
        transform_values(X, kind)
    assert f"transform: '{kind}' needs values that are not negative, but 2 of 120 are" in str(
        caught.value
    )
    assert "(least: -1.5)" in str(caught.value)


def test_an_unknown_transform_is_refused(counts):
    with pytest.raises(
        ValueError, match="transform: expected one of 'none', 'sqrt', 'log1p', 'zscore', g"
    ):
        transform_values(counts, "cube")
