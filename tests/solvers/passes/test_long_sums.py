"""Products with long sums, against exact integer arithmetic."""

import array_api_strict
import numpy as np
import pytest

from trialtensor.solvers.passes.long_sums import long_product

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("make", [np.asarray, torch.asarray, array_api_strict.asarray])
@pytest.mark.parametrize("n", [1, 511, 512, 513, 4000])
@pytest.mark.parametrize("m, q", [(3, 3), (200, 5), (1, 700)])
def test_sums_of_whole_numbers_are_exact(make, n, m, q):
    rng = np.random.default_rng(n)
    a, b = rng.integers(-9, 10, (m, n)), rng.integers(-9, 10, (q, n))
    found = long_product(make(a.astype("f4")), make(b.astype("f4")).T)
    np.testing.assert_array_equal(np.asarray(found), a @ b.T)
    assert str(found.dtype).endswith("float64")


def test_transposed_rows():
    flat = np.arange(3000.0).reshape(1000, 3)
    given = torch.asarray(flat)
    np.testing.assert_array_equal(np.asarray(long_product(given.T, given)), flat.T @ flat)
