"""The packages that the benchmarks time, where they are installed (the extra ``bench``)."""

import numpy as np
import pytest

from trialtensor import TCA, make_tca
from trialtensor.solvers import contraction

SHAPE, RANK = (30, 20, 25), 3


@pytest.fixture
def start():
    rng = np.random.default_rng(1)
    return tuple(rng.random((n, RANK)) for n in SHAPE)


def draw(**options):
    return make_tca(*SHAPE, RANK, collinearity=0.5, snr=2.0, random_state=0, **options)


def squared_error(X, factors):
    return float(np.nansum((X - contraction.reconstruct(tuple(factors))) ** 2))


@pytest.fixture
def tensortools():
    return pytest.importorskip("tensortools", reason="the extra 'bench' is not installed")


@pytest.fixture
def pyttb():
    return pytest.importorskip("pyttb", reason="the extra 'bench' is not installed")


def test_tensortools_cp_als(tensortools, start):
    X = draw().X
    theirs = tensortools.cp_als(
        X,
        RANK,
        init=tensortools.KTensor(list(start)),
        tol=1e-12,
        max_iter=2000,
        verbose=False,
    )
    ours = TCA(RANK, init=start, tol=1e-10).fit(X)
    assert ours.loss_ == pytest.approx(squared_error(X, theirs.factors), rel=1e-7)


@pytest.mark.filterwarnings("ignore:.*faster on contiguous arrays")
def test_tensortools_ncp_hals(tensortools, start):
    X = np.maximum(draw(nonnegative=True).X, 0)
    theirs = tensortools.ncp_hals(
        X,
        RANK,
        init=tensortools.KTensor(list(start)),
        tol=1e-12,
        max_iter=3000,
        verbose=False,
    )
    ours = TCA(RANK, nonnegative=True, init=start, tol=1e-10).fit(X)
    assert ours.loss_ <= squared_error(X, theirs.factors) * (1 + 1e-6)


@pytest.mark.parametrize("missing", ["tracked", "entries"])
def test_tensortools_mcp_als(tensortools, start, missing):
    data = draw(missing=missing)
    theirs = tensortools.mcp_als(
        np.nan_to_num(data.X),
        RANK,
        data.mask.astype(float),
        init=tensortools.KTensor(list(start)),
        tol=1e-10,
        max_iter=300,
        verbose=False,
    )
    ours = TCA(RANK, random_state=0).fit(data.X)
    # The ridge on what few shared neurons determine costs a little, and only there.
    most = 1e-4 if missing == "tracked" else 1e-6
    assert ours.loss_ <= squared_error(data.X, theirs.factors) * (1 + most)


def test_pyttb_cp_als(pyttb, start):
    X = draw().X
    theirs, *_ = pyttb.cp_als(
        pyttb.tensor(X),
        RANK,
        init=pyttb.ktensor([f.copy() for f in start]),
        maxiters=2000,
        stoptol=1e-13,
        printitn=0,
    )
    first, *others = theirs.factor_matrices
    ours = TCA(RANK, init=start, tol=1e-10).fit(X)
    assert ours.loss_ == pytest.approx(
        squared_error(X, [first * theirs.weights, *others]), rel=1e-7
    )


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_pyttb_mttkrp(pyttb, start, mode):
    X = draw().X
    theirs = pyttb.tensor(X).mttkrp(list(start), mode)
    np.testing.assert_allclose(contraction.mttkrp(X, start, mode), theirs, rtol=1e-10)
