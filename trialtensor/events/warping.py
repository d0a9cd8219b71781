"""Piecewise linear warping of time, so that several events fall on the same times in all trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_choice, check_whole
from trialtensor.data.time_axis import step_of, times_of
from trialtensor.events.aligning import event_times
from trialtensor.events.interpolation import Places, forward, nearest_back, solved_back
from trialtensor.events.steps import check_last, refuse_twice, with_step, without_step
from trialtensor.preparation.base import TrialTransformer, values_of

if TYPE_CHECKING:
    import xarray

_STEP = "TimeWarp"
_HOW = ("linear", "nearest")
_MARK = "warp_landmark"
_RECORD = ("warp_landmarks", "warp_template", "warp_times", "warp_how")
_LONGEST = 20  # times as many bins as the data; more are asked for by mistake


class TimeWarp(TrialTransformer):
    """Stretch the time between events of each trial to that of a template.

    Between two landmarks time is stretched linearly; before the first and after the last it is only
    shifted. A value at time s of the result is the trial's value at the time that falls on s.

    Parameters
    ----------
    landmarks : list of str, or (n_trials, n_landmarks) array
        Coordinates of the trials with the times of events, which are read anew from all data that
        is given; or these times themselves, for data with as many trials as the fit. In the units
        of the time axis, increasing within each trial.
    template : (n_landmarks,) array, optional
        Times that the landmarks come to. By default the median over trials of the fit of the first
        landmark, and of the intervals between landmarks.
    times : (n_bins,) array, "same" or "all", default "all"
        Times of the result. "all": with the step of the data over ``oversample``, as far as any
        trial of the fit reaches; "same": the times of the data.
    oversample : int or "exact", default 1
        How many times finer than the data's the bins of the result are. "exact": as many times as
        the inverse needs to be exact for the trials of the fit.
    how : {"linear", "nearest"}, default "linear"
        "linear" interpolates between bin centres; "nearest" takes the value of the bin that holds
        the time, and so copies values.

    Attributes
    ----------
    template_ : (n_landmarks,) array
    times_ : (n_times,) array
        Bin centres of the data of the fit.
    warped_times_ : (n_bins,) array
        Bin centres of the result.
    rates_ : (least, largest)
        How much time was stretched in the trials of the fit: template over trial.

    Notes
    -----
    A value next to a missing one is missing, unless it falls on a bin centre. A trial that lacks a
    landmark is NaN. Warp rates (or counts that were smoothed): a warped count is no count, and the
    sum of counts changes with the stretch.

    The inverse. With "linear", a value comes back exactly (to rounding, 1e-12 relative) where two
    observed bins of the result lie between it and a neighbour of it, or one lies on it; this holds
    everywhere with ``oversample="exact"``. With "nearest", it comes back bit for bit where a bin of
    the result copied it. `restorable` says where. Elsewhere "linear" interpolates back, with an
    error of the order of the second difference of the data, and "nearest" gives NaN.

    References
    ----------
    Perez, Kass & Merchant 2013, "Trial time warping to discriminate stimulus-related from
    movement-related neural activity"; Williams et al. 2020, "Discovering precise temporal patterns
    in large-scale neural recordings through robust and interpretable time warping", Neuron.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.events import TimeWarp
    >>> slow, fast = np.interp(np.arange(9), [0, 4, 8], [0, 4, 0]), np.zeros(9)
    >>> fast[:5] = np.interp(np.arange(5), [0, 2, 4], [0, 4, 0])
    >>> X = np.array([slow, fast])[:, None]
    >>> warp = TimeWarp([[0, 4, 8], [0, 2, 4]], template=[0, 4, 8], times=np.arange(0, 9.0, 2))
    >>> warp.fit_transform(X)[:, 0]
    array([[0., 2., 4., 2., 0.],
           [0., 2., 4., 2., 0.]])
    """

    def __init__(
        self,
        landmarks: Any,
        *,
        template: Any = None,
        times: Any = "all",
        oversample: Any = 1,
        how: str = "linear",
    ) -> None:
        self.landmarks = landmarks
        self.template = template
        self.times = times
        self.oversample = oversample
        self.how = how

    def inverse_transform(self, X: Any) -> Any:
        """Bring warped trials back to their own time.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_bins) array or xarray.DataArray
            With the landmarks of its trials, as for ``transform``.

        Returns
        -------
        ndarray or xarray.DataArray
            (n_trials, n_neurons, n_times); exact where `restorable` says so.
        """
        labelled = self._taken(X)
        if hasattr(X, "dims"):
            check_last(labelled, _STEP)
        self._refuse_times(labelled, self.warped_times_)
        values = values_of(labelled)
        back = nearest_back if self.how == "nearest" else solved_back
        found = np.stack(
            [
                back(each, places)
                for each, places in zip(values, self._all_places(labelled), strict=True)
            ]
        )
        if hasattr(X, "dims"):
            labelled = without_step(labelled, _STEP, *self._marks(), *_RECORD)
        return self._given(self._on(labelled, found, self.times_), X)

    def restorable(self, X: Any) -> np.ndarray:
        """Return which bins of trials the inverse gives back exactly.

        Parameters
        ----------
        X : as for ``transform``

        Returns
        -------
        (n_trials, n_times) bool array
            Where the grid of the result suffices; bins next to missing ones may be lost too.
        """
        labelled = self._taken(X)
        linear = self.how == "linear"
        return np.stack([each.restorable(linear) for each in self._all_places(labelled)])

    def _check(self) -> None:
        check_choice("how", self.how, _HOW)
        if isinstance(self.oversample, str):
            check_choice("oversample", self.oversample, ("exact",))
        else:
            check_whole("oversample", self.oversample, 1)
        if isinstance(self.times, str):
            check_choice("times", self.times, ("all", "same"))

    def _fit(self, X: xarray.DataArray) -> None:
        refuse_twice(X, _STEP)
        self.times_ = times_of(X)
        step = step_of(self.times_)
        marks = self._landmarks(X)
        complete = marks[np.isfinite(marks).all(axis=1)]
        if not len(complete):
            raise ValueError("landmarks: no trial has all of its landmarks")
        self.template_ = _template(self.template, complete)
        self._bare = "time" not in X.coords
        if complete.shape[1] > 1:
            rates = np.diff(self.template_) / np.diff(complete, axis=1)
            self.rates_ = (min(1.0, float(rates.min())), max(1.0, float(rates.max())))
        else:
            self.rates_ = (1.0, 1.0)
        self.warped_times_ = self._grid(complete, step)

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        refuse_twice(X, _STEP)
        self._refuse_times(X, self.times_)
        values = values_of(X)
        nearest = self.how == "nearest"
        found = np.stack(
            [
                forward(each, places, nearest)
                for each, places in zip(values, self._all_places(X), strict=True)
            ]
        )
        made = self._on(X, found, self.warped_times_)
        given = not _named(self.landmarks)
        names = self._marks()
        details = {
            "warp_landmarks": ", ".join(names if given else self.landmarks),
            "warp_template": self.template_.tolist(),
            "warp_times": self.times_.tolist(),
            "warp_how": self.how,
        }
        if given:
            marks = self._landmarks(X)
            own = {name: ("trial", each) for name, each in zip(names, marks.T, strict=True)}
            made = made.assign_coords(own)
        return with_step(made, _STEP, **details)

    def _said(self) -> str:
        return ""  # a step in time, with a record of its own

    def _marks(self) -> list[str]:
        """Return names for landmarks that came without."""
        return [f"{_MARK}_{i}" for i in range(len(self.template_))]

    def _landmarks(self, X: xarray.DataArray) -> np.ndarray:
        """Return the times of the landmarks, (n_trials, n_landmarks); NaN where missing."""
        if _named(self.landmarks):
            marks = np.stack([event_times(X, n, "landmarks") for n in self.landmarks], axis=1)
        elif f"{_MARK}_0" in X.coords:
            marks = np.stack([X.coords[name].to_numpy() for name in self._marks()], axis=1)
        else:
            marks = as_floats(self.landmarks, "landmarks")
            marks = marks[:, None] if marks.ndim == 1 else marks
        if marks.ndim != 2 or len(marks) != X.sizes["trial"] or not marks.shape[1]:
            raise ValueError(
                f"landmarks: expected times (n_trials, n_landmarks) of {X.sizes['trial']} trials, "
                f"or names of coordinates, got shape {marks.shape}"
            )
        wrong = np.flatnonzero(
            (np.diff(marks, axis=1) <= 0).any(axis=1) | np.isinf(marks).any(axis=1)
        )
        if len(wrong):
            raise ValueError(
                f"landmarks: expected finite times that increase in each trial; in {len(wrong)} of "
                f"{len(marks)} they don't, first in trial {wrong[0]}: {marks[wrong[0]].tolist()}"
            )
        return marks

    def _grid(self, marks: np.ndarray, step: float) -> np.ndarray:
        """Return the times of the result."""
        finer = self._finer()
        if not isinstance(self.times, str):
            grid = as_floats(self.times, "times")
            if grid.ndim != 1 or not len(grid) or not (np.diff(grid) > 0).all():
                raise ValueError(f"times: expected times that increase, got shape {grid.shape}")
            return grid
        if self.times == "same" and finer == 1:
            return self.times_.copy()
        # Copies are taken from all of a bin, interpolated values from between bin centres.
        half = step / 2 if self.how == "nearest" else 0.0
        ends = self.times_[[0, -1]] + np.array([-half, half])
        if self.times == "all":
            ends = self._reach(ends, marks)
        own = step / finer
        first = np.ceil((ends[0] - self.times_[0]) / own - 1e-9)
        last = np.floor((ends[1] - self.times_[0]) / own + (-1e-9 if half else 1e-9))
        if last - first > _LONGEST * finer * len(self.times_):
            raise ValueError(
                f"landmarks: warped trials would go from {ends[0]:g} to {ends[1]:g}, the times of "
                f"the data from {self.times_[0]:g} to {self.times_[-1]:g}; expected landmarks of "
                "the same clock and unit, or give times"
            )
        return np.asarray(self.times_[0] + np.arange(first, last + 1) * own)

    def _reach(self, ends: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """Return the first and last time that the ends of any trial come to."""
        first, last = np.array([warped(ends, each, self.template_) for each in marks]).T
        return np.array([first.min(), last.max()])

    def _finer(self) -> int:
        if self.oversample != "exact":
            return int(self.oversample)
        if self.how == "nearest":
            return int(np.ceil(1 / self.rates_[0] - 1e-9))
        # An interval at least as long as two steps holds two points.
        return int(np.ceil(2 / self.rates_[0] - 1e-9))

    def _all_places(self, X: xarray.DataArray) -> list[Places]:
        """Return where the bins of the result lie among those of each trial."""
        marks = self._landmarks(X)
        return [
            Places.among(self.times_, warped(self.warped_times_, self.template_, each))
            if np.isfinite(each).all()
            else Places.nowhere(len(self.times_), len(self.warped_times_))
            for each in marks
        ]

    def _refuse_times(self, X: xarray.DataArray, expected: np.ndarray) -> None:
        if X.sizes["time"] == len(expected):
            bare = "time" not in X.coords
            if bare or np.allclose(times_of(X), expected, rtol=1e-9, atol=1e-9):
                return
        raise ValueError(
            f"X: expected {len(expected)} bins from {expected[0]:g} to {expected[-1]:g}, as in the "
            f"fit, got {X.sizes['time']}"
        )

    def _on(self, X: xarray.DataArray, values: np.ndarray, times: np.ndarray) -> xarray.DataArray:
        """Return values with the labels of trials and neurons, and these times."""
        import xarray

        kept = {name: each for name, each in X.coords.items() if "time" not in each.dims}
        if not self._bare or times is self.warped_times_:
            kept["time"] = times
        dims = ("trial", "neuron", "time")
        return xarray.DataArray(values, dims=dims, coords=kept, attrs=X.attrs, name=X.name)


def warped(times: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Map times so that the landmarks ``source`` come to ``target``.

    Parameters
    ----------
    times : array
    source, target : (n_landmarks,) arrays
        Increasing.

    Returns
    -------
    array of the shape of ``times``

    Examples
    --------
    >>> warped(np.array([-1.0, 1.0, 5.0]), np.array([0.0, 2.0]), np.array([0.0, 4.0])).tolist()
    [-1.0, 2.0, 7.0]
    """
    inside = np.interp(times, source, target)
    before, after = np.minimum(times - source[0], 0), np.maximum(times - source[-1], 0)
    return np.asarray(inside + before + after)


def _named(landmarks: Any) -> bool:
    several = isinstance(landmarks, Sequence) and not isinstance(landmarks, str)
    return several and bool(landmarks) and all(isinstance(each, str) for each in landmarks)


def _template(given: Any, marks: np.ndarray) -> np.ndarray:
    if given is None:
        # Medians of times alone could come in another order.
        gaps = np.median(np.diff(marks, axis=1), axis=0)
        return np.median(marks[:, 0]) + np.concatenate([[0.0], np.cumsum(gaps)])
    template = as_floats(given, "template")
    if template.shape != marks.shape[1:] or not (np.diff(template) > 0).all():
        raise ValueError(
            f"template: expected {marks.shape[1]} times that increase, one for each landmark, got "
            f"{np.asarray(given).tolist()}"
        )
    return template
