"""Evidence for transitions against matrices built one by one."""

import numpy as np
import pytest

from trialtensor.kernels.slow_noise import noise_filter, whiten
from trialtensor.kernels.transition_scans import (
    fit_columns,
    gains_of_one_more,
    scan_kinds,
    score_kinds,
    transition_energies,
    transition_shape,
)

N = 14
TAUS = np.array([0.0, 0.7, 3.0, 20.0, np.inf])
KINDS = [(0.0, 0.0, 1.0, 0.0), (0.8, 0.2, 0.4, 0.6), (1.0, 0.1, 1.0, 0.0)]
SPREADS = {"all": np.ones(N), "gaps": np.where(np.isin(np.arange(N), [0, 4, 5, 13]), 0.0, 1.0)}
COST, LEAST = 1.3, 1e-3


def shape(onset, tau):
    t = np.arange(N) - onset + 1
    if tau == 0:
        return (t >= 1) * 1.0
    return np.where(t >= 1, t / N if np.isinf(tau) else 1 - np.exp(-t / tau), 0.0)


class Dense:
    """One kind of noise as a whitening matrix."""

    def __init__(self, kind, spread, seed=0):
        self.gains, self.log_determinant = noise_filter(*kind, spread)
        self.matrix = whiten(self.gains, np.eye(N)).T
        self.n = int((spread > 0).sum()) - 1
        self.y = self.matrix @ np.random.default_rng(seed).normal(size=N)
        self.base = (self.matrix @ np.ones(N))[None]

    def left(self, columns):
        """Return the sum of squares that base and columns leave, and the rank of columns."""
        rows = np.vstack([self.base, *(self.matrix @ column for column in columns)])
        fitted = rows.T @ np.linalg.lstsq(rows.T, self.y, rcond=1e-7)[0]
        return np.sum((self.y - fitted) ** 2), np.linalg.matrix_rank(rows, tol=1e-6) - 1

    def score(self, columns):
        left, p = self.left(columns)
        volume = np.log(np.sum(self.base**2))
        return -0.5 * volume - COST * p - 0.5 * self.n * np.log(left + LEAST)


def test_shapes_are_what_they_are_said_to_be():
    for onset in (0, 5, N - 1):
        for tau in TAUS:
            np.testing.assert_allclose(transition_shape(onset, tau, N), shape(onset, tau))


@pytest.mark.parametrize("kind", range(3))
@pytest.mark.parametrize("spread", SPREADS)
def test_energies_are_squared_lengths(kind, spread):
    dense = Dense(KINDS[kind], SPREADS[spread])
    expected = [
        [np.sum((dense.matrix @ shape(onset, tau)) ** 2) for onset in range(N)] for tau in TAUS
    ]
    found = transition_energies(dense.gains, TAUS)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", range(3))
@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("others", [[], [(5, 2.0)], [(5, 2.0), (9, 0.0)]])
def test_fits_and_one_more_are_least_squares(kind, spread, others):
    dense = Dense(KINDS[kind], SPREADS[spread])
    columns = np.array([shape(*each) for each in others]).reshape(len(others), N)
    back, left, volume, n_columns = fit_columns(dense.gains, dense.y, dense.base, columns)
    expected, p = dense.left(columns)
    assert left == pytest.approx(expected) and n_columns == p
    assert volume == pytest.approx(np.log(np.sum(dense.base**2)))
    found = np.empty((len(TAUS), N))
    energies = transition_energies(dense.gains, TAUS)
    gains_of_one_more(back, TAUS, energies, found)
    for j, tau in enumerate(TAUS):
        for onset in range(N):
            more, rank = dense.left([*columns, shape(onset, tau)])
            if found[j, onset] < 0:
                assert rank == p
            else:
                assert found[j, onset] == pytest.approx(expected - more, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("others", [[], [(5, 2.0)]])
def test_scans_add_up_the_kinds(spread, others):
    dense = [Dense(kind, SPREADS[spread], seed=3) for kind in KINDS]
    gains, y = np.stack([d.gains for d in dense]), np.stack([d.y for d in dense])
    base, offsets = np.stack([d.base for d in dense]), np.array([0.1, -0.4, 0.3])
    energies = np.stack([transition_energies(d.gains, TAUS) for d in dense])
    columns = np.array([shape(*each) for each in others]).reshape(len(others), N)
    n = dense[0].n
    scores = score_kinds(gains, offsets, y, base, columns, n, COST, LEAST)
    expected = [offsets[k] + dense[k].score(columns) for k in range(3)]
    np.testing.assert_allclose(scores, expected)
    found = np.empty((len(TAUS), N))
    which = np.array([0, 2])
    scan_kinds(which, gains, offsets, y, base, columns, TAUS, energies, n, COST, LEAST, found)
    for j, tau in enumerate(TAUS):
        for onset in np.flatnonzero(np.isfinite(found[j])):
            more = [*columns, shape(onset, tau)]
            each = [offsets[k] + dense[k].score(more) for k in which]
            assert found[j, onset] == pytest.approx(np.logaddexp(*each), rel=1e-7)
    assert np.isfinite(found).sum() > 40


def test_a_series_and_kinds_are_as_likely_as_a_dense_student_t():
    """The level and the variance are integrated out of a normal likelihood."""
    spread = SPREADS["gaps"]
    seen, dense = spread > 0, Dense(KINDS[1], SPREADS["gaps"])
    values = np.linalg.solve(dense.matrix[np.ix_(seen, seen)], dense.y[seen])
    other = values + 0.5 * np.arange(len(values))
    inverse = dense.matrix[np.ix_(seen, seen)]
    inverse = inverse.T @ inverse

    def dense_log(v):
        one = np.ones(len(v))
        level = one @ inverse @ v / (one @ inverse @ one)
        return -0.5 * (len(v) - 1) * np.log((v - level) @ inverse @ (v - level))

    def kernel_log(v):
        full = np.zeros(N)
        full[seen] = v
        y, none = dense.matrix @ full, np.empty((0, N))
        one = score_kinds(dense.gains[None], np.zeros(1), y[None], dense.base[None], none,
                          dense.n, COST, 0.0)  # fmt: skip
        return one[0]

    assert kernel_log(other) - kernel_log(values) == pytest.approx(
        dense_log(other) - dense_log(values)
    )
