"""The fit of complete data that is read in passes: as few of them as possible.

All restarts run within some directions of each axis, where a step needs no data. Then the
directions grow by those in which the loss falls fastest, three axes in one pass, as in the methods
of Lanczos and Davidson for eigenvectors (Knyazev 2001, "Toward the optimal preconditioned
eigensolver: locally optimal block preconditioned conjugate gradient method"), and the fits go on
within the larger space. No eigenproblem is larger than the number of directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trialtensor.solvers.passes import Passes
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.slices.contraction import Triple, as_triple
from trialtensor.solvers.slices.inside import Inside
from trialtensor.solvers.slices.sketch import turns
from trialtensor.solvers.slices.space import Space, taken
from trialtensor.solvers.slices.subspaces import ORDER, minimise_projections
from trialtensor.solvers.threads import blas_threads_for
from trialtensor.solvers.unfolding import new_directions

# Directions of an axis at most, but for twice those of all candidates, and entries of slices.
_MOST = 32
_ENTRIES = 150_000_000
# Within the space, fits go on further than on the whole.
_TOL = 0.1
# Share of the data's rounding error that a loss is off by.
_ROUNDING = 0.1
# A fit is left behind that wouldn't win if it gained this many times what it last did.
_HOPE = 20.0


@dataclass(eq=False)
class Candidate:
    """A fit within the space.

    Attributes
    ----------
    loadings, before : three (m, R) arrays
        In coordinates of the space: now, and before the last pass.
    history : list of floats
        Loss after each sweep.
    n_iter : int
    gain : float
        Of the loss, in the last pass.
    reason : StopReason
    """

    loadings: Triple
    before: Triple
    history: list[float] = field(default_factory=list)
    n_iter: int = 0
    gain: float = np.inf
    reason: StopReason = StopReason.MAX_ITER

    @property
    def loss(self) -> float:
        """The loss now."""
        return self.history[-1]

    def improve(self, inside: Inside, order: Sequence[int], max_iter: int, tol: float) -> None:
        """Go on within the space.

        Parameters
        ----------
        inside : Inside
        order : sequence of axes
            Order of the first steps.
        max_iter : int
            Of all sweeps so far and to come.
        tol : float
        """
        before = self.history[-1] if self.history else np.inf
        left = max_iter - self.n_iter
        with blas_threads_for(0):
            found = minimise_projections(
                inside, self.loadings, max_iter=left, tol=_TOL * tol, first=order
            )
        self.n_iter += found.n_iter
        losses = np.minimum.accumulate([before, *found.loss_history])[1:]
        self.history += losses.tolist()
        self.gain = before - self.loss
        # To have converged within the space says nothing of the whole.
        done = found.stop_reason is StopReason.CONVERGED
        self.reason = StopReason.MAX_ITER if done else found.stop_reason
        if found.loss <= before:
            self.loadings = found.factors


class Refinement:
    """The space and the candidates in it, which grow together pass by pass.

    Parameters
    ----------
    X : Passes
    norm2 : float
        Sum of squares of the data.
    space : Space
    candidates : sequence of Candidate
    """

    def __init__(
        self, X: Passes, norm2: float, space: Space, candidates: Sequence[Candidate]
    ) -> None:
        self.X, self.norm2, self.space = X, norm2, space
        self.candidates = list(candidates)

    def run(self, max_iter: int, tol: float) -> None:
        """Add directions until no candidate gains from them that may still win.

        Parameters
        ----------
        max_iter : int
            Of the sweeps of a candidate.
        tol : float
            A candidate is done when a pass has lowered its loss by less than ``tol`` times the
            loss, and the next one isn't expected to do more.
        """
        while going := self._going(max_iter):
            directions, expected = self._directions(going)
            nothing_new = not any(each.shape[1] for each in directions)
            for each, gain in zip(going, expected, strict=True):
                # Less than this is only the rounding of products with the data.
                least = _ROUNDING * float(np.finfo(self.X.dtype).eps) * self.norm2
                if nothing_new or max(gain, each.gain) <= max(tol * each.loss, least):
                    each.reason = StopReason.CONVERGED
            if all(each.reason is StopReason.CONVERGED for each in going):
                return
            self._pass(directions)
            inside = self.space.inside(self.norm2, self.X.dtype)
            for each in going:
                each.improve(inside, active(each.loadings), max_iter, tol)
                if each.reason is StopReason.INTERRUPTED:
                    raise KeyboardInterrupt

    def _going(self, max_iter: int) -> list[Candidate]:
        """Return the candidates to go on with."""
        best = min(each.loss for each in self.candidates)
        return [
            each
            for each in self.candidates
            if each.reason is StopReason.MAX_ITER
            and each.n_iter < max_iter
            and each.loss - _HOPE * each.gain <= best
        ]

    def _directions(self, going: Sequence[Candidate]) -> tuple[Triple, list[float]]:
        """Return where the losses fall fastest outside the space, and by about how much."""
        found: list[list[np.ndarray]] = [[np.zeros((n, 0))] for n in self.X.shape]
        expected = []
        for each in going:
            loadings = mapped(self.space, each.loadings)
            sums, total = self.space.contracted(each.loadings), 0.0
            for axis in active(each.loadings):
                own, image = self.space.image(axis, each.loadings[axis])
                rest = image - taken(sums, loadings, axis, own)
                basis = self.space.bases[axis]
                rest -= basis @ (basis.T @ rest)
                found[axis].append(rest)
                size = np.maximum(np.sum(own * image, axis=0), np.finfo(float).tiny)
                total += float(np.sum(np.sum(rest**2, axis=0) / size))
            expected.append(total)
        new = [
            new_directions(np.concatenate(each, axis=1), basis)
            for each, basis in zip(found, self.space.bases, strict=True)
        ]
        return as_triple(new), expected

    def _pass(self, directions: Triple) -> None:
        """Extend the space in one pass over the data."""
        self._make_room([each.shape[1] for each in directions])
        trials = np.concatenate([each.loadings[0] for each in self.candidates], axis=1)
        trials = new_directions(trials, np.zeros((len(trials), 0)))
        self.space = self.space.extended(self.X, directions, trials)
        for each in self.candidates:
            each.loadings = each.before = _longer(each.loadings, self.space.sizes)

    def _make_room(self, n_new: Sequence[int]) -> None:
        """Drop directions that no candidate lies in or has come from, if there are too many."""
        per_direction = sum(int(np.prod(each.shape[1:])) for each in self.space.sums)
        most = min(_MOST, _ENTRIES // per_direction)
        sizes = [max(most - n, 0) for n in n_new]
        if all(m <= size for m, size in zip(self.space.sizes, sizes, strict=True)):
            return
        points = [*(c.loadings for c in self.candidates), *(c.before for c in self.candidates)]
        kept = [np.concatenate([each[axis] for each in points], axis=1) for axis in range(3)]
        turned = turns(self.space, kept, sizes)
        self.space = self.space.turned(turned)
        for each in self.candidates:
            each.loadings = _turned(turned, each.loadings)
            each.before = _turned(turned, each.before)


def active(loadings: Triple) -> list[int]:
    """Return the axes that have components, in the order of steps.

    Parameters
    ----------
    loadings : three arrays
    """
    return [axis for axis in ORDER if loadings[axis].shape[1]]


def mapped(space: Space, loadings: Triple) -> Triple:
    """Return loadings of the axes themselves, (n_axis, R).

    Parameters
    ----------
    space : Space
    loadings : three (m, R) arrays
        In its coordinates.
    """
    return as_triple([basis @ own for basis, own in zip(space.bases, loadings, strict=True)])


def _longer(loadings: Triple, sizes: Sequence[int]) -> Triple:
    """Add coordinates of zero."""
    pairs = zip(loadings, sizes, strict=True)
    return as_triple([np.pad(own, ((0, m - len(own)), (0, 0))) for own, m in pairs])


def _turned(turned: Sequence[np.ndarray], loadings: Triple) -> Triple:
    return as_triple([turn.T @ own for turn, own in zip(turned, loadings, strict=True)])
