"""Kernels compile with a cache, without one, and not at all."""

import importlib.util

import numba
import numpy as np
import pytest
from numba.core import caching

from trialtensor.kernels import compile as compile_module
from trialtensor.kernels.compile import kernel
from trialtensor.kernels.nonnegative import nonnegative_rows


def test_a_place_that_cannot_be_written_is_no_obstacle(monkeypatch):
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled, so nothing is cached")

    class NoLocator(caching.CompileResultCacheImpl):
        _locator_classes = []  # noqa: RUF012

    monkeypatch.setattr(caching.FunctionCache, "_impl_class", NoLocator)
    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit(cache=True)(lambda x: x)
    double = kernel(lambda x: 2 * x)
    assert double(4) == 8


def test_the_plain_function_gives_what_the_compiled_one_gives():
    rng = np.random.default_rng(0)
    design = rng.standard_normal((5, 20, 3))
    grams = np.einsum("ijr,ijs->irs", design, design)
    rhs, start = rng.standard_normal((5, 3)), rng.random((5, 3))
    plain = getattr(nonnegative_rows, "py_func", nonnegative_rows)
    arguments = (grams, rhs, start, 5, 1e-12)
    np.testing.assert_allclose(nonnegative_rows(*arguments), plain(*arguments), rtol=1e-12)


def test_without_numba_kernels_stay_as_they_are_and_say_so(monkeypatch):
    found = importlib.util.spec_from_file_location("compile_alone", compile_module.__file__)
    alone = importlib.util.module_from_spec(found)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="numba isn't installed"):
        found.loader.exec_module(alone)
    double = alone.kernel(lambda x: 2 * x)
    assert type(double).__name__ == "function" and double(4) == 8
