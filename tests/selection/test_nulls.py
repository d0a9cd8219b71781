"""Surrogates keep what they say and destroy the rest; components are tested fairly."""

import warnings

import numpy as np
import pytest
import scipy.stats
import xarray
from sklearn.exceptions import ConvergenceWarning

from trialtensor import TCA, SliceTCA, from_tensorly, make_slicetca, make_tca
from trialtensor.models.warnings import InterruptedFitWarning
from trialtensor.selection import (
    component_test,
    permute_trials,
    shift_times,
    shift_trials,
    significance,
)
from trialtensor.selection.significance import _statistics, _units
from trialtensor.solvers.result import StopReason

SURROGATES = (permute_trials, shift_trials, shift_times)
SHAPE = (30, 8, 12)


def numbered():
    """Every value is there once, so that it can be followed."""
    return np.arange(np.prod(SHAPE), dtype=float).reshape(SHAPE)


def planted(n_components=2, snr=0.5, seed=0, n_neurons=30, **parameters):
    return make_tca(40, n_neurons, 20, n_components, snr=snr, random_state=seed, **parameters)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("surrogate", [permute_trials, shift_trials])
def test_trial_nulls_move_whole_trials_of_single_neurons(surrogate):
    X = numbered()
    found = surrogate(X, rng())
    orders = []
    for n in range(SHAPE[1]):
        order = [int(np.flatnonzero(X[:, n, 0] == first)[0]) for first in found[:, n, 0]]
        np.testing.assert_array_equal(found[:, n], X[order, n])
        assert sorted(order) == list(range(SHAPE[0]))
        orders.append(tuple(order))
    assert len(set(orders)) > 1
    cyclic = all(set(np.diff(order) % SHAPE[0]) == {1} for order in orders)
    assert cyclic == (surrogate is shift_trials)


def test_shifted_times_are_rotated_trial_by_trial():
    X = numbered()
    found = shift_times(X, rng())
    offsets = {}
    for k, n in np.ndindex(SHAPE[:2]):
        offset = int(np.flatnonzero(found[k, n] == X[k, n, 0])[0])
        np.testing.assert_array_equal(found[k, n], np.roll(X[k, n], offset))
        offsets[k, n] = offset
    assert set(offsets.values()) == set(range(SHAPE[2]))


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_surrogates_leave_the_input_alone_and_repeat_with_the_generator(surrogate):
    X = rng().standard_normal(SHAPE)
    before = X.tobytes()
    first, again, other = (surrogate(X, rng(seed)) for seed in (1, 1, 2))
    assert X.tobytes() == before
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert surrogate(X.astype(np.uint8), rng()).dtype == np.uint8


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_missing_values_move_with_the_others(surrogate):
    X = numbered()
    X[rng().random(SHAPE) < 0.3] = np.nan
    found = surrogate(X, rng(1))
    np.testing.assert_array_equal(np.sort(found, axis=None), np.sort(X, axis=None))
    seen = np.isfinite
    if surrogate is shift_times:
        np.testing.assert_array_equal(seen(found).sum(axis=2), seen(X).sum(axis=2))
    else:
        np.testing.assert_array_equal(seen(found).sum(axis=0), seen(X).sum(axis=0))


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_labelled_data_is_shuffled_by_its_names(surrogate):
    X = numbered()
    labelled = xarray.DataArray(
        X.transpose(1, 2, 0), dims=("roi", "time", "epoch"), coords={"time": np.arange(12) / 10}
    )
    found = surrogate(labelled, rng())
    assert found.dims == labelled.dims
    np.testing.assert_array_equal(found.time, labelled.time)
    np.testing.assert_array_equal(found.transpose("epoch", "roi", "time"), surrogate(X, rng()))
    with pytest.raises(ValueError, match=r"expected \(n_trials, n_neurons, n_times\), got shape"):
        surrogate(X[0], rng())


def brute_force(model, X, axis, units):
    """The statistic as the documentation has it, one entry after the other."""
    tensors = [
        w * np.einsum("k,n,t->knt", a, b, c)
        for w, a, b, c in zip(
            model.weights_,
            model.trial_factors_.T,
            model.neuron_factors_.T,
            model.time_factors_.T,
            strict=True,
        )
    ]
    seen = np.isfinite(X)
    found = []
    for tensor in tensors:
        mean = np.nanmean(np.where(seen, tensor, np.nan), axis=axis, keepdims=True)
        c = tensor - np.where(seen, mean, 0)
        products = [np.nansum((X * c)[unit]) for unit in units]
        cross = sum(products) ** 2 - sum(product**2 for product in products)
        found.append(max(cross, 0) / np.sum(c[seen] ** 2) / np.nansum(X**2))
    return np.array(found)


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("missing", [None, "tracked", "entries"])
def test_the_statistic_is_the_documented_one(missing):
    X = planted(snr=1.0, missing=missing).X
    model = TCA(3, n_init=2, random_state=0).fit(X)
    neurons = [(slice(None), n) for n in range(X.shape[1])]
    cells = list(np.ndindex(X.shape[:2]))
    for null, axis, units in (("permute_trials", 0, neurons), ("shift_times", 2, cells)):
        found = component_test(model, X, null=null, n_permutations=1)
        np.testing.assert_allclose(found.statistic, brute_force(model, X, axis, units))


def test_of_components_apart_the_statistic_is_nearly_their_share():
    # No noise, orthogonal trial factors without a mean, 200 neurons.
    data = make_tca(40, 200, 20, 2, snr=np.inf, random_state=1)
    trial, neuron, time = data.factors
    trial = np.linalg.qr(trial - trial.mean(axis=0))[0] * [3.0, 2.0]
    X = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    found = component_test(TCA(2, random_state=0), X, n_permutations=1)
    np.testing.assert_allclose(found.statistic, [9 / 13, 4 / 13], atol=0.03)


@pytest.mark.parametrize("null", ["permute_trials", "shift_times"])
@pytest.mark.parametrize("missing", [None, "tracked"])
def test_planted_components_are_found_and_no_others(null, missing):
    X = planted(missing=missing, missing_fraction=0.3).X
    model = TCA(4, n_init=2, random_state=0)
    test = component_test(model, X, null=null, n_permutations=19, random_state=0)
    assert test.significant().tolist() == [True, True, False, False]
    assert test.p_values[:2].tolist() == [0.05, 0.05]
    assert test.statistic.shape == (4,) and test.null.shape == (19,)
    assert test.kind == null


def test_shared_fluctuations_are_found_by_shifted_trials():
    _, neuron, time = planted().factors
    trial = rng().standard_normal((40, 2))
    X = 0.3 * rng(1).standard_normal((40, 30, 20)) + np.einsum("kr,nr,tr->knt", trial, neuron, time)
    model = TCA(3, n_init=2, random_state=0)
    test = component_test(model, X, null="shift_trials", n_permutations=19, random_state=0)
    assert test.significant().tolist() == [True, True, False]


def test_components_that_cancel_each_other_are_not_large():
    # Two huge components, equal but for a little and of opposite sign, as fits to noise can have.
    X = rng().standard_normal((30, 20, 15))
    factors = [rng(1 + i).standard_normal((n, 1)) for i, n in enumerate(X.shape)]
    close = [f + 0.01 * rng(7 + i).standard_normal(f.shape) for i, f in enumerate(factors)]
    pair = [np.hstack([a, b]) for a, b in zip(factors, close, strict=True)]
    model = from_tensorly((np.array([50.0, -50.0]), pair))
    assert model.weights_.min() ** 2 > 100 * np.sum(X**2)
    statistic = component_test(TCA(2, n_init=1), X, n_permutations=1).statistic
    layout = model.layout(X)
    units = _units(model, layout, "permute_trials")
    assert _statistics(model, layout, "permute_trials", units).max() < statistic.max()


def test_one_variable_neuron_is_not_shared():
    X = rng().standard_normal((40, 10, 15))
    X[:, 3] += 5 * rng(1).standard_normal((40, 1)) * np.sin(np.arange(15) / 3)
    test = component_test(TCA(1, n_init=2, random_state=0), X, n_permutations=39, random_state=0)
    assert test.p_values[0] > 0.05


def test_the_mean_over_trials_is_not_tested():
    # The same on every trial: half of the data, and nothing that trial nulls destroy.
    mean = np.outer(rng().random(10), np.sin(np.arange(15) / 3))
    X = mean + 0.3 * rng(1).standard_normal((40, 10, 15))
    model = TCA(1, n_init=2, random_state=0)
    test = component_test(model, X, n_permutations=39, random_state=0)
    assert test.p_values[0] > 0.05 and test.statistic[0] < 0.01
    # But trials share it in time.
    shifted = component_test(model, X, null="shift_times", n_permutations=19, random_state=0)
    assert shifted.significant().all()


def test_drifts_of_single_neurons_need_their_order_kept():
    # Every neuron drifts for itself; with few slow trials, drifts look shared.
    walks = np.cumsum(rng(5).standard_normal((40, 12)), axis=0)
    X = (walks - walks.mean(axis=0))[:, :, None] * np.hanning(15) + rng(1).standard_normal(
        (40, 12, 15)
    )
    p_values = {
        null: component_test(
            TCA(1, n_init=2, random_state=0), X, null=null, n_permutations=39, random_state=0
        ).p_values[0]
        for null in ("permute_trials", "shift_trials")
    }
    assert p_values["permute_trials"] <= 0.05 < p_values["shift_trials"]


def test_sliced_components_are_tested_by_type():
    X = make_slicetca(40, 30, 20, (1, 1, 1), snr=1.0, random_state=0).X
    model = SliceTCA((1, 1, 1), n_init=2, random_state=0).fit(X)
    trials = component_test(model, X, n_permutations=19, random_state=0)
    assert np.isnan(trials.statistic).tolist() == [False, False, True]
    assert trials.significant().tolist() == [True, True, False]
    times = component_test(model, X, null="shift_times", n_permutations=19, random_state=0)
    assert np.isfinite(times.statistic).all() and times.significant()[2]
    only = SliceTCA((0, 0, 1), n_init=1)
    with pytest.raises(ValueError, match="'permute_trials' leaves time-slicing components"):
        component_test(only, X, n_permutations=19)


def test_a_fitted_model_is_tested_as_it_is_and_left_alone():
    X = planted().X
    model = TCA(2, n_init=2, random_state=0).fit(X)
    before = model.reconstruct().tobytes()
    fitted = component_test(model, X, n_permutations=3, random_state=0)
    fresh = component_test(TCA(2, n_init=2, random_state=0), X, n_permutations=3, random_state=0)
    np.testing.assert_array_equal(fitted.statistic, fresh.statistic)
    np.testing.assert_array_equal(fitted.null, fresh.null)
    assert model.reconstruct().tobytes() == before
    other = TCA(2, n_init=1, random_state=0).fit(X[:30])
    with pytest.raises(ValueError, match=r"data of the fit.*\(30, 30, 20\), got \(40, 30, 20\)"):
        component_test(other, X)


def test_a_seed_repeats_the_test_in_any_number_of_processes():
    X = planted(n_neurons=8).X
    model = TCA(1, n_init=1, random_state=0)
    nulls = [
        component_test(model, X, n_permutations=4, random_state=seed, n_jobs=jobs).null
        for seed, jobs in ((0, None), (0, 2), (1, None))
    ]
    np.testing.assert_array_equal(nulls[0], nulls[1])
    assert not set(nulls[0]) & set(nulls[2])


def test_a_mask_is_as_good_as_nan():
    X = planted(missing="tracked").X
    seen = np.isfinite(X)
    model = TCA(1, n_init=1, random_state=0)
    a = component_test(model, X, n_permutations=3, random_state=0)
    b = component_test(model, np.where(seen, X, 1e9), mask=seen, n_permutations=3, random_state=0)
    np.testing.assert_array_equal(a.null, b.null)
    np.testing.assert_array_equal(a.statistic, b.statistic)


def test_p_values_count_surrogates_at_least_as_large(monkeypatch):
    largest = iter([0.5, 0.1, 0.3, 0.2])
    monkeypatch.setattr(
        significance, "_surrogate_fit", lambda *_: (next(largest), StopReason.CONVERGED)
    )
    monkeypatch.setattr(significance, "_statistics", lambda *_: np.array([0.6, 0.3, 0.05]))
    test = component_test(TCA(3, n_init=1), planted().X, n_permutations=4)
    assert test.p_values.tolist() == [1 / 5, 3 / 5, 1.0]
    assert test.significant(0.2).tolist() == [True, False, False]
    with pytest.raises(
        ValueError, match=r"alpha: expected at least 0.2, .* 4 surrogates.* got 0.05"
    ):
        test.significant()


def test_interrupted_tests_keep_what_they_have(monkeypatch):
    reasons = [StopReason.MAX_ITER, StopReason.CONVERGED, StopReason.INTERRUPTED]
    results = iter([(0.1 * i, reason) for i, reason in enumerate(reasons)])
    monkeypatch.setattr(significance, "_surrogate_fit", lambda *_: next(results))
    with pytest.warns() as caught:
        test = component_test(TCA(1, n_init=1), planted().X, n_permutations=9)
    assert test.null.tolist() == [0.0, 0.1]
    said = {w.category: str(w.message) for w in caught}
    assert "after 2 of 9 surrogates" in said[InterruptedFitWarning]
    assert "1 of 2 fits to surrogates stopped at max_iter" in said[ConvergenceWarning]
    results = iter([(0.1, StopReason.INTERRUPTED)])
    with pytest.raises(KeyboardInterrupt):
        component_test(TCA(1, n_init=1), planted().X, n_permutations=9)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"null": "shuffle"}, r"null: expected one of .*shift_times.*, got 'shuffle'"),
        ({"n_permutations": 0}, r"n_permutations: expected an integer of at least 1, got 0"),
        ({"n_jobs": 0}, r"n_jobs: .* got 0"),
        ({"random_state": "x"}, r"random_state: .* got 'x'"),
        ({"mask": np.ones(3, bool)}, r"mask: expected the shape"),
    ],
)
def test_wrong_arguments_are_refused_before_any_fit(arguments, message, monkeypatch):
    monkeypatch.setattr(TCA, "fit", lambda *_, **__: pytest.fail("was fitted"))
    with pytest.raises(ValueError, match=message):
        component_test(TCA(1), planted().X, **arguments)
    with pytest.raises(ValueError, match="n_components"):
        component_test(TCA(0), planted().X)


@pytest.mark.slow
@pytest.mark.parametrize("null", ["permute_trials", "shift_times"])
def test_noise_has_no_components(null):
    n_sets, found = 30, 0
    for seed in range(n_sets):
        X = rng(1000 + seed).standard_normal((30, 10, 15))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test = component_test(
                TCA(2, n_init=1, random_state=0),
                X,
                null=null,
                n_permutations=19,
                random_state=seed,
            )
        found += test.significant().any()
    # At the 5 % level, so many or more are found by chance in one run of a thousand.
    assert found < scipy.stats.binom.isf(0.001, n_sets, 0.05) + 1
