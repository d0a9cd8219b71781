"""What all models are: estimators that fit, store what they found, and can be asked about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.notices import warn
from trialtensor.models import layout as layouts
from trialtensor.models.fitted import Fitted, Named
from trialtensor.models.layout import Layout
from trialtensor.models.observed import prepare, warn_empty
from trialtensor.models.parameters import check_jobs, check_share, check_whole, generator
from trialtensor.models.warnings import DegeneracyWarning, InterruptedFitWarning
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import RestartResult, Start, mark_interrupted
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    import xarray

INITS = ("svd", "random")
# Two components whose cosine is below this cancel each other for all practical purposes.
DEGENERATE = -0.9


class TrialEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base class of all models of trials x neurons x times.

    A kind of model supplies

    - ``check_parameters``, which refuses parameters without any data;
    - ``_solve(data, starts, on_restart)``, which returns a list of ``RestartResult``, best first;
    - ``_describe(data, found)``, which turns that into a :class:`Fitted` and sets nothing;
    - ``_assemble(arrays, record, data, coords)``, the same from what a file holds;
    - ``transform``, ``inverse_transform`` and ``score``;

    and, where it departs from one array of trials, ``_observe``, ``layout`` and
    ``fit_arguments``. All else follows: fitting with a progress bar, Ctrl-C and warnings, files,
    labels, and whatever asks ``fitted_``: figures, reports, choice, tracking, the command.
    """

    # Names of the types that ``n_components`` counts; none where it is a single number.
    component_types: ClassVar[tuple[str, ...]] = ()
    # Keyword arguments of ``fit`` beside the mask.
    fit_options: ClassVar[tuple[str, ...]] = ()
    # Whether the model describes every entry by itself. If not, it describes a bin from the bins
    # before it, and entries that a fit hasn't seen can't be predicted one by one.
    describes_entries: ClassVar[bool] = True

    @classmethod
    def command_name(cls) -> str:
        """The name of this kind on the command line."""
        return cls.__name__.lower()

    def check_parameters(self) -> None:
        """Refuse parameters that can't be used, without any data.

        Raises
        ------
        ValueError
            Naming the parameter, what it got and what it needs.
        """
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> Self:
        """Decompose ``X``.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            Never modified. NaN is missing.
        y : ignored
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Returns
        -------
        self
            After Ctrl-C too, then with the best result so far and a warning.

        Raises
        ------
        ValueError
            For parameters or data that can't be used, before any work is done.
        """
        return self._fit(X, mask)

    def check_data(self, X: Any, *, mask: Any = None, **options: Any) -> None:
        """Refuse data that this model can't be fitted to, without fitting it.

        Parameters
        ----------
        X, mask : as for ``fit``
        **options
            Further arguments of ``fit``.

        Raises
        ------
        ValueError
            As ``fit`` does, for parameters or data that can't be used.
        """
        self.check_parameters()
        self._starts(self._observe(X, mask, **options))

    def fit_transform(self, X: Any, y: Any = None, *, mask: Any = None) -> Any:
        """Fit, and return what ``transform`` of the same trials would.

        Parameters
        ----------
        X : as for ``fit``
        y : ignored
        mask : as for ``fit``, optional
        """
        return self.fit(X, y, mask=mask)._training_features()

    def transform(self, X: Any, *, mask: Any = None) -> Any:
        """Trial factors of new trials, with all other factors as fitted.

        Parameters
        ----------
        X : (n_new_trials, n_neurons, n_times) array or xarray.DataArray
            The same neurons and bins as in the fit.
        mask : bool array, optional
            False where missing.

        Returns
        -------
        (n_new_trials, R) array
            In the units of ``trial_factors_``; NaN for a trial without data.
        """
        raise NotImplementedError

    def inverse_transform(self, X: Any) -> Any:
        """Return the data that features ``X``, as from ``transform``, stand for.

        Parameters
        ----------
        X : (n_trials, R) array

        Returns
        -------
        (n_trials, n_neurons, n_times) array
        """
        raise NotImplementedError

    def reconstruct(self) -> Any:
        """Return the model of the training data, in the form of ``inverse_transform``."""
        check_is_fitted(self)
        return self.inverse_transform(self._training_features())

    def score(self, X: Any, y: Any = None, *, mask: Any = None) -> float:
        """Return the fraction of the sum of squares of new trials that the model explains.

        The trial factors of ``X`` are fitted, the other factors are not. Higher is better; at
        most 1.

        Parameters
        ----------
        X : as for ``transform``
        y : ignored
        mask : as for ``transform``, optional
        """
        raise NotImplementedError

    def residuals(self, X: Any, *, mask: Any = None) -> Any:
        """Return what the model leaves of the data that it was fitted to.

        Parameters
        ----------
        X, mask : the data of the fit

        Returns
        -------
        array, or list or dict of arrays, in the form of ``X``
            NaN where nothing was observed, and where the model says nothing.

        Raises
        ------
        ValueError
            For data of another shape.
        """
        check_is_fitted(self)
        layout = self.layout(X, mask)
        told = self._told(layout)
        self._check_shapes(layout, told)
        return layout.form(
            [
                np.where(seen, values - each, np.nan).astype(values.dtype, copy=False)
                for values, each, seen in zip(layout.values, told, layout.seen(), strict=True)
            ]
        )

    def to_xarray(self) -> xarray.Dataset:
        """Return all that was fitted, labelled with the coordinates of the data."""
        from trialtensor.models.labelled import as_dataset

        check_is_fitted(self)
        return as_dataset(self.fitted_, self._variables())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to an HDF5 file; read it back with ``trialtensor.load``.

        Parameters
        ----------
        path : path
            Replaced if it exists, whole or not at all.
        """
        from trialtensor.models.files import save

        check_is_fitted(self)
        save(self, path)

    # What consumers that look at data and model together ask.

    def layout(self, X: Any, mask: Any = None) -> Layout:
        """Check data and say where its arrays lie among all trials and neurons.

        Parameters
        ----------
        X, mask : as for ``fit``

        Returns
        -------
        Layout
        """
        return layouts.of_array(X, mask)

    def fit_arguments(self) -> dict[str, Any]:
        """Further arguments that the fit got, such as a label for each trial."""
        return {}

    def strata(self) -> list[np.ndarray]:
        """Sets of trials that take each other's place when trials are drawn again."""
        fitted = self.fitted_
        if fitted.blocks:
            return [np.asarray(trials) for trials in fitted.blocks.values()]
        return [np.arange(fitted.shape[0])]

    def restarted(self, rows: Sequence[np.ndarray]) -> TrialEstimator:
        """Return an unfitted model that starts from this one, for some of its trials.

        Parameters
        ----------
        rows : list of int arrays
            Which trials of each array of the data.
        """
        return clone(self).set_params(**self._quiet())

    def noisy(
        self, layout: Layout, deviations: Sequence[float], rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Draw the data once more, with noise of these standard deviations by array."""
        return [
            values + deviation * rng.standard_normal(values.shape, dtype=values.dtype)
            for values, deviation in zip(layout.values, deviations, strict=True)
        ]

    def component_tensors(self, layout: Layout) -> Iterator[list[np.ndarray]]:
        """Yield what each component adds to the data, a list with an array for each of its arrays.

        NaN where the model says nothing.
        """
        for component in self.fitted_.components:
            yield [self._outer(component, layout, i) for i in range(len(layout.values))]

    # What a kind supplies or leaves as it is.

    def _observe(self, X: Any, mask: Any) -> Any:
        """Check the data and bring it into the form that ``_solve`` takes."""
        return prepare(X, mask)

    def _starts(self, data: Any) -> list[Start]:
        """Say where the restarts begin, and refuse data that the parameters don't suit."""
        return self._drawn_starts()

    def _warn_missing(self, data: Any) -> None:
        warn_empty(data.kept)

    def _solve(
        self, data: Any, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[Any]]:
        raise NotImplementedError

    def _describe(self, data: Any, found: list[RestartResult[Any]]) -> Fitted:
        raise NotImplementedError

    def _assemble(self, arrays: Mapping[str, Named], **about: Any) -> Fitted:
        raise NotImplementedError

    def _training_features(self) -> Any:
        return self.fitted_.arrays["trial_factors"].values

    def _told(self, layout: Layout) -> list[np.ndarray]:
        """What the model says of its training data."""
        return layout.arrays(self.reconstruct())

    def _variables(self) -> dict[str, Any]:
        return {
            name: (named.dims, named.values)
            for name, named in self.fitted_.arrays.items()
            if named.dims
        }

    def _outer(self, component: Any, layout: Layout, i: int) -> np.ndarray:
        """One component's share of one array of the data."""
        dataset, shape = layout.names[i], layout.values[i].shape
        blocks = self.fitted_.blocks
        if not blocks:
            name = None if dataset is None else str(dataset)
            return component.outer(dict(zip(("trial", "neuron", "time"), shape, strict=True)), name)
        whole = np.full(shape, np.nan, layout.values[i].dtype)
        number = {trial: row for row, trial in enumerate(layout.trials[i].tolist())}
        course = component.vectors("trial")[0].values
        for block, trials in blocks.items():
            rows = [number[trial] for trial in trials.tolist() if trial in number]
            if rows:
                within = {"neuron": shape[1], "time": shape[2]}
                pattern = component.outer(within, dataset=None, block=block)
                whole[rows] = np.multiply.outer(course[layout.trials[i][rows]], pattern)
        return whole

    # The fit.

    @property
    def _n_features_out(self) -> int:
        return len(self.fitted_.components)

    def _fit(self, X: Any, mask: Any, **given: Any) -> Self:
        self.check_parameters()
        data = self._observe(X, mask, **given)
        starts = self._starts(data)
        self._warn_missing(data)
        with blas_threads_for(data.size), progress(len(starts), self.verbose) as bar:
            found = self._solve(data, starts, lambda _: bar.update())
            try:
                fitted = self._describe(data, found)
            except KeyboardInterrupt:
                # The work is done and this takes moments: losing it all now would be a pity.
                fitted = self._describe(data, mark_interrupted(found))
        self._store(fitted)
        warn_of(fitted)
        return self

    def _store(self, fitted: Fitted) -> None:
        """Set every attribute that ends in an underscore: views of ``fitted``."""
        before = getattr(self, "fitted_", None)
        for name in set() if before is None else set(before.arrays) - set(fitted.arrays):
            delattr(self, f"{name}_")
        self.fitted_ = fitted
        for name, named in fitted.arrays.items():
            setattr(self, f"{name}_", named.values)
        record = fitted.record
        self.loss_, self.loss_history_ = record.loss, record.loss_history
        self.explained_variance_ratio_ = record.explained_variance_ratio
        self.n_iter_, self.stop_reason_ = record.n_iter, record.stop_reason
        self.restarts_ = record.restarts
        self.coords_, self.data_summary_ = fitted.coords, fitted.data
        self.n_features_in_ = int(fitted.data.get("n_neurons", fitted.shape[1]))
        self.__dict__.pop("feature_names_in_", None)
        axis, names = fitted.coords.get("neuron", (None, np.empty(0)))
        if axis == "neuron" and np.asarray(names).dtype.kind in "UO":
            self.feature_names_in_ = np.asarray([str(name) for name in names], dtype=object)

    def _drawn_starts(self) -> list[Start]:
        """The first start as ``init`` says, the others at random, each with its own seed."""
        seeds: list[int] = list(generator(self.random_state).integers(2**31, size=self.n_init))
        kinds = [self.init] + ["random"] * (self.n_init - 1)
        return [Start(kind, int(seed)) for kind, seed in zip(kinds, seeds, strict=True)]

    def _check_solver_parameters(self, *, given_init: bool = False) -> None:
        """Check the parameters that all iterative models have."""
        check_whole("n_init", self.n_init, 1)
        check_whole("max_iter", self.max_iter, 1)
        check_share("tol", self.tol, zero=True)
        check_jobs(self.n_jobs)
        if isinstance(self.init, str):
            if self.init not in INITS:
                raise ValueError(f"init: expected one of {INITS} or factors, got {self.init!r}")
        elif not given_init:
            raise ValueError(f"init: expected 'svd' or 'random', got {type(self.init).__name__}")

    def _check_shapes(self, layout: Layout, told: Sequence[np.ndarray]) -> None:
        got = [values.shape for values in layout.values]
        expected = [each.shape for each in told]
        if got != expected:
            one = len(got) == len(expected) == 1
            raise ValueError(
                "X: expected the data of the fit, (n_trials, n_neurons, n_times) = "
                f"{expected[0] if one else expected}, got {got[0] if one else got}"
            )

    def _check_features(self, X: Any, n: int | None = None) -> np.ndarray:
        """Refuse anything but ``(n_trials, n)`` features."""
        features = np.asarray(X)
        n = len(self.fitted_.components) if n is None else n
        if features.ndim != 2 or features.shape[1] != n:
            raise ValueError(f"X: expected trial factors (n_trials, {n}), got {features.shape}")
        return features

    def _quiet(self) -> dict[str, Any]:
        """Parameters of a fit that runs beside many others."""
        return {
            name: value
            for name, value in (("n_jobs", None), ("verbose", 0))
            if name in self.get_params(deep=False)
        }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def progress(total: int, verbose: int) -> Any:
    """Open a bar for ``total`` restarts; silent unless ``verbose`` and the output is a terminal."""
    from tqdm import tqdm

    # disable=None silences the bar where the output is no terminal.
    return tqdm(total=total, desc="restarts", unit="fit", disable=None if verbose else True)


def warn_of(fitted: Fitted) -> None:
    """Warn of what the user must know before believing a fit."""
    reason = fitted.record.stop_reason
    if reason is StopReason.INTERRUPTED:
        warn(reason.advice, InterruptedFitWarning)
    elif reason is StopReason.MAX_ITER:
        warn(reason.advice, ConvergenceWarning)
    if fitted.n_zero:
        warn(
            f"{fitted.n_zero} of {len(fitted.components)} components are zero: use fewer "
            "components, or none that must be non-negative where the data is below zero",
            DegeneracyWarning,
        )
    cosine = fitted.number("triple_cosine")
    if cosine < DEGENERATE:
        warn(
            f"two components cancel each other (cosine {cosine:.3f}): use fewer "
            "components, or nonnegative=True where the data allows it",
            DegeneracyWarning,
        )
