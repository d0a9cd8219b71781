"""A score for scikit-learn's searches: how well entries of new trials are predicted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data import as_trial_tensor
from trialtensor.models.base import TrialEstimator
from trialtensor.selection.held_out import error_of_trials
from trialtensor.selection.splitting import default_splits


@dataclass(frozen=True)
class HeldOutScore:
    """A scorer for `GridSearchCV`, `cross_val_score` and others: ``scoring=HeldOutScore()``.

    ``score``, which these use by default, fits the trial factors of new trials to all of their
    entries and measures what that explains of the same entries. Each further component explains
    more, of noise too, so the largest number of components wins. This score fits them to a part
    of the entries of new trials and measures the prediction of the rest.

    Parameters
    ----------
    splits : splitter of :mod:`trialtensor.selection.masks`, optional
        How to hold out entries of the new trials; ``TimeBlocks()`` by default. Not
        ``WholeTrials``, which would leave nothing to fit to. Dynamics are scored as by
        `CrossValidatedSearch`: one half of a trial's bins from the other.

    Notes
    -----
    A `Pipeline` is scored in the units of what reaches its last step, so scores compare models of
    the same steps, not steps. Entries are held out before the first step, which then can't carry
    them into their neighbours.

    References
    ----------
    Owen & Perry 2009, "Bi-cross-validation of the SVD and the nonnegative matrix factorization":
    rows and columns have to be held out together.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(40, 20, 30, 2, snr=1.0, random_state=0).X
    >>> grid = {"n_components": [1, 2, 3, 4]}
    >>> search = GridSearchCV(TCA(1, n_init=3, random_state=0), grid, scoring=HeldOutScore(), cv=3)
    >>> search.fit(X).best_params_
    {'n_components': 2}
    """

    splits: Any = None

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Return 1 less the relative squared error of held-out entries of new trials.

        Parameters
        ----------
        estimator : fitted model, or Pipeline that ends in one
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            New trials; NaN is missing.
        y : ignored

        Returns
        -------
        float
            At most 1; 0 or less if nothing is predicted.

        Raises
        ------
        ValueError
            For anything but a model of one array, splitters that hold out whole trials, and steps
            of a pipeline that fill missing entries.
        """
        if hasattr(estimator, "named_steps"):
            return self._of_pipeline(estimator, X)
        layout = self._layout(estimator, X)
        if not estimator.describes_entries:
            return 1 - error_of_trials(estimator, layout.with_nan()[0], layout.seen()[0], {})
        splits = default_splits(estimator) if self.splits is None else self.splits
        values = np.asarray(layout.values[0], dtype=np.float64)
        error = total = 0.0
        for train, test in splits.split(layout.with_nan()[0]):
            told = _predicted(estimator, values, np.asarray(train))
            held = np.asarray(test)
            error += float(np.sum((values - told)[held] ** 2))
            total += float(np.sum(values[held] ** 2))
        return 1 - error / total if total else 0.0

    def _of_pipeline(self, pipeline: Any, X: Any) -> float:
        """Score the last step, with entries held out before the first."""
        steps, model = pipeline[:-1], pipeline[-1]
        if not len(steps):
            return self(model, X)
        given = as_trial_tensor(X)
        whole = np.asarray(as_trial_tensor(steps.transform(given)))
        self._layout(model, whole)
        if not model.describes_entries:
            return self(model, whole)
        splits = default_splits(model) if self.splits is None else self.splits
        error = total = 0.0
        for train, test in splits.split(given.to_numpy()):
            # Steps may have left out neurons; missing entries tell where the others came to lie.
            shown, without = (
                np.asarray(as_trial_tensor(steps.transform(given.where(keep))))
                for keep in (train, ~np.asarray(test))
            )
            held = np.isnan(without) & ~np.isnan(whole)
            if not held.any():
                raise ValueError(
                    f"estimator: a step of the {type(pipeline).__name__} fills missing entries, so "
                    "that none can be held out; use the transformers of trialtensor.preparation"
                )
            told = _predicted(model, shown, ~np.isnan(shown))
            error += float(np.sum((whole - told)[held] ** 2))
            total += float(np.sum(whole[held] ** 2))
        return 1 - error / total if total else 0.0

    def _layout(self, estimator: Any, X: Any) -> Any:
        if not isinstance(estimator, TrialEstimator):
            raise ValueError(
                f"estimator: expected a model of trialtensor, got {type(estimator).__name__}"
            )
        if getattr(self.splits, "whole_trials", False):
            raise ValueError(
                f"splits: {self.splits!r} holds out whole trials, and leaves nothing to fit their "
                "trial factors to; use TimeBlocks(), Speckled() or TrialsByNeurons()"
            )
        layout = estimator.layout(X, None)
        if not layout.single:
            raise ValueError(
                f"X: expected one array, got the several of a {type(estimator).__name__}; use "
                "CrossValidatedSearch"
            )
        return layout


def _predicted(model: Any, values: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Predict all entries of new trials from some of them."""
    with warnings.catch_warnings():
        # A trial without anything to fit to is predicted as zero.
        warnings.simplefilter("ignore")
        features = model.transform(values, mask=train)
    return np.nan_to_num(np.asarray(model.inverse_transform(features), np.float64))
