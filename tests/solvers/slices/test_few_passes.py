"""Complete data in passes: the fit of an array in memory, in few passes."""

import array_api_strict
import numpy as np
import pytest

from trialtensor.data import make_slicetca
from trialtensor.solvers.passes.block import Block
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices import few_passes, restarts
from trialtensor.solvers.slices.contraction import reconstruct
from trialtensor.solvers.slices.diagnostics import subspace_overlap
from trialtensor.solvers.slices.new_trials import solve_trials
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.sweeps import SweepData

SVD = [Start("svd", seed) for seed in range(10)]
RANKS = [(2, 3, 2), (2, 2, 0), (0, 1, 2), (3, 0, 2), (3, 0, 0), (0, 2, 0), (0, 0, 2)]


def noisy(shape=(50, 40, 45), ranks=(2, 3, 2), snr=2.0, dtype=np.float64):
    return make_slicetca(*shape, ranks, snr=snr, random_state=0).X.astype(dtype)


def fit(X, ranks, starts=SVD, *, tol=1e-6, max_iter=2000):
    options = SliceOptions(ranks, False, "minimal-norm", max_iter, tol)
    norm2 = X.norm2() if isinstance(X, (MemoryPasses, ChunkedPasses)) else sum_of_squares(X)
    return fit_slices(SweepData(X, norm2), starts, options)


def in_memory(X, n_entries):
    return MemoryPasses(X, n_entries=n_entries)


def from_file(X, n_entries):
    return ChunkedPasses(X, X.dtype, block_bytes=X.itemsize * n_entries)


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize(
    "make, n_entries", [(in_memory, 2000), (in_memory, 10**7), (from_file, 30_000)]
)
def test_loss_and_subspaces_are_those_of_memory(ranks, make, n_entries):
    X = noisy()
    best, found = fit(X, ranks, tol=1e-12)[0], fit(make(X, n_entries), ranks, tol=1e-12)[0]
    assert found.result.loss == pytest.approx(best.result.loss, rel=1e-10)
    ours, theirs = found.result.factors, best.result.factors
    assert subspace_overlap(ours.loadings, theirs.loadings) == pytest.approx(1, abs=1e-8)
    np.testing.assert_allclose(reconstruct(ours), reconstruct(theirs), atol=1e-3 * X.std())
    residual = np.sum((X - reconstruct(ours)) ** 2)
    assert found.result.loss == pytest.approx(residual, rel=1e-12)


def test_float32_has_the_loss_of_memory():
    X = noisy(dtype=np.float32)
    best, found = fit(X, (2, 3, 2))[0].result, fit(from_file(X, 20_000), (2, 3, 2))[0].result
    assert {a.dtype for arrays in found.factors for a in arrays} == {np.dtype(np.float32)}
    assert found.loss == pytest.approx(best.loss, rel=1e-5)


@pytest.mark.parametrize("snr", [4.0, 0.5, 0.1])
def test_ten_restarts_read_the_data_about_ten_times(snr):
    X = noisy((80, 60, 50), (2, 2, 2), snr)
    passes = from_file(X, 40_000)
    fit(passes, (2, 2, 2))
    assert passes.n_reads <= 15


def test_noise_alone_is_read_less_than_thirty_times():
    X = np.random.default_rng(0).standard_normal((60, 50, 40))
    passes = from_file(X, 40_000)
    best, found = fit(X, (2, 2, 2))[0].result, fit(passes, (2, 2, 2))[0].result
    assert passes.n_reads < 30
    assert found.loss == pytest.approx(best.loss, rel=1e-4)


def test_the_same_seeds_give_the_same_bits():
    X = noisy()
    first, second = (fit(from_file(X, 9000), (2, 2, 2))[0].result for _ in range(2))
    assert first.loss == second.loss
    for arrays in zip(
        (*first.factors.loadings, *first.factors.slices),
        (*second.factors.loadings, *second.factors.slices),
        strict=True,
    ):
        np.testing.assert_array_equal(*arrays)


def test_training_trials_are_what_new_trials_would_be():
    X = noisy(snr=0.3)
    passes = from_file(X, 9000)
    model = fit(passes, (2, 2, 2))[0].result.factors
    for data in (SweepData(X, 1.0), SweepData(passes, 1.0)):
        again = solve_trials(data, model, nonnegative=False, gauge="minimal-norm")
        for ours, theirs in (
            (model.loadings[0], again.loadings[0]),
            *zip(model.slices[1:], again.slices[1:], strict=True),
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)
    u = model.loadings[0]
    np.testing.assert_allclose(u.T @ u, np.eye(2), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_noiseless_data_is_fitted_to_rounding(dtype):
    X = noisy(snr=np.inf, dtype=dtype)
    found = fit(in_memory(X, 9000), (2, 3, 2))[0].result
    assert found.stop_reason is StopReason.EXACT
    assert found.loss < 10 * np.finfo(dtype).eps * np.sum(X**2)


def test_random_and_given_starts():
    X = noisy(snr=0.5)
    best = fit(X, (2, 2, 2))[0].result
    random = fit(in_memory(X, 9000), (2, 2, 2), [Start("random", seed) for seed in range(5)])
    assert random[0].result.loss == pytest.approx(best.loss, rel=1e-5)
    start = Start("given", factors=best.factors.loadings)
    passes = from_file(X, 9000)
    (given,) = fit(passes, (2, 2, 2), [start])
    assert given.result.loss <= best.loss * (1 + 1e-12)


def test_losses_never_rise_and_sweeps_are_limited():
    X = noisy(snr=0.3)
    for each in fit(in_memory(X, 9000), (2, 2, 2)):
        assert np.all(np.diff(each.result.loss_history) <= 0)
        assert each.result.loss == each.result.loss_history[-1]
    for most in (1, 5):
        for each in fit(in_memory(X, 9000), (2, 2, 2), max_iter=most):
            assert each.result.n_iter <= most
            assert each.result.stop_reason is StopReason.MAX_ITER
            assert not each.on_full_data


def test_restarts_that_differ_go_on_by_themselves():
    found = fit(in_memory(noisy(snr=0.1), 9000), (1, 1, 1))
    assert len(found) == len(SVD)
    losses = [each.result.loss for each in found]
    assert losses == sorted(losses)
    # Those that came to rest at the same place share their result.
    on_full_data = [id(each.result) for each in found if each.on_full_data]
    assert found[0].on_full_data and len(set(on_full_data)) == len(on_full_data)


def test_few_directions_at_a_time_lead_to_the_same_place(monkeypatch):
    X = noisy(snr=0.5)
    best = fit(X, (2, 2, 2), tol=1e-10)[0].result
    monkeypatch.setattr(few_passes, "_MOST", 12)
    found = fit(in_memory(X, 9000), (2, 2, 2), tol=1e-10)[0].result
    assert found.loss == pytest.approx(best.loss, rel=1e-7)


class OnDevice(MemoryPasses):
    """Blocks of another array library, whose results stay there if they can."""

    def trials(self, part):
        return Block(part, array_api_strict.asarray(self.X[part]))

    def run_there(self, job):
        return job(self.trials(slice(0, len(self))))


def test_results_may_stay_in_another_array_library():
    X = noisy(snr=0.5)
    best, found = (fit(kind(X), (2, 2, 2))[0].result for kind in (MemoryPasses, OnDevice))
    assert found.loss == pytest.approx(best.loss, rel=1e-10)
    assert all(isinstance(a, np.ndarray) for arrays in found.factors for a in arrays)


class Interrupted(MemoryPasses):
    n_left = 0

    def run(self, job):
        self.n_left -= 1
        if self.n_left < 0:
            raise KeyboardInterrupt
        return super().run(job)


def test_after_an_interruption_the_best_so_far_is_there():
    X = noisy(snr=0.3)
    passes = Interrupted(X)
    passes.n_left = 5
    found = fit_slices(
        SweepData(passes, sum_of_squares(X)),
        SVD,
        SliceOptions((2, 2, 2), False, "minimal-norm", 2000, 1e-12),
    )
    assert found[0].result.stop_reason is StopReason.INTERRUPTED
    residual = np.sum((X - reconstruct(found[0].result.factors)) ** 2)
    assert found[0].result.loss == pytest.approx(residual, rel=1e-3)
    passes.n_left = 2
    with pytest.raises(KeyboardInterrupt):
        fit_slices(
            SweepData(passes, 1.0), SVD, SliceOptions((2, 2, 2), False, "minimal-norm", 9, 1e-6)
        )


def test_large_arrays_take_few_passes_to_the_same_loss(monkeypatch):
    X = noisy((400, 20, 30), snr=0.5)
    found = fit(X, (2, 1, 2), tol=1e-10)
    monkeypatch.setattr(restarts, "_LONG_AXIS", 1000)
    exact = fit(X, (2, 1, 2), tol=1e-10)
    assert found[0].result.loss == pytest.approx(exact[0].result.loss, rel=1e-9)
    overlap = subspace_overlap(found[0].result.factors.loadings, exact[0].result.factors.loadings)
    assert overlap == pytest.approx(1, abs=1e-7)
