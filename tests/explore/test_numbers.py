"""Numbers of a page: levels, means of data, and means that the components alone give."""

import numpy as np
import pytest

import trialtensor as tt
from tests.other_kinds import BLOCKS, MeanNMF, data, models
from trialtensor.explore.means import means_with_data
from trialtensor.explore.model_means import means_of_components
from trialtensor.explore.quantised import pooled, quantised


def restored(stored):
    low, step = (np.reshape(stored[name], (-1, 1)) for name in ("low", "step"))
    values = low + step * (stored["levels"].astype(float) - 1)
    return np.where(stored["levels"] == 0, np.nan, values)


@pytest.mark.parametrize("bits, error", [(8, 1 / 500), (16, 1e-5)])
def test_levels_are_close(bits, error):
    values = np.random.default_rng(0).normal(size=(4, 50))
    values[1, 3], values[2] = np.nan, 7.0
    values[3] = np.nan
    stored = quantised(values, bits=bits, by_row=True)
    back = restored(stored)
    assert (np.isnan(back) == np.isnan(values)).all()
    assert np.nanmax(np.abs(back - values)) < error * np.nanmax(np.ptp(values[:1]))
    assert stored["levels"].dtype.itemsize == bits // 8


def test_pooling_averages_what_is_known():
    values = np.array([[1.0, 3.0, np.nan, 5.0, np.nan, np.nan]])
    assert pooled(values, 3).tolist()[0][:2] == [2.0, 5.0]
    assert np.isnan(pooled(values, 3)[0, 2])
    assert pooled(values, 9).shape == (1, 6)
    assert pooled(np.arange(7.0), 3).tolist() == [0.5, 2.5, 5.0]


@pytest.mark.parametrize("kind", ["TCA", "SliceTCA", "Parafac2", "CoupledTCA"])
def test_components_give_the_means_of_the_model(kind):
    model = models("complete")[kind]
    if kind == "CoupledTCA":
        whole = means_with_data(model, data(), None)[1]
        own = means_of_components(model.fitted_)
        places = np.asarray(model.fitted_.arrays["neuron_places"].values)
        for i, name in enumerate(model.fitted_.datasets):
            n = int((places == i).sum())
            found = own.mean("neuron", name, own.neurons[i])
            assert len(found) == n
            expected = whole.mean("neuron", None, np.flatnonzero(places == i))
            assert found == pytest.approx(expected, abs=1e-8)
        return
    told = np.asarray(model.reconstruct())
    found = means_of_components(model.fitted_)
    assert found.mean("neuron", None, np.arange(10)) == pytest.approx(told.mean(axis=0), abs=1e-8)
    assert found.mean("trial", None, np.arange(24)) == pytest.approx(told.mean(axis=1), abs=1e-8)


def test_means_are_of_what_was_observed():
    X = data("missing")
    seen, told = means_with_data(models("missing")["TCA"], X, None)
    expected = np.nanmean(X, axis=0)
    assert seen.mean("neuron", None, np.arange(10)) == pytest.approx(expected)
    model = np.where(np.isnan(X), np.nan, models("missing")["TCA"].reconstruct())
    assert told.mean("neuron", None, np.arange(10)) == pytest.approx(np.nanmean(model, axis=0))
    assert np.isnan(seen.mean("trial", None, np.array([3]))).all()


def test_data_read_in_blocks_is_averaged_alike():
    dask = pytest.importorskip("dask.array")
    model = models("complete")["TCA"]
    whole = means_with_data(model, data(), None)[0]
    read, told = means_with_data(
        model, tt.on_disk(dask.from_array(data(), chunks=(5, 10, 15))), None
    )
    assert told is None
    for axis, n in (("neuron", 10), ("trial", 24)):
        found = read.mean(axis, None, np.arange(n))
        assert found == pytest.approx(whole.mean(axis, None, np.arange(n)))


def test_other_data_is_refused():
    dask = pytest.importorskip("dask.array")
    model = models("complete")["TCA"]
    with pytest.raises(ValueError, match="X: expected the data of the fit"):
        means_with_data(model, tt.on_disk(dask.from_array(data()[:5])), None)
    with pytest.raises(ValueError, match="X: expected the data of the fit"):
        means_with_data(model, data()[:5], None)


def test_kinds_that_give_back_no_data_have_means_of_data_only():
    seen, told = means_with_data(MeanNMF(2).fit(data()), data(), None)
    assert seen is not None and told is None


def test_more_axes_are_averaged():
    X = np.random.default_rng(0).random((6, 5, 3, 4))
    model = tt.TCA(1, n_init=1, random_state=0).fit(X)
    seen, told = means_with_data(model, X, None)
    assert seen.mean("neuron", None, np.arange(5)) == pytest.approx(X.mean(axis=(0, 2)))
    assert told.mean("trial", None, np.arange(6)) == pytest.approx(
        means_of_components(model.fitted_).mean("trial", None, np.arange(6))
    )


def test_blocks_are_labels():
    from trialtensor.explore.labels import block_labels

    blocks = {day: np.flatnonzero(day == BLOCKS) for day in dict.fromkeys(BLOCKS)}
    label = block_labels(blocks, 24)
    assert label.texts == ("Mon", "Tue", "Wed", "Thu")
    assert block_labels(blocks, 20) is None  # only the latest trials are known
