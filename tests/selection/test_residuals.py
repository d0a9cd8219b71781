"""What residuals say of planted troubles, and that they say nothing where there are none."""

import warnings

import numpy as np
import pytest
import scipy.stats
import xarray
from sklearn.exceptions import NotFittedError

from trialtensor import TCA, SliceTCA, make_slicetca, make_tca
from trialtensor.models import MissingSliceWarning
from trialtensor.selection import residual_report
from trialtensor.selection.residual_structure import autocorrelation, trial_trend

SHAPE = (40, 20, 25)


def rng(seed=0):
    return np.random.default_rng(seed)


def planted(seed=0, snr=1.0, **parameters):
    return make_tca(*SHAPE, 2, snr=snr, random_state=seed, **parameters).X


def fitted(X, n_components=2):
    return TCA(n_components, n_init=2, random_state=0).fit(X)


def test_leverage_is_the_diagonal_of_the_hat_matrix():
    X = planted()
    model = fitted(X)
    report = residual_report(model, X)
    for leverage, factor in (
        (report.trial_leverage, model.trial_factors_),
        (report.neuron_leverage, model.neuron_factors_),
    ):
        hat = factor @ np.linalg.pinv(factor)
        np.testing.assert_allclose(leverage, np.diag(hat), atol=1e-10)
        assert leverage.sum() == pytest.approx(2)


def test_a_component_for_one_neuron_is_called_out():
    # Among 60 neurons none has a large share of the planted components by chance.
    X = make_tca(40, 60, 25, 2, snr=4.0, random_state=0).X
    assert not (residual_report(fitted(X), X).neuron_leverage > 0.5).any()
    X[:, 5] += 20 * np.outer(rng(1).standard_normal(40), np.sin(np.arange(25)))
    report = residual_report(fitted(X, 3), X)
    assert np.flatnonzero(report.neuron_leverage > 0.5).tolist() == [5]
    assert any("Neuron 5 has a leverage above 0.5" in each for each in report.sentences)


def test_noisy_trials_and_neurons_stand_out_worst_first():
    X = planted()
    X[7] += rng(1).normal(scale=3, size=X[7].shape)
    X[30] += rng(2).normal(scale=6, size=X[30].shape)
    X[:, 4] += rng(3).normal(scale=4, size=X[:, 4].shape)
    report = residual_report(fitted(X), X)
    assert report.outlying_trials.tolist() == [30, 7]
    assert report.outlying_neurons.tolist() == [4]
    assert any("Trials 30 and 7 are described much worse" in each for each in report.sentences)


def test_clean_data_has_nothing_to_report():
    alarms = 0
    for seed in range(20):
        X = planted(seed)
        report = residual_report(fitted(X), X)
        alarms += len(report.outlying_trials) + len(report.outlying_neurons)
    # 20 sets of 60 scores beyond 3.5 robust deviations: less than one is expected.
    assert alarms <= 4


@pytest.mark.parametrize("kind", ["tca", "slicetca"])
def test_white_residuals_are_white(kind):
    white = 0
    for seed in range(20):
        if kind == "tca":
            X = planted(seed)
            model = fitted(X)
        else:
            X = make_slicetca(*SHAPE, (1, 1, 1), snr=1.0, random_state=seed).X
            model = SliceTCA((1, 1, 1), n_init=1, random_state=0).fit(X)
        white += autocorrelation(model, X - model.reconstruct()).is_white
    # 95 % intervals: fewer than 15 of 20 happen once in four thousand times.
    assert white >= scipy.stats.binom.ppf(0.001, 20, 0.95)


def test_smooth_noise_is_seen():
    noise = rng(1).standard_normal((*SHAPE[:2], SHAPE[2] + 2))
    X = planted(snr=np.inf) + (noise[..., :-2] + noise[..., 1:-1] + noise[..., 2:])
    found = residual_report(fitted(X), X).time_autocorrelation
    # A running mean of three has 2/3 at a lag of one.
    assert not found.is_white and found.value == pytest.approx(2 / 3, abs=0.05)


def test_autocorrelation_by_its_definition_with_gaps():
    X = planted(missing="entries", missing_fraction=0.3)
    model = fitted(X)
    residuals = X - model.reconstruct()
    z = residuals / np.sqrt(np.nanmean(residuals**2, axis=(0, 2)))[:, None]
    before, after = z[:, :, :-1], z[:, :, 1:]
    pairs = np.isfinite(before) & np.isfinite(after)
    expected = np.sum((before * after)[pairs]) / np.sum((before**2 + after**2)[pairs] / 2)
    assert autocorrelation(model, residuals).value == pytest.approx(expected)


def test_slopes_over_trials_are_those_of_regression():
    residuals = rng().standard_normal((30, 6, 5))
    residuals[4, 2] = residuals[9] = np.nan
    found = trial_trend(residuals)
    for neuron in range(6):
        mean = np.full(30, np.nan)
        seen = np.isfinite(residuals[:, neuron]).any(axis=1)
        mean[seen] = residuals[seen, neuron].mean(axis=1)
        line = scipy.stats.linregress(np.flatnonzero(seen), mean[seen])
        assert found.slopes[neuron] == pytest.approx(line.slope)


def test_a_drift_is_seen_and_shared_noise_is_none():
    X = planted(snr=np.inf)
    noise = rng(1).standard_normal(SHAPE)
    drift = np.linspace(-1, 1, 40)[:, None, None] * rng(2).standard_normal((1, 20, 1))
    model = fitted(X)
    assert trial_trend(X + noise + drift - model.reconstruct()).is_trend
    # What all neurons share on a trial is one observation, not twenty.
    alarms = sum(
        trial_trend(
            rng(s).standard_normal(SHAPE) + rng(100 + s).standard_normal((40, 1, 1))
        ).is_trend
        for s in range(40)
    )
    assert alarms <= scipy.stats.binom.ppf(0.999, 40, 0.05)


def test_missing_data_and_labels_change_nothing():
    X = planted(missing="tracked", missing_fraction=0.3)
    model = fitted(X)
    report = residual_report(model, X)
    seen = np.isfinite(X)
    masked = residual_report(model, np.where(seen, X, 1e9), mask=seen)
    labelled = xarray.DataArray(X, dims=("trial", "neuron", "time")).transpose(
        "time", "neuron", ...
    )
    turned = residual_report(model, labelled)
    for other in (masked, turned):
        np.testing.assert_allclose(other.trial_outlyingness, report.trial_outlyingness)
        assert other.sentences == report.sentences


def test_a_perfect_fit_has_nothing_outlying():
    X = planted(snr=np.inf)
    report = residual_report(TCA(2, random_state=0, tol=1e-12, max_iter=5000).fit(X), X)
    assert not len(report.outlying_trials) and not len(report.outlying_neurons)


def test_a_trial_without_data_beside_trials_that_fit_perfectly():
    X = np.full((6, 4, 5), 3.0)
    X[2] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingSliceWarning)
        model = TCA(1, random_state=0).fit(X)
        warnings.simplefilter("error")
        report = residual_report(model, X)
    assert np.isnan(report.trial_outlyingness).tolist() == [False] * 2 + [True] + [False] * 3
    assert not len(report.outlying_trials)


def test_wrong_arguments_are_refused():
    X = planted()
    model = fitted(X)
    with pytest.raises(ValueError, match=r"data of the fit.*\(40, 20, 25\), got \(39, 20, 25\)"):
        residual_report(model, X[1:])
    with pytest.raises(NotFittedError, match="TCA"):
        residual_report(TCA(2), X)
    with pytest.raises(ValueError, match="every observed value is zero"):
        residual_report(model, np.zeros(SHAPE))
