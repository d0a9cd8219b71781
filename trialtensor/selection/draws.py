"""Variances of a model's estimates over draws of trials, of neurons, and of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from trialtensor.selection.neuron_noise import neuron_variances
from trialtensor.selection.refits import Arrays, estimates_of
from trialtensor.selection.resampling import Refits
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.solvers.parallel import in_parallel

Statistic = Callable[[dict[str, Any]], Any]
_STATISTIC = ("statistic", None)


class Draws:
    """Refits of a model, of which only the variances are kept: slices can be large.

    Parameters
    ----------
    refits : Refits
    residuals : Residuals
        Of the model.
    statistic : callable or None
        Function of the estimates by name.
    n_samples : int
        Refits of each kind.
    n_jobs : int or None
    rng : numpy.random.Generator

    Attributes
    ----------
    estimates : dict
        (name, dataset or None) -> array, of the model itself.
    """

    def __init__(
        self,
        refits: Refits,
        residuals: Residuals,
        statistic: Statistic | None,
        n_samples: int,
        n_jobs: int | None,
        rng: np.random.Generator,
    ):
        self._refits, self._residuals, self._statistic = refits, residuals, statistic
        self._n_samples, self._n_jobs, self._rng = n_samples, n_jobs, rng
        self.estimates = self._with_statistic(estimates_of(refits.model.fitted_))

    def variances(self, over: str) -> Arrays:
        """Return the variance of each estimate over what is drawn.

        Parameters
        ----------
        over : {"trials", "neurons", "both"}
        """
        if over == "trials":
            return self._over(self._refits.by_trials)
        if over == "neurons":
            return self._over_neurons()
        trials, neurons = self.variances("trials"), self.variances("neurons")
        # Noise that is neither the trials' nor the neurons' is in both.
        twice = self._over(self._refits.by_cells)
        larger = {name: np.maximum(each, neurons[name]) for name, each in trials.items()}
        return {
            name: np.maximum(each + neurons[name] - twice[name], larger[name])
            for name, each in trials.items()
        }

    def _over(self, refit: Callable[[int], Arrays]) -> Arrays:
        seeds = self._rng.integers(2**31, size=self._n_samples)
        squares = self._squares(refit, [int(seed) for seed in seeds])
        return {name: each / (self._n_samples - 1) for name, each in squares.items()}

    def _over_neurons(self) -> Arrays:
        """Return jackknife variances, with the noise of the neurons' own factors."""
        n_neurons = self._refits.layout.n_neurons
        n_groups = min(n_neurons, self._n_samples)
        groups = np.array_split(self._rng.permutation(n_neurons), n_groups)
        squares = self._squares(self._refits.without, groups)
        found = {name: each * (n_groups - 1) / n_groups for name, each in squares.items()}
        own = neuron_variances(self._refits.model.fitted_, self._residuals, self._refits.block)
        return {name: each + own.get(name, 0.0) for name, each in found.items()}

    def _squares(self, refit: Callable[[Any], Arrays], given: Iterable[Any]) -> Arrays:
        """Sum squared differences of refits from their mean."""
        jobs = [(each,) for each in given]
        first = {name: np.zeros(each.shape) for name, each in self.estimates.items()}
        second = {name: np.zeros(each.shape) for name, each in self.estimates.items()}
        for sample in in_parallel(refit, jobs, n_jobs=self._n_jobs, ordered=False):
            for name, value in self._with_statistic(sample).items():
                # About the estimate, so that nothing cancels.
                change = value - self.estimates[name]
                first[name] += change
                second[name] += change**2
        return {
            name: np.maximum(each - first[name] ** 2 / len(jobs), 0)
            for name, each in second.items()
        }

    def _with_statistic(self, estimates: Arrays) -> Arrays:
        if self._statistic is None:
            return estimates
        try:
            value = np.asarray(self._statistic(by_name(estimates)), dtype=np.float64)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise ValueError(
                "statistic: expected a function that returns numbers, given a dict of "
                f"{sorted(by_name(estimates))}; it failed with {type(error).__name__}: {error}"
            ) from error
        known = getattr(self, "estimates", {}).get(_STATISTIC)
        if known is not None and known.shape != value.shape:
            raise ValueError(
                f"statistic: expected a result of the same shape every time, got {known.shape} "
                f"and {value.shape}"
            )
        return {**estimates, _STATISTIC: value}


def by_name(arrays: Arrays) -> dict[str, Any]:
    """Return arrays by name, those of datasets in a dict by dataset.

    Parameters
    ----------
    arrays : dict
        (name, dataset or None) -> array.
    """
    found: dict[str, Any] = {}
    for (name, dataset), values in arrays.items():
        if dataset is None:
            found[name] = values
        else:
            found.setdefault(name, {})[dataset] = values
    return found
