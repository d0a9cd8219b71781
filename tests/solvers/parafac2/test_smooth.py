"""Patterns that change little between blocks: each step, the loss, and planted drifts."""

import numpy as np
import pytest
import xarray

from tests.solvers.test_degeneracy import without_a_best_fit
from trialtensor import Parafac2, load
from trialtensor.models.warnings import DegeneracyWarning
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.parafac2.smooth import SmoothBlocks
from trialtensor.solvers.result import StopReason

N_BLOCKS, PER_BLOCK = 6, 8


def drifting(speed, seed=0, n_neurons=15, n_times=12, noise=3.0):
    """Blocks of trials whose patterns turn by ``speed`` radians a block; None: new ones each."""
    rng = np.random.default_rng(seed)
    cross = np.array([[1.0, 0.3], [0.0, 0.95]])
    start, away = np.split(np.linalg.qr(rng.standard_normal((n_neurons, 4)))[0], 2, axis=1)
    parts = []
    for b in range(N_BLOCKS):
        turned = np.linalg.qr(rng.standard_normal((n_neurons, 2)))[0]
        if speed is not None:
            turned = np.cos(speed * b) * start + np.sin(speed * b) * away
        parts.append(turned @ cross)
    labels = np.repeat(np.arange(N_BLOCKS), PER_BLOCK)
    trial = 1 + 0.6 * rng.standard_normal((len(labels), 2))
    time = np.exp(-((np.arange(n_times)[:, None] - np.array([3, 8])) ** 2) / 8)
    told = np.einsum("kr,knr,tr->knt", trial, np.array(parts)[labels], time)
    return told + noise * told.std() * rng.standard_normal(told.shape), labels, told


def fit(X, labels, **options):
    return Parafac2(2, **{"n_init": 3, "random_state": 0} | options).fit(X, blocks=labels)


def error(model, told):
    return np.linalg.norm(model.reconstruct() - told) / np.linalg.norm(told)


@pytest.mark.parametrize("masked", [False, True])
def test_every_step_is_a_minimum_and_the_loss_is_that_of_the_model(masked):
    X, _, _ = drifting(0.1)
    rng = np.random.default_rng(1)
    blocks = np.split(X, N_BLOCKS)
    seen = [rng.random(each.shape) < 0.8 if masked else None for each in blocks]
    problem = SmoothBlocks(blocks, seen, 5.0)
    factors = tuple(rng.standard_normal((n, 2)) for n in (len(X), 2, 12))
    patterns = np.linalg.qr(rng.standard_normal((N_BLOCKS, 15, 2)))[0]
    arrays, losses = (*factors, patterns), []
    for _ in range(15):
        arrays, loss = problem.sweep(arrays, RowUpdater((False,) * 4))
        losses.append(loss)
    assert (np.diff(losses) <= 1e-10 * losses[0]).all()
    trial, cross, shared, patterns = arrays
    parts = patterns @ cross
    told = np.einsum("bkr,bnr,tr->bknt", trial.reshape(N_BLOCKS, -1, 2), parts, shared)
    known = np.array(
        [np.ones(x.shape) if m is None else m for x, m in zip(blocks, seen, strict=True)]
    )
    expected = np.sum(known * (np.array(blocks) - told) ** 2)
    # The penalty, from what each trial would be with the patterns of the next block.
    for change in np.diff(parts, axis=0):
        moved = np.einsum("kr,nr,tr->knt", trial, change, shared)
        expected += 5.0 * np.sum(moved**2) / len(X)
    assert loss == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(
        np.matmul(patterns.swapaxes(1, 2), patterns),
        np.tile(np.eye(2), (N_BLOCKS, 1, 1)),
        atol=1e-9,
    )
    if not masked:  # the shared factor came last
        for _ in range(20):
            moved = (trial, cross, shared + 1e-3 * rng.standard_normal(shared.shape), patterns)
            assert problem.loss(moved) >= loss


def test_slow_drifts_are_followed_better_and_jumps_are_not_smoothed():
    X, labels, told = drifting(0.05)
    smooth, free = fit(X, labels), fit(X, labels, smoothness=0)
    assert smooth.smoothness_ >= 1
    assert error(smooth, told) < 0.85 * error(free, told)
    X, labels, told = drifting(None, noise=1.0)
    smooth, free = fit(X, labels), fit(X, labels, smoothness=0)
    assert smooth.smoothness_ <= 0.25
    assert error(smooth, told) < 1.02 * error(free, told)


def test_inner_products_stay_the_same_and_transform_and_files_hold(tmp_path):
    X, labels, _ = drifting(0.1)
    model = fit(X, labels, smoothness=2)
    assert model.smoothness_ == 2
    for part in model.neuron_factors_:
        np.testing.assert_allclose(part.T @ part, model.cross_product_, atol=1e-8)
    assert (np.diff(model.loss_history_) <= 1e-9 * model.loss_).all()
    np.testing.assert_allclose(model.transform(X, blocks=labels), model.trial_factors_, atol=1e-8)
    model.save(tmp_path / "model.h5")
    again = load(tmp_path / "model.h5")
    assert again.smoothness_ == 2
    np.testing.assert_array_equal(again.reconstruct(), model.reconstruct())


def test_blocks_in_arrays_of_their_own_are_tied_alike_unless_neurons_differ():
    X, labels, _ = drifting(0.05)
    days = [X[labels == b] for b in range(N_BLOCKS)]
    whole, apart = fit(X, labels), Parafac2(2, n_init=3, random_state=0).fit(days)
    assert apart.smoothness_ == whole.smoothness_ > 0
    np.testing.assert_allclose(apart.reconstruct(), np.array(np.split(whole.reconstruct(), 6)))
    # The labels of neurons say that they are others.
    for kind, tied in (("same", True), ("other", False)):
        named = [
            xarray.DataArray(
                day,
                dims=("trial", "neuron", "time"),
                coords={"neuron": [f"{i}{b if kind == 'other' else ''}" for i in range(15)]},
            )
            for b, day in enumerate(days)
        ]
        model = Parafac2(2, n_init=3, random_state=0).fit(named)
        assert (model.smoothness_ > 0) is tied
    with pytest.raises(ValueError, match="smoothness: got 2"):
        Parafac2(2, smoothness=2).fit(named)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_components_that_cancel_are_found_with_the_penalty_too(dtype):
    X = without_a_best_fit(1).astype(dtype)
    # A loose tolerance stops where only further sweeps tell where components go.
    for tol in (1e-4, 1e-6):
        with pytest.warns(DegeneracyWarning):
            model = Parafac2(2, smoothness=1, n_init=2, tol=tol, random_state=0).fit(
                X, blocks=[0] * 15 + [1] * 15
            )
        assert model.stop_reason_ is StopReason.DEGENERATE
    X, labels, _ = drifting(0.1)
    assert fit(X, labels, smoothness=2).stop_reason_ is StopReason.CONVERGED


def test_zero_and_blocks_that_cannot_be_tied_are_the_fit_without_a_penalty():
    X, labels, _ = drifting(None, noise=0.3)
    free = fit(X, labels, smoothness=0)
    assert free.smoothness_ == 0
    sessions = [X[labels == b][:, : 10 + b] for b in range(N_BLOCKS)]
    several = Parafac2(2, n_init=2, random_state=0).fit(sessions)
    assert several.smoothness_ == 0
    with pytest.raises(ValueError, match="smoothness: got 3"):
        Parafac2(2, smoothness=3).fit(sessions)
    with pytest.raises(ValueError, match="smoothness"):
        Parafac2(2, smoothness=-1).fit(X, blocks=labels)
