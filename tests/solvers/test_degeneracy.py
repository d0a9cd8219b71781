"""The verdict on components that cancel each other."""

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA, Parafac2, TrialVaryingDynamics
from trialtensor.models.warnings import DegeneracyWarning
from trialtensor.solvers.diagnostics import coupled_cosine, triple_cosine
from trialtensor.solvers.result import StopReason

SHAPE = (30, 14, 15)


def without_a_best_fit(seed, shape=SHAPE, noise=0.3):
    """A tensor of rank 3 that is the limit of tensors of rank 2 (de Silva & Lim 2008), and noise.

    Its best model of two components lies at infinity.
    """
    rng = np.random.default_rng(seed)
    a, b, c = (np.linalg.qr(rng.standard_normal((n, 2)))[0] for n in shape)
    sums = [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
    X = sum(np.einsum("k,n,t->knt", a[:, i], b[:, j], c[:, k]) for i, j, k in sums)
    return X / X.std() + noise * rng.standard_normal(shape)


def nearly_opposite(seed, apart=0.2):
    """Two true components that are nearly opposite, and the cosine between them."""
    rng = np.random.default_rng(seed)
    factors = []
    for n in (20, 15, 18):
        one = rng.standard_normal((n, 1))
        factors.append(np.hstack([one, one + apart * rng.standard_normal((n, 1))]))
    factors[0][:, 1] *= -1
    X = np.einsum("kr,nr,tr->knt", *factors)
    return X / X.std() + 0.05 * rng.standard_normal(X.shape), triple_cosine(tuple(factors))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.filterwarnings("ignore::trialtensor.models.warnings.DegeneracyWarning")
def test_a_fit_without_a_minimum_is_degenerate(seed):
    X = without_a_best_fit(seed)
    model = TCA(2, n_init=3, random_state=0).fit(X)
    assert model.stop_reason_ is StopReason.DEGENERATE
    assert all(each.stop_reason is StopReason.DEGENERATE for each in model.restarts_)
    # A smaller tolerance takes it farther, so the first had not converged to anything.
    finer = TCA(2, n_init=1, tol=1e-10, max_iter=4000, random_state=0).fit(X)
    assert finer.stop_reason_ is StopReason.DEGENERATE
    assert 1 + finer.triple_cosine_ < 0.6 * (1 + model.triple_cosine_)


@pytest.mark.parametrize("max_iter", [300, 1000])
@pytest.mark.filterwarnings("ignore::trialtensor.models.warnings.DegeneracyWarning")
def test_more_sweeps_are_no_remedy(max_iter):
    model = TCA(2, n_init=1, max_iter=max_iter, tol=0, random_state=0)
    assert model.fit(without_a_best_fit(1, noise=0.5)).stop_reason_ is StopReason.DEGENERATE


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore::trialtensor.models.warnings.DegeneracyWarning")
def test_true_components_that_are_nearly_opposite_are_not(seed):
    X, cosine = nearly_opposite(seed)
    model = TCA(2, n_init=2, random_state=0).fit(X)
    assert model.stop_reason_ is StopReason.CONVERGED
    assert model.triple_cosine_ == pytest.approx(cosine, abs=0.03)


@pytest.mark.parametrize(
    "fit",
    [
        lambda X: CoupledTCA(2, n_init=2, random_state=0).fit({"a": 100 * X[:, :7], "b": X[:, 7:]}),
        lambda X: Parafac2(2, n_init=2, random_state=0).fit(X, blocks=[0] * 15 + [1] * 15),
        lambda X: TCA(2, n_init=2, random_state=0).fit(np.where(X > 2, np.nan, X)),
        lambda X: TCA(2, n_init=2, random_state=0).fit(X.astype(np.float32)),
        lambda X: TCA(2, n_init=2, nonnegative=["time"], random_state=0).fit(X),
    ],
    ids=["coupled", "parafac2", "missing", "float32", "one axis non-negative"],
)
def test_all_kinds_have_the_verdict(fit):
    X = without_a_best_fit(1)
    with pytest.warns(DegeneracyWarning, match="cancel") as caught:
        model = fit(X)
    assert len(caught) == 1
    assert model.stop_reason_ is StopReason.DEGENERATE and model.triple_cosine_ < -0.8


@pytest.mark.parametrize(("seed", "degenerate"), [(2, True), (3, True), (1, False)])
@pytest.mark.filterwarnings("ignore::trialtensor.models.warnings.DegeneracyWarning")
def test_dynamics_have_it_too(seed, degenerate):
    rng = np.random.default_rng(seed)
    W = without_a_best_fit(seed, (40, 6, 6), noise=0)
    W *= 0.9 / np.abs(np.linalg.eigvals(W)).max()
    X = rng.standard_normal((40, 6, 30))
    for t in range(29):
        step = rng.standard_normal((40, 6))
        X[:, :, t + 1] = np.einsum("knm,km->kn", W, X[:, :, t]) + step
    model = TrialVaryingDynamics(2, n_init=2, random_state=0).fit(X)
    assert (model.stop_reason_ is StopReason.DEGENERATE) is degenerate
    finer = TrialVaryingDynamics(2, n_init=1, tol=1e-9, random_state=0).fit(X)
    assert (finer.triple_cosine_ < -0.99) is degenerate


def test_the_cosine_over_several_tensors_is_that_of_whole_components():
    rng = np.random.default_rng(0)
    trial = rng.standard_normal((6, 2))
    blocks = [(trial, rng.standard_normal((n, 2)), rng.standard_normal((5, 2))) for n in (3, 4)]
    whole = np.concatenate(
        [np.einsum("kr,nr,tr->rknt", *each).reshape(2, -1) for each in blocks], 1
    )
    expected = whole[0] @ whole[1] / np.prod(np.linalg.norm(whole, axis=1))
    assert coupled_cosine(blocks) == pytest.approx(expected)
    assert coupled_cosine(blocks[:1]) == pytest.approx(triple_cosine(blocks[0]))
