"""SliceTCA compared with slicetca: whole fits, the gauge, and held-out entries."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import Row, Run, clock
from trialtensor import SliceTCA
from trialtensor.data import SyntheticData, make_slicetca
from trialtensor.solvers.slices import Components, fix_gauge
from trialtensor.solvers.slices.gauge import sum_of_part_norms

SHAPE = (150, 80, 90)
RANKS = (2, 3, 2)
BLOCK = 10
HELD_OUT = 0.2


def planted(shape: tuple[int, int, int] = SHAPE) -> SyntheticData:
    """Make data with noise of half the signal's amplitude, in float32 as slicetca documents."""
    data = make_slicetca(*shape, RANKS, snr=4.0, random_state=0)
    return SyntheticData(data.X.astype(np.float32), data.signal, None)


def train_mask(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Draw a mask that is False in whole blocks of bins of single trials of single neurons."""
    n_trials, n_neurons, n_times = shape
    rng = np.random.default_rng(seed)
    mask = np.ones(shape, bool)
    n_blocks = n_times // BLOCK
    held_out = rng.random((n_trials, n_neurons, n_blocks)) < HELD_OUT * n_times / (n_blocks * BLOCK)
    mask[:, :, : n_blocks * BLOCK] = ~np.repeat(held_out, BLOCK, axis=2)
    return mask


def compare(n_runs: int) -> list[Row]:
    """Compare on complete data, the gauge of the peer's own fits, and held-out entries."""
    import torch

    torch.set_num_threads(1)
    data = planted()
    _warm_up(data.X)
    peer_runs, models = [], []
    for seed in range(n_runs):
        model, seconds, cpu = clock(lambda s=seed: _peer_fit(data.X, s))
        models.append(model)
        peer_runs.append(
            Run(seconds, cpu, _error(data.X, _rebuilt(model)), sweeps=len(model.losses))
        )
    lowest = min(run.loss for run in peer_runs)
    rows = []
    for n_init, required in ((1, 200.0), (SliceTCA(RANKS).n_init, None)):
        ours = [
            _our_run(data.X, seed, lowest, lambda m: _error(data.X, m.reconstruct()), n_init=n_init)
            for seed in range(n_runs)
        ]
        best = min(lowest, *(run.loss for run in ours))
        name = "SliceTCA fit" if n_init == 1 else f"SliceTCA fit, ours with {n_init} restarts"
        rows.append(Row(name, "slicetca", ours, peer_runs, best, required))
    return [*rows, _compare_gauge(models), _compare_held_out(data, n_runs)]


def _compare_gauge(models: list[Any]) -> Row:
    """Compare the loss that both gauges minimise: the sum of squared norms of the three parts."""
    from slicetca import invariance

    ours, theirs = [], []
    for model in models:
        given = _components(model)
        fixed, seconds, cpu = clock(lambda g=given: fix_gauge(*g))
        objective = sum_of_part_norms(fixed)
        turned = copy.deepcopy(model)
        _, peer_seconds, peer_cpu = clock(lambda t=turned: _quietly(lambda: invariance(t)))
        peer_objective = sum_of_part_norms(_components(turned))
        ours.append(Run(seconds, cpu, objective, reached=objective <= peer_objective))
        theirs.append(Run(peer_seconds, peer_cpu, peer_objective))
    best = min(run.loss for run in (*ours, *theirs))
    return Row("gauge of its fit", "invariance", ours, theirs, best, 100.0)


def _compare_held_out(data: SyntheticData, n_runs: int) -> Row:
    """Compare fits by the squared error of the held-out entries, shown as the loss."""
    ours, theirs = [], []
    for seed in range(n_runs):
        mask = train_mask(data.X.shape, seed)
        model, seconds, cpu = clock(lambda s=seed, m=mask: _peer_fit(data.X, s, m))
        error = _error(data.X, _rebuilt(model), ~mask)
        theirs.append(Run(seconds, cpu, error, sweeps=len(model.losses)))
        ours.append(
            _our_run(
                data.X,
                seed,
                error,
                lambda m, held_out=~mask: _error(data.X, m.reconstruct(), held_out),
                mask=mask,
                n_init=1,
            )
        )
    best = min(run.loss for run in (*ours, *theirs))
    return Row("SliceTCA, 20 % held out", "slicetca", ours, theirs, best, 30.0)


def _our_run(
    X: np.ndarray,
    seed: int,
    target: float,
    error: Callable[[SliceTCA], float],
    *,
    mask: np.ndarray | None = None,
    n_init: int,
) -> Run:
    model = SliceTCA(RANKS, n_init=n_init, random_state=seed)
    _, seconds, cpu = clock(lambda: model.fit(X, mask=mask))
    loss = error(model)
    return Run(seconds, cpu, loss, loss <= target, model.n_iter_)


def _peer_fit(X: np.ndarray, seed: int, mask: np.ndarray | None = None) -> Any:
    """Run slicetca as in its documentation: all defaults, until it stops."""
    import slicetca
    import torch

    given = None if mask is None else torch.tensor(mask)
    return slicetca.decompose(torch.tensor(X), RANKS, mask=given, seed=seed, progress_bar=False)[1]


def _components(model: Any) -> Components:
    pairs = [
        (np.asarray(u, float), np.asarray(s, float)) for u, s in model.get_components(numpy=True)
    ]
    (u, a), (v, b), (w, c) = pairs
    return Components((u.T, v.T, w.T), (a, b, c))


def _rebuilt(model: Any) -> np.ndarray:
    return model.construct().detach().numpy()


def _error(X: np.ndarray, rebuilt: np.ndarray, where: np.ndarray | None = None) -> float:
    error = X.astype(float) - rebuilt
    return float(np.sum((error if where is None else error[where]) ** 2))


def _quietly(call: Callable[[], Any]) -> Any:
    """Hide slicetca's progress bar, which can't be turned off."""
    import contextlib
    import os

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        return call()


def _warm_up(X: np.ndarray) -> None:
    """Trigger all compilation and start torch."""
    tiny = np.ascontiguousarray(X[:20, :15, :20])
    mask = train_mask(tiny.shape, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        SliceTCA((1, 1, 1), n_init=1, random_state=0).fit(tiny)
        SliceTCA((1, 1, 1), n_init=1, random_state=0).fit(tiny, mask=mask)
    import slicetca
    import torch

    slicetca.decompose(torch.tensor(tiny), (1, 1, 1), max_iter=5, progress_bar=False)
