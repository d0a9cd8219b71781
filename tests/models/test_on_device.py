"""Models of arrays of other libraries, with torch's on the processor as if on a device."""

import warnings

import numpy as np
import pytest

from trialtensor import TCA, SliceTCA, make_tca, models
from trialtensor.data import elsewhere
from trialtensor.solvers.passes.on_device import DevicePasses

torch = pytest.importorskip("torch")

QUICK = {"n_init": 2, "random_state": 0}


@pytest.fixture(scope="module")
def X():
    return make_tca(40, 20, 30, 3, snr=5.0, random_state=0).X


@pytest.fixture
def on_device(monkeypatch):
    monkeypatch.setattr(elsewhere, "_is_on_device", lambda X: True)
    monkeypatch.setattr(models.elsewhere, "SMALL", 0)


def test_tensors_on_the_processor_are_fitted_as_they_are(X):
    own, expected = (TCA(3, **QUICK).fit(data) for data in (torch.asarray(X), X))
    np.testing.assert_array_equal(own.trial_factors_, expected.trial_factors_)
    assert own.loss_ == expected.loss_


@pytest.mark.usefixtures("on_device")
class TestOnDevice:
    @pytest.mark.parametrize("dtype, rel", [("float64", 1e-10), ("float32", 1e-5)])
    @pytest.mark.parametrize("nonnegative", [False, True])
    def test_the_same_fit_as_in_memory(self, X, dtype, rel, nonnegative):
        X = (np.abs(X) if nonnegative else X).astype(dtype)
        model = TCA(3, nonnegative=nonnegative, **QUICK)
        expected, in_memory = model.fit(X).loss_, model.trial_factors_
        assert model.fit(torch.asarray(X)).loss_ == pytest.approx(expected, rel=rel)
        assert isinstance(model.trial_factors_, np.ndarray)
        assert model.trial_factors_.dtype == X.dtype
        np.testing.assert_allclose(model.trial_factors_, in_memory, atol=100 * rel)

    def test_counts_are_fitted_without_a_copy_as_floats(self, X):
        counts = np.random.default_rng(0).poisson(np.abs(X)).astype("uint8")
        model = TCA(2, **QUICK)
        expected = model.fit(counts).loss_
        assert model.fit(torch.asarray(counts)).loss_ == pytest.approx(expected, rel=1e-5)

    def test_features_are_tensors_where_the_data_is(self, X):
        model, new = TCA(3, **QUICK).fit(X), X[:7]
        found = model.transform(torch.asarray(new))
        assert isinstance(found, torch.Tensor)
        np.testing.assert_allclose(found.numpy(), model.transform(new), rtol=1e-9, atol=1e-9)
        assert model.score(torch.asarray(new)) == pytest.approx(model.score(new), rel=1e-9)

    def test_new_trials_with_missing_entries_and_unknown_neurons(self, X):
        gappy = X.copy()
        gappy[:, 4] = np.nan
        with pytest.warns(UserWarning, match="neuron"):
            model = TCA(3, **QUICK).fit(gappy)
        for new in (X[:5], np.where(np.arange(30) % 7 == 2, np.nan, X[:5])):
            found = model.transform(torch.asarray(new))
            np.testing.assert_allclose(found.numpy(), model.transform(new), rtol=1e-9, atol=1e-9)

    @pytest.mark.parametrize("gaps", ["cells", "times", "entries", "empty"])
    def test_missing_entries(self, X, gaps):
        rng = np.random.default_rng(1)
        shapes = {"cells": (40, 20, 1), "times": (40, 1, 30), "entries": X.shape}
        gappy = np.where(rng.random(shapes.get(gaps, X.shape)) < 0.1, np.nan, X)
        if gaps == "empty":
            gappy[3], gappy[:, 5], gappy[:, :, 7] = np.nan, np.nan, np.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected, found = (TCA(3, **QUICK).fit(data) for data in (gappy, torch.asarray(gappy)))
        assert found.loss_ == pytest.approx(expected.loss_, rel=1e-9)
        np.testing.assert_allclose(found.time_factors_, expected.time_factors_, atol=1e-5)
        assert found.data_summary_["n_observed"] == expected.data_summary_["n_observed"]

    def test_slice_features(self, X):
        model = SliceTCA((1, 1, 0), **QUICK).fit(X)
        found = model.transform(torch.asarray(X[:6]))
        assert isinstance(found, torch.Tensor)
        np.testing.assert_array_equal(found.numpy(), model.transform(X[:6]))

    @pytest.mark.parametrize(
        "spoil, message",
        [
            (lambda X: X[0], r"expected \(n_trials, n_neurons, n_times\)"),
            (lambda X: X.to(torch.complex64), "expected real numbers"),
            (lambda X: X / 0, "infinite values"),
            (lambda X: X * torch.nan, "missing"),
            (lambda X: X * 0, "every observed value is zero"),
            (lambda X: X[:0], "has length 0"),
        ],
    )
    def test_what_cannot_be_fitted(self, X, spoil, message):
        with pytest.raises(ValueError, match=message):
            TCA(2).fit(spoil(torch.asarray(X)))

    def test_other_neurons_than_those_of_the_fit(self, X):
        model = TCA(2, **QUICK).fit(X)
        with pytest.raises(ValueError, match="fitted to 20 neurons x 30 time bins, got 19 x 30"):
            model.transform(torch.asarray(X[:, 1:]))

    def test_data_on_a_device_without_float64_is_brought_to_memory(self, X, monkeypatch):
        for place in (models.elsewhere, models.new_trials):
            monkeypatch.setattr(place, "adds_in_double", lambda X: False)
        monkeypatch.setattr(DevicePasses, "run", None)
        model, data = TCA(2, **QUICK), torch.asarray(X)
        assert model.fit(data).loss_ == TCA(2, **QUICK).fit(X).loss_
        assert isinstance(model.transform(data), torch.Tensor)

    def test_small_data_is_brought_to_memory(self, X, monkeypatch):
        monkeypatch.setattr(models.elsewhere, "SMALL", X.size)
        monkeypatch.setattr(DevicePasses, "run", None)
        assert TCA(2, **QUICK).fit(torch.asarray(X)).loss_ == TCA(2, **QUICK).fit(X).loss_

    def test_a_mask(self, X):
        mask = np.random.default_rng(0).random(X.shape) > 0.1
        model = TCA(2, **QUICK)
        expected = model.fit(X, mask=mask).loss_
        for given in (mask, torch.asarray(mask)):
            assert model.fit(torch.asarray(X), mask=given).loss_ == pytest.approx(expected)

    def test_only_passes_read_the_data(self, X, monkeypatch):
        monkeypatch.setattr(DevicePasses, "trials", None)
        TCA(3, **QUICK).fit(torch.asarray(X))
