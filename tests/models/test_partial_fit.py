"""TCA of a stream of trials, against TCA of all of them."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import trialtensor
from trialtensor import TCA, make_tca
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.streaming import nothing

SHAPE, RANK = (600, 20, 25), 3


def draw(seed=0, **options):
    return make_tca(*SHAPE, RANK, random_state=seed, **{"snr": 2.0, **options})


def stream(X, size=50, **options):
    model = TCA(RANK, random_state=0, **options)
    for first in range(0, len(X), size):
        model.partial_fit(X[first : first + size])
    return model


def loss_of(model, X):
    """With the best trial factors for the components at the end."""
    return float(np.nansum((X - model.inverse_transform(model.transform(X))) ** 2))


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("snr", [0.5, 20.0])
def test_close_to_the_loss_of_all_trials_together(snr, nonnegative):
    """The promise: within 2 %, of trials in any order."""
    X = draw(snr=snr, nonnegative=nonnegative).X
    X = X[np.random.default_rng(0).permutation(len(X))]
    streamed = stream(X, nonnegative=nonnegative)
    whole = TCA(RANK, nonnegative=nonnegative, random_state=0).fit(X)
    assert loss_of(streamed, X) <= 1.02 * whole.loss_
    assert streamed.n_trials_seen_ == len(X)
    # What it says of all trials is nearly what it would be with all of them at hand.
    assert streamed.loss_ == pytest.approx(whole.loss_, rel=0.02)
    ours, theirs = (
        (np.ones((1, RANK)), m.neuron_factors_, m.time_factors_) for m in (streamed, whole)
    )
    assert match_components(theirs, ours)[1] > 0.98


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("snr", [0.5, 5.0])
def test_components_that_come_later_are_found(snr, nonnegative):
    """The same promise for trials in the order of learning."""
    X = draw(snr=snr, nonnegative=nonnegative).X
    streamed = stream(X, nonnegative=nonnegative)
    whole = TCA(RANK, nonnegative=nonnegative, random_state=0).fit(X)
    assert loss_of(streamed, X) <= 1.02 * whole.loss_
    assert streamed.loss_ == pytest.approx(whole.loss_, rel=0.02)


def test_a_component_of_the_last_third():
    rng = np.random.default_rng(0)
    trial = rng.uniform(0.5, 1.5, (300, 2))
    trial[:200, 1] = 0
    neuron, time = rng.standard_normal((15, 2)), rng.standard_normal((20, 2))
    X = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    X = X + 0.5 * rng.standard_normal(X.shape)
    model = TCA(2, random_state=0)
    for first in range(0, 300, 50):
        model.partial_fit(X[first : first + 50])
    ones = np.ones((1, 2))
    found = (ones, model.neuron_factors_, model.time_factors_)
    assert match_components((ones, neuron, time), found)[1] > 0.95


def test_missing_entries():
    data = draw(snr=5.0, missing="entries", missing_fraction=0.2)
    X = data.X[np.random.default_rng(0).permutation(len(data.X))]
    X[70] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        streamed, whole = stream(X), TCA(RANK, random_state=0).fit(X)
        assert loss_of(streamed, X) <= 1.02 * whole.loss_
    assert streamed.n_trials_seen_ == len(X) - 1


def test_memory_does_not_grow():
    X = draw().X

    def peak(n_batches):
        model = TCA(RANK, random_state=0, n_init=1).partial_fit(X[:50])
        tracemalloc.start()
        for _ in range(n_batches):
            model.partial_fit(X[50:100])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found, len(pickle.dumps(model))

    few, many = peak(3), peak(30)
    assert many[0] < 1.2 * few[0] and many[1] < 1.1 * few[1]


def test_what_is_remembered_is_the_loss_of_the_trials():
    rng = np.random.default_rng(0)
    X, trial = rng.standard_normal((12, 5, 6)), rng.standard_normal((12, 2))
    neuron, time = rng.standard_normal((5, 2)), rng.standard_normal((6, 2))
    past = nothing(2, 5, 6).and_trials(X[:7], trial[:7]).and_trials(X[7:], trial[7:])
    change = rng.standard_normal((2, 2))
    for remembered, own in ((past, trial), (past.with_weights(change), trial @ change.T)):
        error = X - np.einsum("kr,nr,tr->knt", own, neuron, time)
        assert remembered.loss(neuron, time) == pytest.approx(np.sum(error**2))


def test_the_first_call_is_a_fit():
    X = draw().X[:60]
    first, fitted = TCA(RANK, random_state=0).partial_fit(X), TCA(RANK, random_state=0).fit(X)
    np.testing.assert_array_equal(first.trial_factors_, fitted.trial_factors_)
    assert first.n_trials_seen_ == 60 and not hasattr(fitted, "n_trials_seen_")
    np.testing.assert_allclose(np.sqrt(np.diag(first.trial_gram_)), first.weights_)


def test_attributes_belong_together():
    X = draw(snr=5.0).X
    model = stream(X)
    assert model.trial_factors_.shape == (50, RANK)
    np.testing.assert_allclose(model.transform(X[-50:]), model.trial_factors_, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(model.neuron_factors_, axis=0), 1)
    total = np.sum(X**2)
    assert model.explained_variance_ratio_ == pytest.approx(1 - model.loss_ / total, abs=1e-9)
    assert np.all(model.explained_variance_alone_ >= model.explained_variance_unique_ - 0.2)
    assert model.data_summary_["shape"] == (600, 20, 25)
    # A new fit starts anew.
    model.fit(X[:100])
    assert not hasattr(model, "n_trials_seen_") and model.trial_factors_.shape == (100, RANK)


@pytest.mark.parametrize("from_file", [False, True])
def test_after_a_fit_or_from_a_file(from_file, tmp_path):
    X = draw(snr=2.0).X
    X = X[np.random.default_rng(0).permutation(len(X))]
    whole = TCA(RANK, random_state=0).fit(X)
    model = TCA(RANK, random_state=0).fit(X[:300])
    if from_file:
        model = stream(X[:300])
        model.save(tmp_path / "model.h5")
        copy = trialtensor.load(tmp_path / "model.h5")
        np.testing.assert_array_equal(copy.trial_gram_, model.trial_gram_)
        model = copy
    for first in range(300, 600, 50):
        model.partial_fit(X[first : first + 50])
    assert model.n_trials_seen_ == 600
    assert loss_of(model, X) <= 1.02 * whole.loss_


def test_input_is_left_alone_and_bits_repeat():
    X = draw().X
    before = X.copy()
    one, two = stream(X), stream(X)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(one.neuron_factors_, two.neuron_factors_)
    assert stream(X.astype(np.float32)).neuron_factors_.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, X: m.partial_fit(X[:, :-1]), "20 neurons"),
        (lambda m, X: m.partial_fit(X[0]), "n_trials, n_neurons, n_times"),
        (lambda m, X: m.partial_fit(X * np.nan), "missing"),
        (lambda m, X: m.set_params(tol=-1).partial_fit(X), "tol"),
    ],
)
def test_bad_input(call, message):
    X = draw().X[:50]
    with pytest.raises(ValueError, match=message):
        call(TCA(RANK, n_init=1, random_state=0).partial_fit(X), X)


def test_what_is_said_of_the_data_and_the_fit_is_true():
    X = draw(missing="entries", missing_fraction=0.1).X
    model = TCA(RANK, n_init=3, random_state=0)
    for first in range(0, 600, 150):
        model.partial_fit(X[first : first + 150])
    summary = model.data_summary_
    assert summary["n_observed"] == np.isfinite(X).sum()
    assert summary["missing_fraction"] == pytest.approx(np.isnan(X).mean())
    assert summary["missing_pattern"] == "entries"
    complete = TCA(RANK, n_init=3, random_state=0).partial_fit(np.nan_to_num(X[:50]))
    complete.partial_fit(np.nan_to_num(X[50:100]))
    assert complete.data_summary_["missing_pattern"] == "none"
    assert complete.data_summary_["n_observed"] == X[:100].size


def test_restarts_are_followed():
    """Their losses are those on all trials so far, and none is below the best."""
    X = draw(snr=5.0).X
    X = X[np.random.default_rng(0).permutation(len(X))]
    model = TCA(RANK, n_init=4, random_state=0)
    model.partial_fit(X[:300]).partial_fit(X[300:])
    best, *others = model.restarts_
    assert len(others) == 3 and best.loss == model.loss_ and best.similarity == 1
    assert best.axes == ("neuron", "time") and not model.fitted_.record.all_on_full_data
    for restart in others:
        start = (X.reshape(len(X), -1), *restart.factors)
        design = np.einsum("nr,tr->ntr", *start[1:]).reshape(-1, RANK)
        rest = start[0].T - design @ np.linalg.lstsq(design, start[0].T, rcond=None)[0]
        # The patterns that are kept hold nearly all of the trials.
        assert restart.loss == pytest.approx(np.sum(rest**2), rel=0.05)
        assert model.loss_ <= restart.loss and 0 <= restart.similarity <= 1


def test_the_stop_reason_is_true():
    X = np.random.default_rng(0).standard_normal((60, 12, 10))
    model = TCA(3, max_iter=1, n_init=1, random_state=0, tol=0)
    with pytest.warns(ConvergenceWarning):
        model.partial_fit(X[:30])
    with pytest.warns(ConvergenceWarning):
        model.partial_fit(X[30:])
    assert model.stop_reason_ is StopReason.MAX_ITER
    easy = TCA(1, n_init=1, random_state=0).partial_fit(draw().X[:50])
    assert easy.partial_fit(draw().X[50:100]).stop_reason_ is StopReason.CONVERGED
