"""Fits to data that isn't in memory: what `observed.prepare` is for arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.elsewhere import OnDisk, kind_of, source_of
from trialtensor.data.more_axes import axes_of
from trialtensor.models import observed
from trialtensor.models.many_axes import as_many_axes, pattern_name
from trialtensor.models.observed import (
    FitInput,
    Kept,
    as_problem,
    check_scale,
    nothing_to_explain,
)
from trialtensor.models.sources import check_source, hidden, in_order, passes_over, with_labels
from trialtensor.models.summary import describe_data, named_axes, said_by, treatment_of
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.passes.journal import JournalPasses
from trialtensor.solvers.passes.on_device import SMALL, adds_in_double
from trialtensor.solvers.passes.reshaped import unwrapped
from trialtensor.solvers.passes.seen import CountedMask, Seen
from trialtensor.solvers.passes.seen_axes import SeenAxes
from trialtensor.solvers.passes.survey import Survey, survey
from trialtensor.solvers.problems import DenseProblem


def is_elsewhere(X: Any) -> bool:
    """Tell whether data is to be read pass by pass.

    Parameters
    ----------
    X : anything
    """
    return kind_of(X) is not None


def is_in_blocks(X: Any) -> bool:
    """Tell whether data has to be read a few trials at a time.

    Parameters
    ----------
    X : anything
    """
    return kind_of(X) in ("disk", "dask")


def goes_in_passes(X: Any) -> bool:
    """Tell whether fits of kinds that read in passes leave data where it is.

    Parameters
    ----------
    X : anything
    """
    return is_in_blocks(X) if kind_of(X) != "device" else not _is_better_in_memory(X)


def prepare(X: Any, mask: Any, *, with_missing: bool = True, progress: bool = False) -> FitInput:
    """Look at all of the data once, and build the problem whose passes read it.

    Parameters
    ----------
    X, mask : as for ``fit``
    with_missing : bool
        Whether this kind of model may be fitted block by block if entries are missing.
    progress : bool
        Show how far each pass is.

    Raises
    ------
    ValueError
        For data that can't be fitted: of another shape or type, infinite, or without signal.
    """
    many = len(X.shape) > len(AXES)
    if kind_of(X) == "device" and not goes_in_passes(X):
        seen = None if mask is None else as_numpy(mask)
        return observed.prepare(as_numpy(X), seen, many=many)
    source, coords = in_order(X)
    dtype, axes = check_source(source, X), axes_of(X)
    passes = passes_over(X, source, mask, progress=progress)
    found = survey(passes)
    _refuse(found, passes)
    if found.n_missing and not with_missing and kind_of(X) == "device":
        return observed.prepare(as_numpy(X), None if mask is None else as_numpy(mask))
    if found.n_missing and not with_missing:
        raise ValueError(
            f"X: {found.n_missing} of {passes.size} entries are missing; data with missing entries "
            "is fitted in memory: give it as an array"
        )
    size, n_observed = passes.size, passes.size - found.n_missing
    shape = passes.shape
    passes, seen, kept = _without_empty(passes, found)
    unwrapped(passes).__dict__["extremes"] = (found.least, found.most)
    check_scale(passes, found.norm2)
    problem, seen, pattern = _problem_of(passes, seen, found.norm2, axes)
    empty = {f"empty_{axis}s": int((~k).sum()) for axis, k in zip(axes, kept, strict=True)}
    treatment = treatment_of(pattern, kept, axes)
    summary = describe_data(shape, dtype, size, n_observed, pattern, treatment, **empty)
    return FitInput(problem, seen, kept, coords, named_axes(axes) | summary | said_by(X), axes)


def _problem_of(
    passes: Any, seen: CountedMask | None, norm2: float, axes: tuple[str, ...]
) -> tuple[Any, Any, str]:
    """Return the cheapest exact problem, the mask of what it reads, and its pattern's name."""
    if len(axes) > len(AXES):
        return as_many_axes(passes, seen, norm2), seen, pattern_name(seen, axes)
    problem, pattern = as_problem(passes, seen, norm2)
    if isinstance(problem, DenseProblem) and problem.pattern is not None:
        return problem, problem.pattern.as_mask(passes.shape), pattern
    return problem, seen, pattern


def _is_better_in_memory(X: Any) -> bool:
    """Tell whether data on a device is so small that its fit is faster in memory, or can't stay."""
    return math.prod(X.shape) <= SMALL or not adds_in_double(X)


def _without_empty(passes: Any, found: Survey) -> tuple[Any, Any, Kept]:
    """Return passes without slices that have no data, their mask, and which slices remain."""
    if not found.n_missing:
        inner = unwrapped(passes)
        inner = inner.passes if isinstance(inner, JournalPasses) else inner
        inner.has_missing = False
        return passes, None, tuple(np.ones(n, bool) for n in passes.shape)
    kind = Seen if passes.ndim == len(AXES) else SeenAxes
    seen = kind.of(passes)
    kept, n_observed = seen.with_data(), passes.size - found.n_missing
    if all(each.all() for each in kept):
        return passes, seen, kept
    inner = passes.without(kept)
    if n_observed == inner.size:
        return inner, None, kept
    return inner, seen.restricted(inner, kept), kept


def blocks_of(X: Any, mask: Any = None) -> Iterator[Any]:
    """Yield data a few trials at a time, each as it would be given to ``transform``.

    Parameters
    ----------
    X : data for which `is_in_blocks`
    mask : as for ``transform``
        What it hides is NaN.
    """
    source, coords = in_order(X)
    known = check_source(source, X)
    # Nothing is computed, so nothing is kept: a checkpoint is the fit's.
    plain = replace(X, checkpoint=None) if isinstance(X, OnDisk) else X
    parts = unwrapped(passes_over(plain, source)).parts()
    if mask is not None:
        # As in memory, where integers aren't single.
        single = known.kind == "f" and known.itemsize <= 4
        source = hidden(X, source, mask, np.float32 if single else np.float64)
    axes = axes_of(X) if hasattr(source_of(X), "coords") else None
    for part in parts:
        yield with_labels(np.asarray(source[part]), axes, coords)


def transform(of_trials: Callable[[Any, Any], Any], X: Any, mask: Any) -> np.ndarray:
    """Transform trials a few at a time; they don't depend on each other.

    Parameters
    ----------
    of_trials : callable
        From data in memory and its mask to features.
    X, mask : as for ``transform``
    """
    blocks = list(_transformed(of_trials, blocks_of(X, mask)))
    known = [each for each in blocks if not isinstance(each, int)]
    if not known:
        raise ValueError("X: all of its entries are missing; at least one observed value is needed")
    nothing = np.full((1, known[0].shape[1]), np.nan, known[0].dtype)
    return np.concatenate(
        [nothing.repeat(each, axis=0) if isinstance(each, int) else each for each in blocks]
    )


def _transformed(
    of_trials: Callable[[Any, Any], Any], blocks: Iterator[Any]
) -> Iterator[np.ndarray | int]:
    """Yield the features of each block, or the number of its trials if none of them has data."""
    for block in blocks:
        values = np.asarray(block)
        empty = values.dtype.kind == "f" and bool(np.isnan(values).all())
        yield len(values) if empty else of_trials(block, None)


def score(of_trials: Callable[[Any, Any], float], X: Any, mask: Any) -> float:
    """Return the explained share of the sum of squares of trials, a few at a time.

    Parameters
    ----------
    of_trials : callable
        From data in memory and its mask to the explained share.
    X, mask : as for ``score``
    """
    explained = total = 0.0
    for block in blocks_of(X, mask):
        flat = np.nan_to_num(np.asarray(block)).ravel().astype(np.float64)
        squares = float(flat @ flat)
        if squares:
            explained += of_trials(block, None) * squares
            total += squares
    nothing_to_explain(total, np.zeros(1))
    return explained / total


@contextmanager
def reading(data: Any, is_done: Callable[[], bool]) -> Iterator[None]:
    """Keep what a fit has read until it is done.

    Parameters
    ----------
    data : FitInput
    is_done : callable
        Whether the fit came to its end, asked after it: Ctrl-C raises no error.
    """
    passes = unwrapped(getattr(getattr(data, "problem", None), "X", None))
    if not isinstance(passes, JournalPasses):
        yield
        return
    done = False
    try:
        yield
        done = is_done()
    finally:
        passes.close(done=done)


def _refuse(found: Survey, passes: Passes) -> None:
    if found.n_infinite:
        raise ValueError("X: infinite values; set them to NaN if they are missing")
    if found.n_missing == passes.size:
        raise ValueError(
            f"X: all {passes.size} entries are missing (NaN, or False in mask); at least one "
            "observed value is needed"
        )
