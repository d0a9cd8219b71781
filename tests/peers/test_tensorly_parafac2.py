"""Parafac2 beside tensorly's parafac2, on the same ragged data."""

import numpy as np
import pytest
from tensorly.decomposition import parafac2
from tensorly.parafac2_tensor import parafac2_to_slices

from trialtensor import Parafac2, make_parafac2
from trialtensor.solvers.matching import cosines

COUNTS = (25, 14, 30, 18, 22, 16, 28, 20, 12, 24, 19, 27)


def slices(seed, missing_fraction=0.0, snr=5.0):
    data = make_parafac2(
        1, COUNTS, 30, 3, snr=snr, missing_fraction=missing_fraction, random_state=seed
    )
    return [block[0] for block in data.X]


def squared_error(X, fit):
    return sum(np.nansum((x - y) ** 2) for x, y in zip(X, parafac2_to_slices(fit), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_equal_or_lower_loss(seed):
    X = slices(seed)
    ours = Parafac2(3, random_state=0).fit(X)
    for init in ("svd", "random"):
        theirs = parafac2(X, 3, init=init, random_state=seed, n_iter_max=1000)
        assert ours.loss_ <= squared_error(X, theirs) * (1 + 1e-6)


def test_equal_or_lower_loss_with_missing_entries():
    """Its mask wants slices of one size; what it fills in has to be given to it as zeros."""
    data = make_parafac2(1, [20] * 12, 30, 3, snr=5.0, missing_fraction=0.1, random_state=0)
    X = np.concatenate(data.X)
    ours = Parafac2(3, random_state=0).fit(X)
    theirs = parafac2(
        np.nan_to_num(X), 3, init="svd", mask=np.isfinite(X), random_state=0, n_iter_max=500
    )
    # Rows of patterns with 27 entries for 3 unknowns: their missing entries weigh next to nothing.
    assert ours.loss_ <= squared_error(X, theirs) * (1 + 1e-5)


def test_the_same_components_without_noise():
    X = slices(1, snr=np.inf)
    ours = Parafac2(3, random_state=0, tol=1e-12).fit(X)
    theirs = parafac2(X, 3, init="svd", random_state=0, n_iter_max=3000, tol=1e-12)
    (_, (trial, _, time), _) = theirs
    for found, truth in ((ours.trial_factors_, trial), (ours.time_factors_, time)):
        assert np.abs(cosines(truth, found)).max(axis=1).min() > 0.999
