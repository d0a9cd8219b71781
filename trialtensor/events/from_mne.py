"""Epochs of MNE: a tensor already."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import xarray

from trialtensor.events.labelled import labelled


def tensor_of(epochs: Any) -> xarray.DataArray:
    """Return epochs of MNE as a tensor.

    Parameters
    ----------
    epochs : mne.Epochs

    Returns
    -------
    xarray.DataArray
        Dimensions "trial", "neuron" (channels) and "time" (samples, in seconds). Labels are the
        metadata, the name of the event of each epoch, and the type of each channel.
    """
    values = np.asarray(epochs.get_data())
    trials = pandas.DataFrame(index=pandas.RangeIndex(len(values)))
    if epochs.metadata is not None:
        trials = epochs.metadata.reset_index(drop=True)
    names = {code: name for name, code in dict(epochs.event_id).items()}
    codes = np.asarray(epochs.events)[:, 2]
    trials = trials.assign(event=[names.get(int(code), str(code)) for code in codes])
    channels = pandas.DataFrame(
        {"channel_type": list(epochs.get_channel_types())}, index=list(epochs.ch_names)
    )
    attrs = {"made_by": "mne.Epochs", "source": "mne.Epochs", "baseline": _baseline(epochs)}
    return labelled(
        values,
        trials.rename_axis("trial"),
        channels,
        np.asarray(epochs.times, np.float64),
        name="epochs",
        attrs=attrs,
    )


def _baseline(epochs: Any) -> list[float] | None:
    ends = epochs.baseline
    if ends is None:
        return None
    whole = (float(epochs.times[0]), float(epochs.times[-1]))
    return [float(w if e is None else e) for e, w in zip(ends, whole, strict=True)]
