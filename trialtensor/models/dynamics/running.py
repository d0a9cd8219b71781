"""Running fitted dynamics: matrices, one-step predictions, and simulations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.arrays import as_floats
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.layout import Layout
from trialtensor.models.parameters import check_whole
from trialtensor.models.with_data import AskedWithData


class RunningDynamics(AskedWithData):
    """Methods that apply the matrices of fitted dynamics to states."""

    trial_factors_: np.ndarray
    output_factors_: np.ndarray
    input_factors_: np.ndarray
    weights_: np.ndarray
    first_state_: np.ndarray

    def matrices(self, trial_factors: Any = None) -> np.ndarray:
        """Return ``W_k`` for the training trials, or for other trial factors.

        Parameters
        ----------
        trial_factors : (n_trials, R) array, optional

        Returns
        -------
        (n_trials, n_neurons, n_neurons) array
        """
        check_is_fitted(self)
        given = self.trial_factors_ if trial_factors is None else trial_factors
        trial = as_floats(given, "trial_factors", None)
        if trial.ndim != 2 or trial.shape[1] != len(self.weights_):
            raise ValueError(
                f"trial_factors: expected (n_trials, {len(self.weights_)}), got {trial.shape}"
            )
        driven = (trial * self.weights_)[:, None, :] * self.output_factors_
        return np.matmul(driven, self.input_factors_.T)

    def predict(self, X: Any, *, mask: Any = None) -> np.ndarray:
        """Predict each bin from the one before it, with the trial factors of ``transform``.

        So each trial is by itself; ``X - residuals(X)`` is what a smooth fit predicts of its own.

        Parameters
        ----------
        X, mask : as for ``transform``

        Returns
        -------
        (n_trials, n_neurons, n_times) array
            NaN in the first bin, and after a bin with anything missing.
        """
        check_is_fitted(self)
        estimator: Any = self
        return self._predicted(X, mask, estimator.transform(X, mask=mask))

    def reconstruct(self) -> np.ndarray:
        """Return the model of the training data: the dynamics run from ``first_state_``."""
        check_is_fitted(self)
        return self._inverse_transform(self.trial_factors_)

    def simulate(self, start: Any, n_times: int, *, trial_factors: Any = None) -> np.ndarray:
        """Run the dynamics, without noise, from a state for each trial.

        Parameters
        ----------
        start : (n_trials, n_neurons) array
        n_times : int
            Bins, the start included.
        trial_factors : (n_trials, R) array, optional
            By default those of the training trials.

        Returns
        -------
        (n_trials, n_neurons, n_times) array
        """
        W = self.matrices(trial_factors)
        check_whole("n_times", n_times, 1)
        state = as_floats(start, "start")
        if state.shape != W.shape[:2]:
            raise ValueError(f"start: expected {W.shape[:2]}, got {state.shape}")
        # Neurons that the fit has not seen drive nothing.
        states, W = [state], np.nan_to_num(W)
        for _ in range(n_times - 1):
            states.append(np.einsum("kmn,kn->km", W, states[-1]))
        return np.stack(states, axis=2)

    def noisy(
        self, layout: Layout, deviations: Sequence[float], rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Simulate the trials again from their first bin, with noise in every step.

        Parameters
        ----------
        layout : Layout
        deviations : list with a float
            Standard deviation of the noise.
        rng : numpy.random.Generator

        Returns
        -------
        list with an (n_trials, n_neurons, n_times) array
        """
        values = layout.values[0]
        W, found = np.nan_to_num(self.matrices()), values.astype(np.float64)
        noise = deviations[0] * rng.standard_normal(found.shape)
        for t in range(1, found.shape[2]):
            found[:, :, t] = np.einsum("kmn,kn->km", W, found[:, :, t - 1]) + noise[:, :, t]
        return [found.astype(values.dtype, copy=False)]

    def component_tensors(self, layout: Layout) -> Iterator[list[np.ndarray]]:
        """Yield each component's predictions of every bin from the one before.

        Parameters
        ----------
        layout : Layout

        Yields
        ------
        list with an (n_trials, n_neurons, n_times) array
            NaN in the first bin, and after a bin with anything missing.
        """
        check_is_fitted(self)
        checked = check_trial_tensor(layout.values[0], mask=layout.observed[0])
        for r in range(len(self.weights_)):
            only = np.zeros_like(self.trial_factors_)
            only[:, r] = self.trial_factors_[:, r]
            yield [self._step(checked, np.nan_to_num(self.matrices(only)))]

    def _inverse_transform(self, X: Any) -> np.ndarray:
        estimator: Any = self
        trial = estimator._check_features(X)
        start = np.tile(np.nan_to_num(self.first_state_), (len(trial), 1))
        run = self.simulate(start, self.fitted_.shape[2], trial_factors=np.nan_to_num(trial))
        run[~np.isfinite(trial).all(axis=1)] = np.nan
        run[:, ~np.isfinite(self.output_factors_).all(axis=1)] = np.nan
        return run.astype(np.result_type(trial.dtype, self.weights_.dtype), copy=False)

    def _predicted(self, X: Any, mask: Any, trial: np.ndarray) -> np.ndarray:
        W = np.nan_to_num(self.matrices(trial), nan=0.0)
        found = self._step(check_trial_tensor(X, mask=mask), W)
        found[~np.isfinite(trial).all(axis=1)] = np.nan
        return self._typed(found, X)

    def _step(self, checked: CheckedTensor, W: np.ndarray) -> np.ndarray:
        """Compute ``W_k x_t``; NaN at first bins, after incomplete ones, for unknown neurons."""
        values = checked.values.astype(np.float64)
        unknown = ~np.isfinite(self.output_factors_).all(axis=1)
        if checked.observed is not None:
            values = np.where(checked.observed, values, np.nan)
            values[:, unknown] = 0
        found = np.full(values.shape, np.nan)
        found[:, :, 1:] = np.matmul(W, values[:, :, :-1])
        found[:, unknown] = np.nan
        return found

    def _told(self, layout: Layout) -> list[np.ndarray]:
        """Return the predictions of the training data, for bins with a complete target."""
        self.check_layout(layout)
        X = layout.form(layout.values)
        found = self._predicted(X, layout.masks(), self.trial_factors_)
        seen = layout.observed[0]
        if seen is not None:
            # The fit predicts a bin only where all of it can be compared.
            known = np.isfinite(self.output_factors_).all(axis=1)
            whole = np.asarray(seen[:, known].all(axis=1))
            found = np.where(whole[:, None, :], found, np.nan)
        return [found]

    def _typed(self, values: np.ndarray, X: Any) -> np.ndarray:
        """Convert to single precision if data and model have it."""
        single = getattr(X, "dtype", None) == np.float32 and self.weights_.dtype == np.float32
        return values.astype(np.float32) if single else values
