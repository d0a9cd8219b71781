"""How a tensor was made, as its attributes say: kept by fitted models, shown by reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray

# What was done to values, first to last.
PREPARED = "prepared"
# Of `events.bin_spikes`, `cut_traces`, tables and objects; of steps after it; of joined sessions.
RECORDED = (
    "made_by", "source", "signal", "align_to", "window", "bin_size", "how", "sample_interval",
    "baseline", "units", "left_out", "time_steps", "align_events", "joined_by", "join_linked",
    "join_offsets", PREPARED,
)  # fmt: skip
# Attributes of a tensor, and what they are called in words.
_MADE = (
    ("signal", "signal"),
    ("units", "values"),
    ("how", "resampling"),
    ("time_steps", "then"),
    ("align_events", "aligned to"),
    ("left_out", "columns left out"),
)
_THEN = " > "
# A record is kept in an attribute of a file, which has room for 64 kB.
_LONGEST = 2000


def making_of(X: Any) -> dict[str, Any]:
    """Return what the attributes of a labelled tensor say of how it was made.

    Parameters
    ----------
    X : array or xarray.DataArray, or list or dict of them
        Of several, what all have in common; text that differs is joined.

    Returns
    -------
    dict
        Text, numbers and lists of numbers, by the names in `RECORDED`; empty for bare arrays.

    Examples
    --------
    >>> import trialtensor as tt
    >>> trials = {"cue": [1.0, 2.0]}
    >>> X = tt.bin_spikes([[1.1]], trials, align_to="cue", window=(0, 0.5), bin_size=0.1)
    >>> told = making_of(X)
    >>> told["align_to"], told["window"], told["bin_size"]
    ('cue', [0.0, 0.5], 0.1)
    """
    each = [_told_by(one) for one in _labelled(X)]
    found = {}
    for name in RECORDED:
        values = [told[name] for told in each if name in told]
        if values and all(value == values[0] for value in values):
            found[name] = values[0]
        elif values and all(isinstance(value, str) for value in values):
            found[name] = _short("; ".join(dict.fromkeys(values)))
    return found


def making_phrases(made: Mapping[str, Any]) -> list[str]:
    """Say how a tensor was made, a phrase each.

    Parameters
    ----------
    made : dict
        From `making_of`.

    Examples
    --------
    >>> made = {"made_by": "trialtensor 1.0, bin_spikes", "align_to": "go", "window": [-0.5, 1]}
    >>> for phrase in making_phrases(made | {"bin_size": 0.02, "units": "spikes per bin"}):
    ...     print(phrase)
    cut around go, -0.5 to 1 s, in bins of 0.02 s
    values: spikes per bin
    made by trialtensor 1.0, bin_spikes
    """
    parts = [_cut_phrase(made)]
    parts += [f"{word}: {made[name]}" for name, word in _MADE if made.get(name)]
    if made.get("joined_by"):
        offsets = made.get("join_offsets", "none")
        removed = "" if offsets == "none" else f", their offsets removed by {offsets}"
        parts.append(f"sessions joined by {made['joined_by']}{removed}")
    if made.get("made_by"):
        parts.append(f"made by {made['made_by']}")
    return [part for part in parts if part]


def _cut_phrase(made: Mapping[str, Any]) -> str:
    """Say around which event trials were cut, how far and how finely."""
    size = made.get("bin_size")
    bins = f"in bins of {size:g} s" if isinstance(size, int | float) else ""
    if not made.get("align_to"):
        return bins
    window = made.get("window")
    span = ""
    if isinstance(window, list) and len(window) == 2:
        span = f"{window[0]:g} to {window[1]:g} s"
    return ", ".join(filter(None, (f"cut around {made['align_to']}", span, bins)))


def with_preparation(X: xarray.DataArray, what: str) -> xarray.DataArray:
    """Return a tensor that says what was done to its values, after all that was done before.

    Parameters
    ----------
    X : xarray.DataArray
    what : str
        Such as "sqrt"; empty for what keeps a record of its own.
    """
    if not what:
        return X
    return X.assign_attrs({PREPARED: _THEN.join([*preparations_of(X), what])})


def without_preparation(X: xarray.DataArray, what: str) -> xarray.DataArray:
    """Return a tensor that doesn't say any more that this was done last, if it does.

    Parameters
    ----------
    X, what : as for `with_preparation`
    """
    done = preparations_of(X)
    if not done or done[-1] != what:
        return X
    left = {name: each for name, each in X.attrs.items() if name != PREPARED}
    found = X.copy(deep=False)
    found.attrs = {**left, PREPARED: _THEN.join(done[:-1])} if done[:-1] else left
    return found


def preparations_of(told: Any) -> list[str]:
    """Return what was done to the values of a tensor, first to last.

    Parameters
    ----------
    told : xarray.DataArray, or dict from `making_of`
    """
    text = str((told if isinstance(told, Mapping) else told.attrs).get(PREPARED, ""))
    return text.split(_THEN) if text else []


def _labelled(X: Any) -> Iterator[Any]:
    if hasattr(X, "dims"):
        yield X
        return
    several = X.values() if isinstance(X, Mapping) else X if isinstance(X, list | tuple) else ()
    yield from (each for each in several if hasattr(each, "dims"))


def _told_by(X: Any) -> dict[str, Any]:
    attributes = getattr(X, "attrs", {})
    told = {name: _plain(attributes[name]) for name in RECORDED if name in attributes}
    return {name: value for name, value in told.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return text, a number or a short list of numbers; None for anything else."""
    if isinstance(value, str):
        return _short(value)
    try:
        found = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return found.tolist() if found.dtype.kind in "biuf" and found.size <= _LONGEST // 20 else None


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
