"""Refits of a model: to drawn trials, without some neurons, and to noise with other signs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.validation import as_trial_tensor
from trialtensor.models.base import TrialEstimator
from trialtensor.models.layout import Layout
from trialtensor.selection.components import known_form, known_masks, rows_of, take_options
from trialtensor.selection.refits import EXPLAINED, Arrays, aligned

# What the data of a neuron that is left out are multiplied by; its square is its weight.
_TINY = 1e-3


@dataclass(frozen=True, eq=False)
class Refits:
    """A model with its data, and refits to what is drawn from them.

    Attributes
    ----------
    model : fitted model
    layout : Layout
        Of the data of the fit.
    noise : list of float
        Standard deviation of the residuals of each array.
    residuals : list of (n_trials, n_neurons, n_times) arrays
        NaN where missing.
    block : int
        Number of neighbouring trials drawn together.
    """

    model: TrialEstimator
    layout: Layout
    noise: Sequence[float]
    residuals: Sequence[np.ndarray]
    block: int

    def by_trials(self, seed: int) -> Arrays:
        """Refit to trials drawn with replacement, and solve for all trials with fresh noise."""
        model, layout, rng = self.model, self.layout, np.random.default_rng(seed)
        drawn = resample(model.strata(), layout.n_trials, self.block, rng)
        noisy = model.noisy(layout, self.noise, rng)
        rows = rows_of(layout, drawn)
        taken, options = layout.take(rows), model.fit_arguments()
        own = take_options(options, layout, rows[0])
        with warnings.catch_warnings():
            # The original fit has given these warnings already.
            warnings.simplefilter("ignore")
            again = self._refit(rows, taken.form(taken.values), taken.masks(), own)
            seen = None if layout.masks() is None else known_masks(again, layout, layout.seen())
            features = again.transform(known_form(again, layout, noisy), mask=seen, **options)
        return self._aligned(again, features)

    def without(self, neurons: np.ndarray) -> Arrays:
        """Refit without some of the neurons, whose own factors are solved for all the same.

        Their data are made so small that nothing depends on them. Least squares of data that are
        scaled by neuron have the solution scaled by neuron, for any model whose neuron factors are
        free.

        Parameters
        ----------
        neurons : int array
        """
        roots = np.ones(self.layout.n_neurons)
        roots[neurons] = _TINY
        scaled = [
            (values * _along(roots[own], values.ndim - 1)).astype(values.dtype)
            for values, own in zip(self.layout.values, self.layout.neurons, strict=True)
        ]
        return self._to_all_trials(scaled, _by_dataset(self.model, self.layout, roots))

    def by_cells(self, seed: int) -> Arrays:
        """Refit to the model plus its residuals with random signs.

        One sign for each neuron on each run of ``block`` trials: what is left of the sampling when
        neither trials nor neurons are drawn.
        """
        rng = np.random.default_rng(seed)
        changed = []
        for values, left, trials in zip(
            self.layout.values, self.residuals, self.layout.trials, strict=True
        ):
            left = np.nan_to_num(left)
            runs = trials // self.block
            signs = rng.choice([-1.0, 1.0], size=(runs.max() + 1, values.shape[1]))[runs]
            signs = _along(signs, values.ndim)
            changed.append((values - left + signs * left).astype(values.dtype))
        return self._to_all_trials(changed)

    def _to_all_trials(
        self, arrays: Sequence[np.ndarray], roots: Mapping[str | None, np.ndarray] | None = None
    ) -> Arrays:
        layout = self.layout
        rows = [np.arange(len(each)) for each in layout.values]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = self._refit(
                rows, layout.form(arrays), layout.masks(), self.model.fit_arguments()
            )
            features = again.training_features()
        return self._aligned(again, features, roots or {})

    def _refit(
        self, rows: list[np.ndarray], X: Any, mask: Any, options: Mapping[str, Any]
    ) -> TrialEstimator:
        # Arrays, whatever form the user's transform has.
        again = self.model.restarted(rows).set_output(transform="default")
        axes = self.model.fitted_.axes
        if len(axes) > len(AXES) and not hasattr(X, "dims"):
            X = as_trial_tensor(X, axes=axes)  # its components are those of named axes
        try:
            return again.fit(X, mask=mask, **options)
        except ValueError as error:
            raise ValueError(
                f"model: {type(self.model).__name__} can't be fitted to data that was drawn with "
                f"replacement, because too little is left ({error}); use more trials, larger "
                "blocks or fewer components"
            ) from error

    def _aligned(
        self, again: Any, features: Any, roots: Mapping[str | None, np.ndarray] | None = None
    ) -> Arrays:
        explained = np.asarray(again.fitted_.record.explained_variance_ratio)
        return {**aligned(self.model, again, features, roots), EXPLAINED: explained}


def _along(values: np.ndarray, n_axes: int) -> np.ndarray:
    """Return values with axes of length 1 after their own, until there are ``n_axes``."""
    return values.reshape(*values.shape, *(1,) * (n_axes - values.ndim))


def resample(
    strata: list[np.ndarray], n_trials: int, block: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw trials in runs of neighbours, wrapping around at the end of a stratum."""
    drawn = np.empty(n_trials, int)
    for trials in strata:
        n = len(trials)
        starts = rng.integers(n, size=-(-n // block))
        runs = ((starts[:, None] + np.arange(block)) % n).ravel()[:n]
        drawn[trials] = trials[runs]
    return drawn


def _by_dataset(
    model: TrialEstimator, layout: Layout, roots: np.ndarray
) -> dict[str | None, np.ndarray]:
    """Return the roots of the weights of the neurons that each factor matrix has."""
    fitted = model.fitted_
    if not fitted.datasets:
        return {None: roots}
    if not layout.single:
        return {
            str(name): roots[own] for name, own in zip(layout.names, layout.neurons, strict=True)
        }
    places = np.asarray(fitted.arrays["neuron_places"].values)
    return {name: roots[places == d] for d, name in enumerate(fitted.datasets)}
