"""What several series say together."""

import numpy as np
import pytest
import scipy.signal
from scipy.special import logsumexp

from trialtensor.kernels.transition_scans import transition_shape
from trialtensor.tracking import transitions
from trialtensor.tracking.transitions.evidence import Filters, SeriesEvidence
from trialtensor.tracking.transitions.noise_kinds import noise_kinds
from trialtensor.tracking.transitions.sharing import gain_by_sharing

N = 40


def covariance(kinds, k):
    """Covariance of a kind of noise, from its definition."""
    slow = np.zeros((N, N))
    variance = kinds.start[k]
    for t in range(N):
        slow[t, t:] = slow[t:, t] = variance * kinds.rho[k] ** np.arange(N - t)
        variance = kinds.rho[k] ** 2 * variance + kinds.new[k]
    return slow + kinds.white[k] * np.eye(N)


def dense(y, columns, g, shrinks, kinds, k):
    """Log evidence of one series under one kind, without its prior."""
    inverse = np.linalg.inv(covariance(kinds, k))

    def left(design):
        gram = design @ inverse @ design.T
        products = design @ inverse @ y
        return y @ inverse @ y - products @ np.linalg.solve(gram, products)

    level = np.ones((1, N))
    without, with_columns = left(level), left(np.vstack([level, columns]))
    rest = without - (g / (1 + g) if shrinks else 1.0) * (without - with_columns)
    volume = np.linalg.slogdet(covariance(kinds, k))[1] + np.log(level[0] @ inverse @ level[0])
    return -0.5 * (volume + len(columns) * np.log1p(g) + (N - 1) * np.log(rest))


@pytest.mark.parametrize("columns", [np.zeros((0, N)), [transition_shape(15, 4.0, N)]])
def test_evidence_is_that_of_dense_covariances(columns):
    columns = np.asarray(columns)
    Y = np.random.default_rng(0).normal(size=(3, N)) + 0.5 * (np.arange(N) > 15)
    kinds = noise_kinds()
    filters = Filters(kinds, np.ones(N))
    series = [SeriesEvidence(y, np.ones((1, N)), filters) for y in Y]
    sizes = [40.0, 10.0, 2.5] if len(columns) else [40.0]
    each = np.array(
        [
            [[dense(y, columns, g, g < N, kinds, k) for g in sizes] for k in range(len(kinds.rho))]
            for y in Y
        ]
    )
    prior = kinds.log_prior[:, None]
    own = logsumexp(each + prior, axis=1).sum(axis=0)
    common = logsumexp(each.sum(axis=0) + prior, axis=0)
    expected = logsumexp(np.append(own, common)) - np.log(2 * len(sizes)) - own[0]
    assert gain_by_sharing(series, columns) == pytest.approx(expected, abs=1e-6)


def test_steps_too_small_for_single_series_are_found_in_twelve():
    found, alone = [], 0
    for seed in range(1, 4):
        y = 0.7 * np.random.default_rng(seed).normal(size=(150, 12))
        y[90:] += 0.35
        found.append(transitions(y, n_draws=50).onsets)
        alone += transitions(y[:, 0], n_draws=20).n_transitions
    assert sum(len(each) == 1 and abs(each[0] - 90) <= 2 for each in found) == 3
    assert alone <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("n", "n_series"), [(60, 4), (150, 12)])
def test_noise_that_is_partly_slow_in_all_is_no_transition(n, n_series):
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        slow = scipy.signal.lfilter([1], [1, -0.95], rng.normal(size=(300, n_series)), axis=0)
        y = slow[-n:] * np.sqrt(1 - 0.95**2) + rng.normal(size=(n, n_series))
        alarms += transitions(y, n_draws=20).n_transitions > 0
    # At 5 %, five of 20 has a probability of .3 %.
    assert alarms <= 4


@pytest.mark.slow
def test_series_with_noise_of_different_kinds_show_no_transition():
    alarms = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        slow = scipy.signal.lfilter([1], [1, -0.9], rng.normal(size=(300, 4)), axis=0)[150:]
        y = np.hstack([rng.normal(size=(150, 4)), slow, rng.standard_t(3, size=(150, 4))])
        alarms += transitions(y * rng.gamma(2, size=12), n_draws=20).n_transitions > 0
    assert alarms <= 3
