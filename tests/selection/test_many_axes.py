"""Choosing and judging components of data with four axes."""

import numpy as np
import pytest

from trialtensor import TCA
from trialtensor.data import as_trial_tensor
from trialtensor.selection import (
    CrossValidatedSearch,
    HeldOutScore,
    Speckled,
    TimeBlocks,
    TrialsByNeurons,
    WholeTrials,
    bootstrap,
    permute_trials,
    residual_report,
    shift_times,
)

SHAPE = (40, 9, 5, 16)


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    factors = [rng.standard_normal((n, 2)) for n in SHAPE]
    signal = np.einsum("kr,nr,fr,tr->knft", *factors)
    return signal + signal.std() * rng.standard_normal(SHAPE)


@pytest.mark.parametrize("splitter", [TimeBlocks(), TrialsByNeurons(), WholeTrials()])
def test_what_a_neuron_has_at_a_time_is_held_out_together(splitter, X):
    for train, test in splitter.split(X):
        assert train.shape == test.shape == SHAPE and not (train & test).any()
        for mask in (train, test):
            assert (mask == mask[:, :, :1]).all()
        assert test.mean() == pytest.approx(0.1, abs=0.03)
        assert splitter.whole_trials or all(train.any(axis=(0, 2, 3)))


def test_single_entries_are_held_out_anywhere(X):
    gaps = np.where(np.random.default_rng(1).random(SHAPE) < 0.2, np.nan, X)
    labelled = as_trial_tensor(gaps, axes="trial,channel,frequency,time")
    _, test = next(Speckled(0.2).split(labelled.transpose("time", ..., "trial")))
    assert test.dims == ("time", "neuron", "frequency", "trial")
    test = test.transpose(*labelled.dims).to_numpy()
    assert test.sum() == round(0.2 * np.isfinite(gaps).sum())
    assert not test[np.isnan(gaps)].any() and (test != test[:, :, :1]).any()


def test_a_search_finds_the_number_of_components(X):
    search = CrossValidatedSearch(
        TCA(1, n_init=2), [1, 2, 3], splits=TimeBlocks(n_splits=2), random_state=0
    )
    assert search.fit(X).n_components_ == 2
    scores = [HeldOutScore()(TCA(r, n_init=2, random_state=0).fit(X[:30]), X[30:]) for r in (1, 2)]
    assert scores[1] > scores[0] + 0.05 and scores[1] < 0.7


def test_the_report_sums_residuals_of_a_neuron_over_all_other_axes(X):
    loud = X.copy()
    loud[:, 4] += 6 * X.std() * np.random.default_rng(2).standard_normal(X[:, 4].shape)
    loud[7] *= 5
    report = residual_report(TCA(2, random_state=0).fit(loud), loud)
    assert report.outlying_neurons.tolist() == [4] and 7 in report.outlying_trials
    clean = residual_report(TCA(2, random_state=0).fit(X), X)
    assert clean.time_autocorrelation.is_white and not clean.shared.is_shared
    short = residual_report(TCA(1, random_state=0).fit(X), X)
    assert short.shared.is_shared


def test_the_autocorrelation_is_that_of_neighbouring_times(X):
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((*SHAPE[:3], SHAPE[3] + 1))
    smooth = X + 2 * X.std() * (noise[..., 1:] + noise[..., :-1])
    model = TCA(2, random_state=0).fit(smooth)
    found = residual_report(model, smooth).time_autocorrelation
    left = smooth - model.reconstruct()
    left /= np.sqrt((left**2).mean(axis=(0, 2, 3), keepdims=True))
    pairs = left[..., 1:] * left[..., :-1]
    squares = (left[..., 1:] ** 2 + left[..., :-1] ** 2) / 2
    assert found.value == pytest.approx(pairs.sum() / squares.sum())
    assert not found.is_white
    # Along frequencies nothing is smooth, and without times there is nothing to say.
    turned = as_trial_tensor(smooth.swapaxes(2, 3), axes="trial,neuron,frequency,depth")
    report = residual_report(TCA(2, random_state=0).fit(turned), turned)
    assert np.isnan(report.time_autocorrelation.value)


def test_surrogates_keep_what_a_neuron_has_on_other_axes_together(X):
    rng = np.random.default_rng(4)
    shuffled = permute_trials(X, rng)
    for n in range(SHAPE[1]):
        order = [int(np.flatnonzero((X[:, n] == each).all(axis=(1, 2)))[0])
                 for each in shuffled[:, n]]  # fmt: skip
        assert sorted(order) == list(range(SHAPE[0]))
    shifted = shift_times(X, rng)
    for k, n in ((0, 0), (5, 3)):
        offsets = [o for o in range(SHAPE[3]) if (np.roll(X[k, n], -o, -1) == shifted[k, n]).all()]
        assert len(offsets) == 1


def test_intervals_are_by_axis(X):
    model = TCA(2, random_state=0).fit(as_trial_tensor(X, axes="trial,channel,frequency,time"))
    sure = bootstrap(model, X, n_samples=15, over="both", random_state=0)
    low, high = sure.interval("frequency_factors")
    assert low.shape == (5, 2) and (low <= model.frequency_factors_).all()
    assert (high >= model.frequency_factors_).all() and (high - low).max() < 0.3
