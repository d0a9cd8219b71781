"""Trial tensors as a time series of pynapple with the intervals of its trials, and back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.time_axis import step_of, times_of

if TYPE_CHECKING:
    import xarray

# Where the time of a trial is 0, on the axis on which trials follow each other.
_ZERO = "time_zero"


def frame_of(X: xarray.DataArray) -> tuple[Any, Any]:
    """Return a ``TsdFrame`` of trials one after the other, a bin apart, and their ``IntervalSet``.

    Parameters
    ----------
    X : xarray.DataArray
        A labelled trial tensor with bins of one width.

    Raises
    ------
    ImportError
        Without pynapple.
    """
    nap = _pynapple()
    n_trials, _, n_times = X.shape
    times = times_of(X)
    step = step_of(times)
    starts = np.arange(n_trials) * (n_times + 1) * step
    within = (np.arange(n_times) + 0.5) * step
    epochs = nap.IntervalSet(start=starts, end=starts + n_times * step)
    zero = {_ZERO: starts + 0.5 * step - times[0]}
    with _without_remarks():
        epochs.set_info(**_metadata(X, "trial", epochs), **zero)
        return _frame(X, epochs, (starts[:, None] + within).ravel()), epochs


def _frame(X: xarray.DataArray, epochs: Any, times: np.ndarray) -> Any:
    frame = _pynapple().TsdFrame(
        t=times,
        d=X.to_numpy().transpose(0, 2, 1).reshape(len(times), -1),
        columns=X.coords["neuron"].to_numpy() if "neuron" in X.coords else None,
        time_support=epochs,
    )
    about = _metadata(X, "neuron", frame)
    about.pop("neuron", None)
    frame.set_info(**about)
    return frame


def tensor_of(frame: Any, epochs: Any) -> xarray.DataArray:
    """Return the trial tensor of a ``TsdFrame`` and the intervals of its trials.

    Parameters
    ----------
    frame : TsdFrame
    epochs : IntervalSet
        Of unequal length: shorter ones are padded with NaN at their end.

    Returns
    -------
    xarray.DataArray
        Metadata become coordinates; time is that since the start of a trial, or from where it was
        0 if the intervals came from `frame_of`.
    """
    import xarray

    nap = _pynapple()
    with _without_remarks():
        values = np.asarray(nap.build_tensor(frame, epochs)).transpose(1, 0, 2)
    trial = {str(n): ("trial", np.asarray(epochs.metadata[n])) for n in epochs.metadata}
    neuron = {str(n): ("neuron", np.asarray(frame.metadata[n])) for n in frame.metadata}
    zero = trial.pop(_ZERO, (None, np.asarray(epochs.start)))[1]
    longest = int(np.argmax(np.asarray(epochs.end) - np.asarray(epochs.start)))
    with _without_remarks():
        own = frame.restrict(epochs[longest]).t
    coords = {
        **trial,
        **neuron,
        "neuron": np.asarray(frame.columns),
        "time": own - float(zero[longest]),
    }
    return xarray.DataArray(values, dims=("trial", "neuron", "time"), coords=coords)


@contextmanager
def _without_remarks() -> Iterator[None]:
    """Quiet pynapple, which warns of every name of metadata that can't be an attribute."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Metadata name")
        yield


def _metadata(X: xarray.DataArray, axis: str, of: Any) -> dict[str, np.ndarray]:
    """Return the labels along an axis, under names that pynapple has no use of its own for."""
    found = {}
    for name, each in X.coords.items():
        if each.dims == (axis,):
            taken = hasattr(of, str(name)) or name in ("start", "end", "t", "d", "columns")
            found[f"{name}_" if taken else str(name)] = each.to_numpy()
    return found


def _pynapple() -> Any:
    try:
        import pynapple
    except ImportError as error:
        raise ImportError("to_layout: this layout needs pynapple: pip install pynapple") from error
    return pynapple
