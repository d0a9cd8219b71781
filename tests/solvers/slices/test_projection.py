"""The fit of complete data: three subspaces against SVD, dense projectors, other optimisers."""

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

from trialtensor.data import make_slicetca
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices import projection
from trialtensor.solvers.slices.contraction import part, reconstruct
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.subspaces import minimise_projections
from trialtensor.solvers.slices.sweeps import SweepData

RANKS = [(2, 3, 2), (1, 1, 1), (2, 2, 0), (0, 1, 2), (3, 0, 2)]
SVD = Start("svd", 0)
RANDOM = [Start("random", seed) for seed in range(20)]


def noisy(shape=(14, 12, 10), ranks=(2, 3, 2), seed=0, snr=4.0):
    return make_slicetca(*shape, ranks, snr=snr, random_state=seed).X


def fit(X, ranks, starts=(SVD,), *, gauge="minimal-norm", max_iter=2000, tol=1e-10):
    """Every restart's result, best first."""
    options = SliceOptions(ranks, False, gauge, max_iter, tol)
    found = fit_slices(SweepData(X, sum_of_squares(X)), starts, options)
    return [restart.result for restart in found]


def projected_off(X, loadings):
    """What dense projectors off the loadings leave of a tensor."""
    for axis, u in enumerate(loadings):
        off = np.eye(len(u)) - u @ np.linalg.pinv(u)
        X = np.moveaxis(np.tensordot(off, X, axes=(1, axis)), 0, axis)
    return X


def unfold(X, axis):
    return np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1)


def largest_angle(first, second):
    """In degrees, between two subspaces."""
    return float(np.rad2deg(scipy.linalg.subspace_angles(first, second).max()))


@pytest.mark.parametrize("start", [SVD, Start("random", 3)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_one_type_alone_is_a_truncated_singular_value_decomposition(axis, start):
    X = noisy()
    ranks = tuple(3 if i == axis else 0 for i in range(3))
    (found,) = fit(X, ranks, [start])
    left, values, right = np.linalg.svd(unfold(X, axis), full_matrices=False)
    assert found.loss == pytest.approx(np.sum(values[3:] ** 2), rel=1e-10)
    assert largest_angle(found.factors.loadings[axis], left[:, :3]) < 1e-5
    expected = left[:, :3] * values[:3] @ right[:3]
    np.testing.assert_allclose(unfold(reconstruct(found.factors), axis), expected, atol=1e-8)
    # Component by component, up to the sign.
    np.testing.assert_allclose(
        np.abs(np.sum(found.factors.loadings[axis] * left[:, :3], axis=0)), 1, atol=1e-9
    )
    slices = found.factors.slices[axis]
    np.testing.assert_allclose(np.linalg.norm(slices, axis=(1, 2)), values[:3], rtol=1e-9)


@pytest.mark.parametrize("start", [SVD, Start("random", 3)])
@pytest.mark.parametrize("ranks", RANKS)
def test_noiseless_data_is_fitted_to_rounding(ranks, start):
    X = noisy(ranks=ranks, snr=np.inf)
    (found,) = fit(X, ranks, [start], tol=1e-14)
    assert np.sum((X - reconstruct(found.factors)) ** 2) < 1e-13 * np.sum(X**2)
    assert found.stop_reason is StopReason.EXACT


@pytest.mark.parametrize("ranks", RANKS)
def test_the_loss_is_the_residual_and_the_eigenvalues_left_over(ranks):
    X = noisy(ranks=(2, 2, 2), snr=1.0)
    (found,) = fit(X, ranks)
    residual = np.sum((X - reconstruct(found.factors)) ** 2)
    assert found.loss == pytest.approx(residual, rel=1e-10)
    loadings = found.factors.loadings
    assert found.loss == pytest.approx(np.sum(projected_off(X, loadings) ** 2), rel=1e-10)
    for axis, rank in enumerate(ranks):
        others = [u if i != axis else u[:, :0] for i, u in enumerate(loadings)]
        rest = unfold(projected_off(X, others), axis)
        left_over = np.linalg.eigvalsh(rest @ rest.T)[: X.shape[axis] - rank]
        assert np.sum(left_over) == pytest.approx(found.loss, rel=1e-5)


@pytest.mark.parametrize("ranks", RANKS)
def test_slices_are_the_least_squares_ones(ranks):
    """No slices whatever do better for the found loadings: one dense regression."""
    shape = (6, 5, 4)
    X = np.random.default_rng(1).standard_normal(shape)
    ranks = tuple(min(r, 2) for r in ranks)
    (found,) = fit(X, ranks)
    designs = []
    for axis, u in enumerate(found.factors.loadings):
        others = [np.eye(n) for i, n in enumerate(shape) if i != axis]
        design = np.einsum("ir,jp,kq->ijkrpq", u, *others)
        designs.append(np.moveaxis(design, 0, axis).reshape(X.size, -1))
    design = np.concatenate(designs, axis=1)
    fitted = design @ np.linalg.lstsq(design, X.ravel(), rcond=None)[0]
    np.testing.assert_allclose(reconstruct(found.factors).ravel(), fitted, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_never_rises(seed):
    X = np.random.default_rng(seed).standard_normal((14, 12, 10))
    for found in fit(X, (2, 3, 2), [SVD, *RANDOM[:3]], tol=1e-12):
        assert np.all(np.diff(found.loss_history) <= 0)
        assert found.loss == found.loss_history[-1] and found.n_iter >= len(found.loss_history)


def check_planted(shape, ranks, n_starts):
    data = make_slicetca(*shape, ranks, snr=4.0, random_state=0)
    found = fit(data.X, ranks, RANDOM[:n_starts], tol=1e-9)
    losses = np.array([each.loss for each in found])
    # On data of this size, only those that differ after a few sweeps go on to the end.
    done = np.array([each.stop_reason is StopReason.CONVERGED for each in found])
    assert done[0] and np.ptp(losses[done]) < 1e-6 * losses.min()
    assert np.all(np.diff(losses) >= 0)
    noise = np.sum((data.X - data.signal) ** 2)
    assert losses.max() < noise
    for each in np.array(found, dtype=object)[done]:
        for ours, planted in zip(each.factors.loadings, data.loadings, strict=True):
            assert largest_angle(ours, planted) < 5


def test_every_start_finds_the_planted_subspaces():
    check_planted((60, 40, 45), (2, 3, 2), 20)


@pytest.mark.slow
def test_every_start_finds_the_planted_subspaces_of_a_recording():
    check_planted((150, 80, 90), (2, 3, 2), 20)


def test_the_optimum_cannot_be_improved_by_another_optimiser():
    shape, ranks = (6, 5, 4), (1, 2, 1)
    X = np.random.default_rng(2).standard_normal(shape)
    found = fit(X, ranks, [SVD, *RANDOM[:5]], tol=1e-14)[0]
    ends = np.cumsum([n * r for n, r in zip(shape, ranks, strict=True)])

    def loss(x):
        loadings = [
            piece.reshape(n, -1) for piece, n in zip(np.split(x, ends[:-1]), shape, strict=True)
        ]
        return float(np.sum(projected_off(X, loadings) ** 2))

    here = np.concatenate([u.ravel() for u in found.factors.loadings])
    assert loss(here) == pytest.approx(found.loss, rel=1e-10)
    slope = scipy.optimize.approx_fprime(here, loss, 1e-7)
    assert np.abs(slope).max() < 1e-4
    improved = scipy.optimize.minimize(loss, here, method="L-BFGS-B", tol=1e-14)
    assert improved.fun >= found.loss * (1 - 1e-9)
    rng = np.random.default_rng(0)
    elsewhere = [
        scipy.optimize.minimize(loss, rng.standard_normal(len(here)), method="L-BFGS-B").fun
        for _ in range(5)
    ]
    assert min(elsewhere) >= found.loss * (1 - 1e-6)


@pytest.mark.parametrize("gauge", ["trial-first", "neuron-first", "time-first"])
def test_the_gauge_is_only_a_way_to_tell_it(gauge):
    X = noisy(snr=1.0)
    (found,), (other,) = fit(X, (2, 1, 2)), fit(X, (2, 1, 2), gauge=gauge)
    assert other.loss == found.loss
    np.testing.assert_allclose(reconstruct(other.factors), reconstruct(found.factors), atol=1e-10)
    axis = ("trial-first", "neuron-first", "time-first").index(gauge)
    first, minimal = (
        np.sum(part(axis, f.loadings[axis], f.slices[axis]) ** 2)
        for f in (other.factors, found.factors)
    )
    assert first > minimal


def test_float32_reaches_the_loss_of_float64():
    X = noisy((40, 30, 25))
    (double,), (single,) = fit(X, (2, 3, 2)), fit(X.astype(np.float32), (2, 3, 2), tol=1e-6)
    assert {a.dtype for arrays in single.factors for a in arrays} == {np.dtype(np.float32)}
    assert single.loss == pytest.approx(double.loss, rel=1e-4)
    for ours, theirs in zip(single.factors.loadings, double.factors.loadings, strict=True):
        assert largest_angle(ours, theirs) < 0.5


def test_float32_without_noise_stops_at_its_rounding():
    X = noisy((40, 30, 25), snr=np.inf).astype(np.float32)
    (found,) = fit(X, (2, 3, 2), tol=1e-9)
    assert np.sum((X - reconstruct(found.factors)) ** 2) < 1e-5 * np.sum(X**2)
    assert found.stop_reason in (StopReason.EXACT, StopReason.CONVERGED)


# Long axes: the eigenvectors are searched for in a Krylov space.


@pytest.fixture
def every_axis_is_long(monkeypatch):
    monkeypatch.setattr(projection, "_LONG_AXIS", 0)


def krylov_and_dense(monkeypatch, X, ranks, starts=(SVD,), **options):
    dense = fit(X, ranks, starts, **options)
    monkeypatch.setattr(projection, "_LONG_AXIS", 0)
    return fit(X, ranks, starts, **options), dense


def test_long_axes_have_no_gram_matrix(every_axis_is_long):
    X = noisy((30, 12, 20))
    grams = ProjectionProblem.of(X, 1.0, (2, 4, 1)).grams
    # Twelve neurons hold no Krylov space of three blocks of more than four.
    assert [gram is None for gram in grams] == [True, False, True]


@pytest.mark.parametrize("start", [SVD, Start("random", 3)])
@pytest.mark.parametrize("ranks", RANKS)
def test_long_axes_reach_the_same_loss(monkeypatch, ranks, start):
    X = noisy((30, 24, 20), ranks, snr=2.0)
    (long,), (dense,) = krylov_and_dense(monkeypatch, X, ranks, [start])
    assert long.loss == pytest.approx(dense.loss, rel=1e-6)
    assert long.loss == pytest.approx(np.sum((X - reconstruct(long.factors)) ** 2), rel=1e-9)
    assert np.all(np.diff(long.loss_history) <= 0)
    for ours, theirs in zip(long.factors.loadings, dense.factors.loadings, strict=True):
        if ours.shape[1]:
            assert largest_angle(ours, theirs) < 0.5


def test_long_axes_in_float32(monkeypatch):
    X = noisy((30, 24, 20), snr=2.0).astype(np.float32)
    (long,), (dense,) = krylov_and_dense(monkeypatch, X, (2, 3, 2), tol=1e-6)
    assert long.loss == pytest.approx(dense.loss, rel=1e-4)
    for loadings in long.factors.loadings:
        np.testing.assert_allclose(loadings.T @ loadings, np.eye(loadings.shape[1]), atol=1e-5)


def test_long_axes_without_noise(monkeypatch):
    X = noisy((30, 24, 20), snr=np.inf)
    (long,), _ = krylov_and_dense(monkeypatch, X, (2, 3, 2), tol=1e-14)
    assert np.sum((X - reconstruct(long.factors)) ** 2) < 1e-13 * np.sum(X**2)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_long_axis_whose_ends_are_silent(monkeypatch, axis):
    """As the first and the last neurons of a recording may be."""
    X = noisy((30, 24, 20), (2, 2, 2), snr=2.0)
    np.moveaxis(X, axis, 0)[[0, 1, -1]] = 0
    (long,), (dense,) = krylov_and_dense(monkeypatch, X, (2, 2, 2))
    assert long.loss == pytest.approx(dense.loss, rel=1e-6)


@pytest.mark.parametrize("start", [SVD, Start("random", 3)], ids=["svd", "random"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_long_axis_that_is_silent_but_for_a_few(monkeypatch, axis, start):
    X = noisy((30, 24, 20), (2, 2, 2), snr=2.0)
    np.moveaxis(X, axis, 0)[4:] = 0
    (long,), _ = krylov_and_dense(monkeypatch, X, (2, 2, 2), [start])
    for loadings in long.factors.loadings:
        np.testing.assert_allclose(loadings.T @ loadings, np.eye(2), atol=1e-9)
    assert long.loss == pytest.approx(np.sum((X - reconstruct(long.factors)) ** 2), rel=1e-9)


@pytest.mark.parametrize("ranks", [(1, 1, 1), (2, 2, 2)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_long_axis_of_which_one_element_is_all(every_axis_is_long, axis, ranks):
    """Whole numbers: what is left after the first step is zero, without a rounding error."""
    X = np.zeros((30, 24, 20))
    shape = np.delete(X.shape, axis)
    np.moveaxis(X, axis, 0)[0] = np.random.default_rng(2).integers(-3, 4, shape)
    (found,) = fit(X, ranks)
    assert found.stop_reason is StopReason.EXACT
    np.testing.assert_allclose(reconstruct(found.factors), X, atol=1e-12)
    for loadings, rank in zip(found.factors.loadings, ranks, strict=True):
        np.testing.assert_allclose(loadings.T @ loadings, np.eye(rank), atol=1e-12)


def interrupt(monkeypatch, at):
    """Ctrl-C in a given update of one axis; there are three in a sweep."""
    update, calls = ProjectionProblem.best_loadings, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return update(self, *args)

    monkeypatch.setattr(ProjectionProblem, "best_loadings", interrupted)


@pytest.mark.parametrize("at", [7, 8, 9])
def test_an_interrupt_keeps_the_last_whole_sweep(monkeypatch, at):
    X = noisy(snr=1.0)
    problem = ProjectionProblem.of(X, sum_of_squares(X), (2, 3, 2))
    start = tuple(np.zeros((n, r)) for n, r in zip(X.shape, (2, 3, 2), strict=True))
    whole = minimise_projections(problem, start, max_iter=2, tol=0.0)
    interrupt(monkeypatch, at)
    found = minimise_projections(problem, start, max_iter=100, tol=0.0)
    assert found.stop_reason is StopReason.INTERRUPTED and found.n_iter == 2
    assert found.loss == whole.loss == found.loss_history[-1]
    assert found.loss == pytest.approx(np.sum(projected_off(X, found.factors) ** 2), rel=1e-10)


@pytest.mark.parametrize("at", [1, 3])
def test_an_interrupt_in_the_first_sweep_is_passed_on(monkeypatch, at):
    interrupt(monkeypatch, at)
    with pytest.raises(KeyboardInterrupt):
        fit(noisy(), (2, 3, 2))


def test_an_interrupted_fit_has_the_restarts_that_were_done(monkeypatch):
    X = noisy(snr=1.0)
    n_first = fit(X, (2, 3, 2))[0].n_iter
    interrupt(monkeypatch, 3 * n_first + 4)
    found = fit(X, (2, 3, 2), [SVD, *RANDOM])
    assert len(found) == 2
    assert found[0].stop_reason is StopReason.INTERRUPTED


def test_too_few_sweeps_are_told():
    (found,) = fit(np.random.default_rng(0).standard_normal((14, 12, 10)), (2, 3, 2), max_iter=2)
    assert found.stop_reason is StopReason.MAX_ITER and found.n_iter == 2


def test_the_same_start_gives_the_same_bits():
    X = noisy()
    first, again = (fit(X, (2, 3, 2), RANDOM[:1])[0] for _ in range(2))
    for one, two in zip(first.factors.slices, again.factors.slices, strict=True):
        assert one.tobytes() == two.tobytes()
