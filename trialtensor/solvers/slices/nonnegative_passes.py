"""Non-negative SliceTCA of complete data that is read in passes.

Restarts run on a surrogate of the data, within leading directions of each axis. Then the best goes
on: a pass adds its loadings to the directions, so that all that the slices need of the data is
exact, and what the slices show of directions outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes import Job, Passes
from trialtensor.solvers.passes.jobs import Contract, Correlate
from trialtensor.solvers.passes.several import Several
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.slices.complete import CompleteSweeps, norm2_of
from trialtensor.solvers.slices.contraction import Components, Triple, as_triple, contract
from trialtensor.solvers.slices.sketch import turns
from trialtensor.solvers.slices.space import Space
from trialtensor.solvers.slices.surrogate import Surrogate

# Directions of an axis to keep when there are more, and passes at most.
_KEPT, _PASSES = 48, 20
# A fit is left behind that wouldn't win if it gained this many times what it last did.
_HOPE = 20.0

# Sweeps on from a model, on a surrogate, with at most so many sweeps.
GoOn = Callable[[CompleteSweeps, Components, int], SolverResult[Components]]


@dataclass(eq=False)
class Fit:
    """A fit that goes on from the surrogate to the data.

    Attributes
    ----------
    model : Components
    n_iter : int
    outside : three (n_axis, R) arrays
        What the slices showed of directions outside of the space in the last pass.
    best : Components
    history : list of floats
        Loss of the data itself, after each pass.
    gain : float
        Of the last pass.
    done : bool
    """

    model: Components
    n_iter: int
    outside: Triple
    best: Components
    history: list[float] = field(default_factory=list)
    gain: float = np.inf
    done: bool = False

    def record(self, loss: float, tol: float) -> None:
        """Take note of the loss of the data.

        Parameters
        ----------
        loss : float
        tol : float
        """
        before = self.history[-1] if self.history else np.inf
        self.gain = before - loss
        self.history.append(min(before, loss))
        if self.gain >= 0:
            self.best = self.model
        self.done = self.gain <= tol * loss

    @property
    def result(self) -> SolverResult[Components]:
        """The best model so far."""
        reason = StopReason.CONVERGED if self.done else StopReason.MAX_ITER
        return SolverResult(
            self.best, self.history[-1], np.array(self.history), self.n_iter, reason
        )


def refine(
    X: Passes,
    norm2: float,
    space: Space,
    found: Sequence[SolverResult[Components]],
    go_on: GoOn,
    max_iter: int,
    tol: float,
) -> list[SolverResult[Components]]:
    """Continue fits from the surrogate to the data.

    Parameters
    ----------
    X : Passes
    norm2 : float
        Sum of squares of the data.
    space : Space
        Whose surrogate the fits are of.
    found : sequence of SolverResult
    go_on : callable
    max_iter : int
        Of all sweeps of a fit.
    tol : float
        Passes end when one lowers the loss by less than ``tol`` times the loss.

    Returns
    -------
    list of SolverResult
        With losses of the data itself.
    """
    nothing = as_triple([np.zeros((n, 0)) for n in X.shape])
    space = replace(space, sums=as_triple([as_numpy(each) for each in space.sums]))
    fits = [Fit(each.factors, each.n_iter, nothing, each.factors) for each in found]
    going = fits
    for _ in range(_PASSES):
        space, surrogate = _extended(X, space, going)
        for fit in going:
            # Its loadings lie within the directions now, so this is exact.
            fit.record(loss_of(surrogate, norm2, fit.model), tol)
        lowest = min(fit.history[-1] for fit in fits)
        going = [
            fit
            for fit in going
            if not fit.done
            and fit.n_iter < max_iter
            and fit.history[-1] - _HOPE * fit.gain <= lowest
        ]
        if not going:
            break
        for fit in going:
            after = go_on(CompleteSweeps(surrogate, norm2), fit.model, max_iter - fit.n_iter)
            fit.model, fit.n_iter = after.factors, fit.n_iter + after.n_iter
    return [fit.result for fit in fits]


def loss_of(surrogate: Surrogate, norm2: float, model: Components) -> float:
    """Return the loss of a model whose loadings lie within the directions.

    Parameters
    ----------
    surrogate : Surrogate
    norm2 : float
        Sum of squares of the data.
    model : Components
    """
    inner = 0.0
    for axis, (loading, slices) in enumerate(zip(*model, strict=True)):
        with_data = contract(surrogate, axis, loading)
        inner += float(np.sum(with_data.astype(np.float64, copy=False) * slices))
    return max(norm2 - 2 * inner + norm2_of(model), 0.0)


def _extended(X: Passes, space: Space, fits: Sequence[Fit]) -> tuple[Space, Surrogate]:
    """Add the loadings of fits, and what their slices showed before, to the directions.

    What their slices show of directions outside now is noted for the next pass.
    """
    space = _with_room(space, fits)
    pairs = [pair for fit in fits for pair in (fit.model.loadings, fit.outside)]
    new = space.outside([np.concatenate(each, axis=1) for each in zip(*pairs, strict=True)])
    jobs: list[Job] = [Contract(axis, each) for axis, each in enumerate(new)]
    jobs += [Correlate(a, each) for fit in fits for a, each in enumerate(fit.model.slices)]
    by_trial, by_neuron, by_time, *seen = X.run(Several(jobs))
    turned = (np.ascontiguousarray(each.swapaxes(0, 1)) for each in (by_neuron, by_time))
    sums = as_triple([by_trial, *turned])
    # Images are for exact steps only.
    nothing = as_triple([np.zeros_like(each) for each in new])
    space = space.joined(new, sums, nothing, space.trials)
    surrogate = Surrogate.of(space, X.dtype)
    for i, fit in enumerate(fits):
        own = zip(seen[3 * i : 3 * i + 3], fit.model.slices, strict=True)
        fit.outside = as_triple(
            [
                (each - surrogate.correlate(axis, slices)).astype(np.float64)
                for axis, (each, slices) in enumerate(own)
            ]
        )
    return space, surrogate


def _with_room(space: Space, fits: Sequence[Fit]) -> Space:
    """Drop the weakest directions if there are many."""
    if max(space.sizes) <= _KEPT:
        return space
    kept = [
        basis.T @ np.concatenate([fit.best.loadings[axis] for fit in fits], axis=1)
        for axis, basis in enumerate(space.bases)
    ]
    return space.turned(turns(space, kept, [min(m, _KEPT) for m in space.sizes]))
