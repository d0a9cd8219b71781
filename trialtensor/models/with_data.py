"""Methods that use a fitted model with its data: residuals, refits, shares of components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.arrays import as_floats
from trialtensor.data.axes import AXES
from trialtensor.data.more_axes import axes_of, three_axes_only
from trialtensor.models import layout as layouts
from trialtensor.models.fitted import Component, Fitted
from trialtensor.models.layout import Layout


class AskedWithData(BaseEstimator):
    """Methods of every model that take the model and its data together.

    A kind that takes other data than one array of trials overrides ``layout``; one whose ``fit``
    takes more than a mask overrides ``fit_arguments``.
    """

    fitted_: Fitted
    # True if data may have more axes than trials, neurons and times.
    any_axes: ClassVar[bool] = False

    def residuals(self, X: Any, *, mask: Any = None) -> Any:
        """Return the residuals of the data that the model was fitted to.

        Parameters
        ----------
        X, mask : the data of the fit

        Returns
        -------
        array, or list or dict of arrays, in the form of ``X``
            NaN where nothing was observed, and where the model is undefined.

        Raises
        ------
        ValueError
            For data of another shape.
        """
        check_is_fitted(self)
        layout = self.layout(X, mask)
        told = self._told(layout)
        self._check_shapes(layout, [each.shape for each in told])
        return layout.form(
            [
                np.where(seen, values - each, np.nan).astype(values.dtype, copy=False)
                for values, each, seen in zip(layout.values, told, layout.seen(), strict=True)
            ]
        )

    def layout(self, X: Any, mask: Any = None) -> Layout:
        """Check data and return the positions of its arrays among all trials and neurons.

        Parameters
        ----------
        X, mask : as for ``fit``

        Returns
        -------
        Layout
        """
        return layouts.of_array(X, mask, many=self.any_axes)

    def fit_arguments(self) -> dict[str, Any]:
        """Return further arguments passed to the fit, such as a label for each trial."""
        return {}

    def _shared_data(self, X: Any, *, mask: Any = None, **options: Any) -> Any:
        """Return data in a form that fits of this model and of smaller ones share, if there is one.

        Parameters
        ----------
        X, mask : as for ``fit``
        **options
            Further arguments of ``fit``.

        Returns
        -------
        object or None
            For ``_fit_shared``. None for a kind whose fits share nothing, which needs no such
            method.
        """
        return None

    def strata(self) -> list[np.ndarray]:
        """Return sets of trials that may replace each other in resampling."""
        check_is_fitted(self)
        fitted = self.fitted_
        if fitted.blocks:
            return [np.asarray(trials) for trials in fitted.blocks.values()]
        return [np.arange(fitted.shape[0])]

    def restarted(self, rows: Sequence[np.ndarray]) -> Self:
        """Return an unfitted model that starts from this one, for some of its trials.

        Parameters
        ----------
        rows : list of int arrays
            Indices of the trials in each array of the data.
        """
        return clone(self).set_params(**self._quiet())

    def noisy(
        self, layout: Layout, deviations: Sequence[float], rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Return the data plus Gaussian noise.

        Parameters
        ----------
        layout : Layout
            The data, as arrays.
        deviations : list of float
            Standard deviation of the noise of each array, in the units of the data.
        rng : Generator

        Returns
        -------
        list of arrays
            In the shapes of ``layout.values``.
        """
        return [
            values + deviation * rng.standard_normal(values.shape, dtype=values.dtype)
            for values, deviation in zip(layout.values, deviations, strict=True)
        ]

    def check_layout(self, layout: Layout) -> None:
        """Refuse data whose shape differs from that of the fit.

        Parameters
        ----------
        layout : Layout

        Raises
        ------
        ValueError
            Saying what was expected.
        """
        check_is_fitted(self)
        fitted = self.fitted_
        if layout.single:
            # After partial_fit, only the latest trials are known.
            shapes = [(fitted.length("trial"), *fitted.shape[1:])]
        elif fitted.blocks:
            shapes = [each.shape for each in self._told(layout)]
        else:
            names = [str(name) for name in layout.names]
            if names != list(fitted.datasets):
                raise ValueError(
                    f"X: {type(self).__name__} was fitted to datasets {list(fitted.datasets)}, got "
                    f"{names}"
                )
            shapes = [tuple(fitted.length(axis, name) for axis in AXES) for name in names]
        self._check_shapes(layout, shapes)

    def component_tensors(self, layout: Layout) -> Iterator[list[np.ndarray]]:
        """Yield each component's contribution to the data, a list with one array per array.

        NaN where the model is undefined.

        Parameters
        ----------
        layout : Layout
            The data of the fit.

        Yields
        ------
        list of arrays
            In the shapes of ``layout.values`` and the units of the data.
        """
        check_is_fitted(self)
        self.check_layout(layout)
        for component in self.fitted_.components:
            yield [self._outer(component, layout, i) for i in range(len(layout.values))]

    def _refuse_more_axes(self, X: Any) -> None:
        """Refuse data with more axes than this kind takes."""
        several = list(X.values()) if layouts.is_dict(X) else X if layouts.are_arrays(X) else [X]
        for each in () if self.any_axes else several:
            three_axes_only(
                type(self).__name__,
                axes_of(each),
                instead="use TCA, which takes any number of axes, or merge some into one "
                "(`X.stack` of a DataArray, `reshape` of an array)",
            )

    def _told(self, layout: Layout) -> list[np.ndarray]:
        """Return the model's description of its training data."""
        return layout.arrays(self.reconstruct())

    def _outer(self, component: Component, layout: Layout, i: int) -> np.ndarray:
        """Return one component's contribution to one array of the data."""
        dataset, shape = layout.names[i], layout.values[i].shape
        blocks = self.fitted_.blocks
        if not blocks:
            name = None if dataset is None else str(dataset)
            return component.outer(dict(zip(self.fitted_.axes, shape, strict=True)), name)
        whole = np.full(shape, np.nan, layout.values[i].dtype)
        number = {trial: row for row, trial in enumerate(layout.trials[i].tolist())}
        course = component.vectors("trial")[0].values
        # By block, or finding the parts of one would take as long as there are blocks.
        own = {part.block: part for part in component.parts if part.block is not None}
        common = [part for part in component.parts if part.block is None]
        for block, trials in blocks.items():
            rows = [number[trial] for trial in trials.tolist() if trial in number]
            if rows:
                within = {"neuron": shape[1], "time": shape[2]}
                pattern = replace(component, parts=(own[block], *common)).outer(within, block=block)
                whole[rows] = np.multiply.outer(course[layout.trials[i][rows]], pattern)
        return whole

    def _check_shapes(self, layout: Layout, expected: Sequence[tuple[int, ...]]) -> None:
        got = [values.shape for values in layout.values]
        if got != list(expected):
            one = len(got) == len(expected) == 1
            raise ValueError(
                f"X: expected the data of the fit, ({self._sizes()}) = "
                f"{expected[0] if one else expected}, got {got[0] if one else got}; "
                f"this {type(self).__name__} was fitted to other data (after partial_fit, only the "
                "latest trials are known)"
            )

    def _sizes(self) -> str:
        return ", ".join(f"n_{axis}s" for axis in self.fitted_.axes)

    def _check_features(self, X: Any, n: int | None = None) -> np.ndarray:
        """Refuse anything but ``(n_trials, n)`` features."""
        features = as_floats(X, "X", None)
        n = len(self.fitted_.components) if n is None else n
        if features.ndim != 2 or features.shape[1] != n:
            raise ValueError(f"X: expected trial factors (n_trials, {n}), got {features.shape}")
        return features

    def _check_rows(self, rows: np.ndarray, n_trials: int) -> None:
        """Refuse trials that the model doesn't know (after ``partial_fit``, all but the latest)."""
        if np.max(rows, initial=-1) >= n_trials:
            raise ValueError(
                f"rows: this {type(self).__name__} knows {n_trials} trials (after partial_fit only "
                f"the latest), got index {np.max(rows)}"
            )

    def _quiet(self) -> dict[str, Any]:
        """Return parameters for a fit that runs beside many others."""
        return {
            name: value
            for name, value in (("n_jobs", None), ("verbose", 0))
            if name in self.get_params(deep=False)
        }
