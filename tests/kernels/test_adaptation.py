"""The recursion with its derivatives, and the filter that whitens its residuals."""

import numpy as np
import pytest
from scipy import optimize

from trialtensor.kernels.adaptation import fit_recursion, sensitivities
from trialtensor.kernels.drift_filter import filter_gains, whiten_columns
from trialtensor.tracking.rate_models import two_states

SCHEDULE = np.r_[np.zeros(3), np.ones(20), -np.ones(5), np.full(12, np.nan)]
RATES = np.array([0.6, 0.2, 0.98, 0.05])
NAMES = ("A_f", "B_f", "A_s", "B_s")


@pytest.mark.parametrize("form", ["parallel", "serial"])
def test_derivatives_are_those_of_the_recursion(form):
    def output(rates):
        return two_states(dict(zip(NAMES, rates, strict=True)), SCHEDULE, form).sum(axis=0)

    found = sensitivities(RATES, SCHEDULE, form == "serial")
    np.testing.assert_allclose(found[:, 0], output(RATES))
    expected = optimize.approx_fprime(RATES, output, 1e-7)
    np.testing.assert_allclose(found[:, 1:], expected, atol=1e-5)


@pytest.mark.parametrize("missing", [(), (0, 4, 5, 19)])
def test_whitening_is_that_of_the_covariance(missing):
    # A stochastic cycle with white noise, written as a covariance.
    n, angle, lasting, white = 20, 0.4, 0.9, 0.3
    lags = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    covariance = lasting**lags * np.cos(angle * lags) + white * np.eye(n)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    step, seen = lasting * turn, ~np.isin(np.arange(n), missing)
    drive = np.eye(2) - step @ step.T
    root, gain, log_determinant = filter_gains(seen, step, drive, np.eye(2), white)
    known = covariance[np.ix_(seen, seen)]
    assert log_determinant == pytest.approx(np.linalg.slogdet(known)[1])
    columns = np.random.default_rng(0).normal(size=(n, 3))
    expected = np.linalg.solve(np.linalg.cholesky(known), columns[seen])
    whiten_columns(columns, root, gain, step)
    np.testing.assert_allclose(columns[seen], expected, atol=1e-10)
    assert not columns[~seen].any()


N = len(SCHEDULE)
FREE = np.zeros(6, dtype=bool)
KNOWN_SCALE = np.array([False, False, False, False, True, False])
ONE_STATE = np.array([False, False, True, True, True, True])
AWAY = np.array([0.5, 0.3, 0.95, 0.1, 1.0, 0.0])
# From here, the first steps are cut short by the bounds.
FAR = np.array([0.5, 0.5, 0.9, 0.3, 1.0, 0.0])
ONE = np.array([0.5, 0.3, 0.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("held", "ordered", "start"),
    [
        (FREE, False, AWAY),
        (FREE, True, FAR),
        (KNOWN_SCALE, False, AWAY),
        (KNOWN_SCALE, False, FAR),
        (KNOWN_SCALE, True, FAR),
        (ONE_STATE, False, ONE),
    ],
)
def test_fits_are_no_worse_than_those_of_scipy(held, ordered, start):
    rates = np.where(held[:4], 0.0, RATES)
    noise = 0.03 * np.random.default_rng(0).normal(size=N)
    y = sensitivities(rates, SCHEDULE, False)[:, 0] + noise
    white = (np.ones(N), np.zeros((N, 2)), np.eye(2))
    found, loss = fit_recursion(start, held, ordered, SCHEDULE, y, False, *white, 200, 1e-12)

    def left(free):
        values = start.copy()
        values[~held] = free
        states = two_states(dict(zip(NAMES, values[:4], strict=True)), SCHEDULE, "parallel")
        return y - values[5] - values[4] * states.sum(axis=0)

    assert np.sum(left(found[~held]) ** 2) == pytest.approx(loss)
    np.testing.assert_array_equal(found[held], start[held])
    assert np.all((found[:4] >= 0) & (found[:4] <= 1))
    if ordered:
        assert found[0] <= found[2] and found[3] <= found[1]
    low, high = np.r_[np.zeros(4), -np.inf, -np.inf], np.r_[np.ones(4), np.inf, np.inf]
    begin = np.r_[rates, 1.0, 0.0][~held]
    best = optimize.least_squares(left, begin, bounds=(low[~held], high[~held]))
    assert loss <= 2 * best.cost * (1 + 1e-6)
