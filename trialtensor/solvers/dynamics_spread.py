"""How far fitted dynamics may be off: draws of the deviation of all factors together.

About the fit the loss is a quadratic in trial, output and input factors (Gauss-Newton). With the
penalty as a prior, as of a smoothing spline (Wahba 1983), the fit is the mean of a normal
posterior. A draw from it is the solution of the same equations for noise in place of the data and
of the prior (Papandreou & Yuille 2010, "Gaussian sampling by local perturbations"). So nothing of
the size of the posterior covariance is formed, and noise may differ between neurons.

The equations of trial factors are banded. Those of output and input factors, which all trials
share, are solved after eliminating the trial factors from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.linalg

from trialtensor.solvers.dynamics_problem import DynamicsProblem
from trialtensor.solvers.result import Factors
from trialtensor.solvers.smoothing import Banded, differences, transposed

# Of the largest curvature: what is flatter changes how factors share a matrix, not the matrix.
_FLAT = 1e-8
# Draws that are worked on together.
_TOGETHER = 25


class _Term(NamedTuple):
    """A trial, or a bend of the course between trials: what it depends on."""

    row: int
    strengths: np.ndarray
    before: np.ndarray


@dataclass(frozen=True, eq=False)
class Spread:
    """The quadratic of the loss about a fit.

    Attributes
    ----------
    states : DynamicsProblem
    places : (n_with_transitions,) int array
        Row of the trial factor of each trial of ``states``.
    factors : three (n_axis, R) arrays
        The fit, in the coordinates of ``states``, its scale spread over the factors.
    strength : float
        Of the penalty; may be 0.
    """

    states: DynamicsProblem
    places: np.ndarray
    factors: Factors
    strength: float

    def draws(
        self, noise: np.ndarray, n_draws: int, rng: np.random.Generator
    ) -> tuple[Factors, float]:
        """Draw deviations of the factors, and estimate how many parameters the fit has.

        Parameters
        ----------
        noise : (n_outputs, n_outputs) array
            Covariance of the noise of a step.
        n_draws : int
        rng : numpy.random.Generator

        Returns
        -------
        three (n_draws, n_axis, R) arrays
        float
            Effective number of parameters, ``trace(H^-1 J'J)``.
        """
        mean = float(np.trace(noise)) / len(noise)
        parts, used = [], 0.0
        for first in range(0, n_draws, _TOGETHER):
            n = min(_TOGETHER, n_draws - first)
            data = self._noise_of(self._trials(), _root(noise), n, rng)
            target = data
            if self.strength:
                prior = self._noise_of(self._bends(), mean**0.5 * np.eye(len(noise)), n, rng)
                target = [prior[0] + data[0], prior[1] + data[1], prior[2] + data[2]]
                target[0] = data[0] + self._of_changes(prior[0])
            found = self._solve(target)
            used += sum(float(np.vdot(a, x)) for a, x in zip(data, found, strict=True))
            parts.append(found)
        trial, output, source = (np.concatenate(each) for each in zip(*parts, strict=True))
        return (trial, output, source), used / (n_draws * mean) if mean else 0.0

    def _trials(self) -> Iterator[_Term]:
        for part, before in self.states.chunks():
            for k, own in zip(self.places[part], before, strict=True):
                yield _Term(int(k), self.factors[0][k], own)

    def _bends(self) -> Iterator[_Term]:
        unit = self.strength**0.5 * np.eye(len(self.factors[2]))
        for k, change in enumerate(self._changes):
            yield _Term(k, change, unit)

    @cached_property
    def _changes(self) -> np.ndarray:
        return differences(self.factors[0])

    def _of_changes(self, found: np.ndarray) -> np.ndarray:
        """Bring what was added up by differences, along axis 1, to the trials."""
        n_trials = len(self.factors[0])
        changes = np.moveaxis(found[:, : len(self._changes)], 1, 0)
        return np.moveaxis(transposed(changes, n_trials), 0, 1)

    def _noise_of(
        self, terms: Iterator[_Term], root: np.ndarray, n: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Draw noise in every term, and return what it adds to the right-hand sides."""
        _, output, source = self.factors
        found = [np.zeros((n, *each.shape)) for each in self.factors]
        for k, strengths, before in terms:
            noise = np.matmul(root, rng.standard_normal((n, len(output), before.shape[1])))
            read = np.matmul(noise, before.T @ source)
            found[0][:, k] += np.einsum("ir,nir->nr", output, read)
            found[1] += read * strengths
            found[2] += np.matmul(before, np.matmul(noise.swapaxes(1, 2), output)) * strengths
        return found

    def _solve(self, target: list[np.ndarray]) -> list[np.ndarray]:
        """Solve the equations of all factors for several right-hand sides."""
        n, n_shared = len(target[0]), self.factors[1].size
        own = self._banded.solve(np.moveaxis(target[0], 0, -1))
        shared = np.concatenate([each.reshape(n, -1) for each in target[1:]], axis=1)
        links = self._links.reshape(-1, self._links.shape[-1])
        shared = shared - own.reshape(-1, n).T @ links
        shared = self._shared @ (self._shared.T @ shared.T)
        own = own - (self._eliminated @ shared).reshape(own.shape)
        parts = (shared[:n_shared].T, shared[n_shared:].T)
        return [
            np.moveaxis(own, -1, 0),
            *(x.reshape(n, *f.shape) for x, f in zip(parts, self.factors[1:], strict=True)),
        ]

    @cached_property
    def _products(self) -> np.ndarray:
        """What input factors read of each trial, times itself; zero without a transition."""
        trial, _, source = self.factors
        found = np.zeros((len(trial), source.shape[1], source.shape[1]))
        np.add.at(found, self.places, self.states.products(source)[0])
        return found

    @cached_property
    def _banded(self) -> Banded:
        _, output, source = self.factors
        written = output.T @ output
        found = Banded.of(self._products * written, self.strength * written * (source.T @ source))
        if found is None:
            raise np.linalg.LinAlgError("the equations of the trial factors are singular")
        return found

    @cached_property
    def _links(self) -> np.ndarray:
        """Equations that tie trial factors to the others, (n_trials, R, n R + n R)."""
        trial = self.factors[0]
        found = np.zeros((*trial.shape, sum(each.size for each in self.factors[1:])))
        self._add_links(self._trials(), found)
        if self.strength and len(self._changes):
            bends = np.zeros((len(self._changes), *found.shape[1:]))
            self._add_links(self._bends(), bends)
            found += transposed(bends, len(trial))
        return found

    def _add_links(self, terms: Iterator[_Term], found: np.ndarray) -> None:
        _, output, source = self.factors
        written = output.T @ output
        for k, strengths, before in terms:
            read = before.T @ source
            ties = np.einsum("ir,s,rs->ris", output, strengths, read.T @ read)
            back = np.einsum("rs,s,jr->rjs", written, strengths, before @ read)
            rank = len(strengths)
            found[k] += np.concatenate([ties.reshape(rank, -1), back.reshape(rank, -1)], axis=1)

    @cached_property
    def _eliminated(self) -> np.ndarray:
        found = self._banded.solve(self._links)
        return np.asarray(found.reshape(-1, found.shape[-1]))

    @cached_property
    def _shared(self) -> np.ndarray:
        """A root of the inverse of the equations that are left without the trial factors."""
        whole = np.zeros((self._links.shape[-1],) * 2)
        self._add_shared(self._trials(), whole)
        if self.strength:
            self._add_shared(self._bends(), whole)
        whole -= self._links.reshape(-1, len(whole)).T @ self._eliminated
        curvature, directions = scipy.linalg.eigh((whole + whole.T) / 2)
        steep = curvature > _FLAT * max(curvature[-1], 0.0)
        return np.asarray(directions[:, steep] / curvature[steep] ** 0.5)

    def _add_shared(self, terms: Iterator[_Term], whole: np.ndarray) -> None:
        _, output, source = self.factors
        n_outputs, n_inputs, rank = len(output), len(source), output.shape[1]
        n = n_outputs * rank
        gram = np.zeros((rank, rank))
        back = np.zeros((n_inputs, rank, n_inputs, rank))
        cross = np.zeros((rank, n_inputs, rank))
        for _, strengths, before in terms:
            read = before.T @ source
            pairs = np.outer(strengths, strengths)
            gram += pairs * (read.T @ read)
            moments = before @ before.T
            back += moments[:, None, :, None] * (pairs * (output.T @ output))[None, :, None, :]
            cross += np.einsum("js,sr->sjr", before @ read, pairs)
        whole[:n, :n] += np.kron(np.eye(n_outputs), gram)
        whole[n:, n:] += back.reshape(n_inputs * rank, -1)
        both = np.einsum("ir,sjr->isjr", output, cross).reshape(n, -1)
        whole[:n, n:] += both
        whole[n:, :n] += both.T


def _root(covariance: np.ndarray) -> np.ndarray:
    sizes, directions = np.linalg.eigh(covariance)
    return np.asarray(directions * np.maximum(sizes, 0) ** 0.5)
