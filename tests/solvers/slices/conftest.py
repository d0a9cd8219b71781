"""What the tests of SliceTCA's solvers share."""

import numpy as np
import pytest

from trialtensor.solvers.slices import Components


@pytest.fixture
def draw():
    """Draws a model of any shape and ranks."""

    def components(shape=(6, 5, 4), ranks=(2, 1, 2), seed=0, nonnegative=False):
        rng = np.random.default_rng(seed)
        values = rng.random if nonnegative else rng.standard_normal
        (K, N, T), (R0, R1, R2) = shape, ranks
        return Components(
            (values((K, R0)), values((N, R1)), values((T, R2))),
            (values((R0, N, T)), values((R1, K, T)), values((R2, K, N))),
        )

    return components
