"""Base class of all models: fitting, storing the results, and using them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.axes import AXES
from trialtensor.models import elsewhere
from trialtensor.models.attributes import set_attributes
from trialtensor.models.below_zero import warn_below_zero
from trialtensor.models.fitted import Fitted, Named
from trialtensor.models.memory import check_memory
from trialtensor.models.observed import nothing_to_explain, prepare, warn_empty
from trialtensor.models.parameters import check_solver_parameters, generator
from trialtensor.models.parts import make_components
from trialtensor.models.progress import progress
from trialtensor.models.shown import Shown
from trialtensor.models.summary import said_by
from trialtensor.models.warnings import warn_of
from trialtensor.models.with_data import AskedWithData
from trialtensor.solvers.namespaces import as_given
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import RestartResult, Start, mark_interrupted
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    import xarray


class TrialEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Shown, AskedWithData):
    """Base class of all models of trials x neurons x times.

    A kind of model supplies

    - ``_check()``, which refuses parameters;
    - ``_solve(data, starts, on_restart)``, which returns a list of ``RestartResult``, best first;
    - ``_describe(data, found)``, which turns that into a :class:`Fitted` and sets nothing;
    - ``_transform(X, mask)`` and ``_inverse_transform(X)``;

    and, where it departs from components that are products of one vector an axis, ``_assemble``,
    or from one array of trials, ``_observe``, ``layout`` and ``fit_arguments``. All else follows:
    fitting with a progress bar, Ctrl-C and warnings, files, labels, and whatever asks ``fitted_``
    (figures, reports, choice, tracking, the command).
    """

    # Names of the types that ``n_components`` counts; none where it is a single number.
    component_types: ClassVar[tuple[str, ...]] = ()
    # Keyword arguments of ``fit`` besides the mask.
    fit_options: ClassVar[tuple[str, ...]] = ()
    # True if data elsewhere than in memory is read pass by pass; it is loaded otherwise.
    reads_in_passes: ClassVar[bool] = False
    # True if it may have missing entries there.
    masks_in_passes: ClassVar[bool] = False
    # False if a bin is described from the bins before it: single entries can't be predicted.
    describes_entries: ClassVar[bool] = True

    @classmethod
    def command_name(cls) -> str:
        """The name of this kind on the command line."""
        # Its own, not that of a kind that it is made from.
        return str(cls.__dict__.get("_command", cls.__name__.lower()))

    def check_parameters(self) -> None:
        """Refuse parameters that can't be used, without any data.

        Raises
        ------
        ValueError
            Naming the parameter, its value and what is expected.
        """
        self._check()

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> Self:
        """Decompose ``X``.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            Never modified. NaN is missing, and so is what a masked array hides. TCA and SliceTCA
            fit torch tensors and CuPy arrays on the device where these are.
        y : ignored
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Returns
        -------
        self
            After Ctrl-C, with the best result so far and a warning.

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
        self._refuse_more_axes(X)
        self._starts(self._observe(X, mask, **options))

    def fit_transform(self, X: Any, y: Any = None, *, mask: Any = None) -> Any:
        """Fit, and return ``transform`` of the same trials.

        Parameters
        ----------
        X : as for ``fit``
        y : ignored
        mask : as for ``fit``, optional
        """
        return self.fit(X, y, mask=mask).training_features()

    def partial_fit(self, X: Any, y: Any = None, *, mask: Any = None) -> Self:
        """Add more trials without storing them, if this kind of model supports it.

        Parameters
        ----------
        X, mask : more trials, as for ``fit``
        y : ignored

        Raises
        ------
        ValueError
            If this kind needs all trials at once.
        """
        raise ValueError(
            f"partial_fit: {type(self).__name__} needs all trials at once; use fit with all of "
            "them, or TCA, which takes them in batches"
        )

    def transform(self, X: Any, *, mask: Any = None) -> Any:
        """Return the trial factors of new trials, with all other factors as fitted.

        Parameters
        ----------
        X : (n_new_trials, n_neurons, n_times) array or xarray.DataArray
            The same neurons and bins as in the fit.
        mask : bool array, optional
            False where missing.

        Returns
        -------
        (n_new_trials, R) array
            In the units of ``trial_factors_``; NaN for a trial without data. Where ``X`` is an
            array of another library, such as a torch tensor, so is this, on the same device.
        """
        check_is_fitted(self)
        if self.reads_in_passes and elsewhere.is_in_blocks(X):
            return elsewhere.transform(self._transform, X, mask)
        return as_given(X, self._transform(X, mask))

    def inverse_transform(self, X: Any) -> Any:
        """Return the data described by features, as returned by ``transform``.

        Parameters
        ----------
        X : (n_trials, R) array

        Returns
        -------
        (n_trials, n_neurons, n_times) array
        """
        check_is_fitted(self)
        return self._inverse_transform(X)

    def reconstruct(self) -> Any:
        """Return the model of the training data, in the form of ``inverse_transform``."""
        return self.inverse_transform(self.training_features())

    def score(self, X: Any, y: Any = None, *, mask: Any = None) -> float:
        """Return the fraction of the sum of squares of new trials that the model explains.

        The trial factors of ``X`` are fitted, the other factors are not. Higher is better; at
        most 1. It grows with the number of components: choose that by `selection.HeldOutScore`.

        Parameters
        ----------
        X : as for ``transform``
        y : ignored
        mask : as for ``transform``, optional
        """
        check_is_fitted(self)
        if self.reads_in_passes and elsewhere.is_in_blocks(X):
            return elsewhere.score(self._score, X, mask)
        return self._score(X, mask)

    def to_xarray(self) -> xarray.Dataset:
        """Return all fitted arrays, labelled with the coordinates of the data."""
        from trialtensor.models.labelled import as_dataset

        check_is_fitted(self)
        return as_dataset(self.fitted_, self._variables())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to an HDF5 file; read it back with ``trialtensor.load``.

        Parameters
        ----------
        path : path
            Replaced if it exists; never left partially written.
        """
        from trialtensor.models.files import save

        check_is_fitted(self)
        save(self, path)

    # Methods that a kind supplies or inherits.

    def _check(self) -> None:
        """Refuse parameters that can't be used."""
        raise NotImplementedError

    def _transform(self, X: Any, mask: Any) -> Any:
        raise NotImplementedError

    def _inverse_transform(self, X: Any) -> Any:
        raise NotImplementedError

    def _score(self, X: Any, mask: Any) -> float:
        layout = self.layout(X, mask)
        told = layout.arrays(self.inverse_transform(self.transform(X, mask=mask)))
        error = total = 0.0
        for values, each, seen in zip(layout.values, told, layout.seen(), strict=True):
            known = seen & np.isfinite(each)
            error += float(np.sum(np.square((values - each)[known], dtype=np.float64)))
            total += float(np.sum(np.square(values[known], dtype=np.float64)))
        nothing_to_explain(total, *layout.values)
        return 1 - error / total

    def _observe(self, X: Any, mask: Any) -> Any:
        """Check the data and convert it to the form that ``_solve`` takes."""
        if self.reads_in_passes and elsewhere.is_elsewhere(X):
            shown = bool(getattr(self, "verbose", 0))
            return elsewhere.prepare(X, mask, with_missing=self.masks_in_passes, progress=shown)
        return prepare(X, mask, many=self.any_axes)

    def _starts(self, data: Any) -> list[Start]:
        """Choose the starting points, and refuse data that don't suit the parameters."""
        return self._drawn_starts()

    def _warn_missing(self, data: Any) -> None:
        warn_empty(data.kept, getattr(data, "axes", AXES))

    def _weighted(self, data: Any) -> list[tuple[np.ndarray, float]]:
        """Return the arrays that are fitted, zero where missing, and their weights in the loss."""
        problem = getattr(data, "problem", None)
        return [] if problem is None else [(problem.X, 1.0)]

    def _solve(
        self, data: Any, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[Any]]:
        raise NotImplementedError

    def _describe(self, data: Any, found: list[RestartResult[Any]]) -> Fitted:
        raise NotImplementedError

    def _assemble(self, arrays: Mapping[str, Named], **about: Any) -> Fitted:
        """Combine arrays with the record of their fit (record, data, coords)."""
        return Fitted(type(self).__name__, arrays, make_components(arrays), **about)

    def training_features(self) -> Any:
        """Return what ``transform`` gives of the training trials."""
        check_is_fitted(self)
        return self.fitted_.arrays["trial_factors"].values

    def _variables(self) -> dict[str, Any]:
        return {
            name: (named.dims, named.values)
            for name, named in self.fitted_.arrays.items()
            if named.dims
        }

    # The fit.

    @property
    def _n_features_out(self) -> int:
        return len(self.fitted_.components)

    def _fit(self, X: Any, mask: Any, **given: Any) -> Self:
        self.check_parameters()
        self._refuse_more_axes(X)
        check_memory(type(self), X, mask)
        data = self._observe(X, mask, **given)
        with elsewhere.reading(data, lambda: self.stop_reason_ is not StopReason.INTERRUPTED):
            return self._fit_to(data, said_by(X))

    def _fit_to(self, data: Any, said: Mapping[str, Any] | None = None) -> Self:
        starts = self._starts(data)
        self._warn_missing(data)
        nonnegative = getattr(self, "nonnegative", False)
        axes = getattr(data, "axes", AXES)
        below = warn_below_zero(nonnegative, self._weighted(data), axes) if nonnegative else 0.0
        verbose = getattr(self, "verbose", 0)
        with blas_threads_for(data.size), progress(len(starts), verbose) as bar:
            found = self._solve(data, starts, lambda _: bar.update())
            try:
                fitted = self._describe(data, found)
            except KeyboardInterrupt:
                # The work is done and this takes moments: losing it all now would be a pity.
                fitted = self._describe(data, mark_interrupted(found))
        # A kind that is made from another one is a kind of its own.
        known = {**fitted.data, "out_of_reach": below} if below else fitted.data
        known = {**known, **(said or {})}
        self._store(replace(fitted, kind=type(self).__name__, data=known))
        warn_of(fitted)
        return self

    def _store(self, fitted: Fitted) -> None:
        """Set the attributes that end in an underscore: views of ``fitted``."""
        set_attributes(self, fitted)

    def _drawn_starts(self) -> list[Start]:
        """Yield the first start by ``init``, the others at random, each with its own seed."""
        seeds: Any = generator(self.random_state).integers(2**31, size=self.n_init)
        kinds = [getattr(self, "init", "random")] + ["random"] * (self.n_init - 1)
        return [Start(kind, int(seed)) for kind, seed in zip(kinds, seeds, strict=True)]

    def _check_solver_parameters(self, *, given_init: bool = False) -> None:
        """Check the parameters common to iterative models."""
        check_solver_parameters(self, given_init=given_init)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags
