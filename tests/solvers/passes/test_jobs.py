"""Sums of squares in single precision: those in double."""

import math

import numpy as np
import pytest

from trialtensor.solvers.passes.jobs import squares
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.survey import survey


@pytest.mark.parametrize("n", [1, 999, 1000, 54321])
@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
def test_squares_of_single_precision(n, scale):
    values = (scale * np.random.default_rng(0).standard_normal(n)).astype(np.float32)
    expected = math.fsum(float(x) ** 2 for x in values)
    assert float(squares(values)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_first_look_is_that_of_whole_arrays(monkeypatch, dtype):
    monkeypatch.setattr("trialtensor.solvers.passes.jobs._IN_CACHE", 20)
    X = np.random.default_rng(1).standard_normal((11, 3, 5)).astype(dtype)
    X[4, 1, 2] = np.inf
    observed = np.ones(X.shape, bool)
    observed[2] = False
    found = survey(MemoryPasses(X, observed, n_entries=40))
    assert (found.least, found.most) == (X.min(), np.inf)
    assert (found.n_missing, found.n_infinite) == (15, 1)
    X[4, 1, 2] = 0
    found = survey(MemoryPasses(X, observed, n_entries=40))
    assert found.norm2 == pytest.approx(float((X.astype(float) ** 2).sum()), rel=1e-6)
    assert (found.least, found.most) == (X.min(), X.max())
