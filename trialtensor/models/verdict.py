"""The verdict on a fit, the same for warnings, figures, pages, tracking, files and the command."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from trialtensor.models.fitted import Fitted, Restart
from trialtensor.solvers.degeneracy import CANCELLING
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.result import StopReason

# A restart whose loss is this close to the best (relative) explains the data nearly as well.
_NEARLY = 0.01
_SETTLED = (StopReason.CONVERGED, StopReason.EXACT)


def is_degenerate(fitted: Fitted) -> bool:
    """Return True if two components cancel each other and grow, so that neither means anything.

    Parameters
    ----------
    fitted : Fitted
    """
    return fitted.record.stop_reason is StopReason.DEGENERATE


def advice(fitted: Fitted) -> str:
    """State what to do about the end of a fit, with the numbers that say so.

    Parameters
    ----------
    fitted : Fitted
    """
    reason, found = fitted.record.stop_reason, cancellation(fitted)
    if not found:
        return reason.advice
    if reason is StopReason.CONVERGED:
        return f"The loss has stopped falling. {found}"
    return f"{reason.advice} {found}"


def cancellation(fitted: Fitted) -> str:
    """State which components cancel each other; empty if none do.

    Parameters
    ----------
    fitted : Fitted
    """
    cosine = fitted.number("triple_cosine")
    if not (is_degenerate(fitted) or cosine < CANCELLING):
        return ""
    pair, names = cancelling_pair(fitted), "Two components"
    if pair is not None:
        first, second = (fitted.components[i].label for i in pair)
        names = f"Components {first} and {second}"
    if not is_degenerate(fitted):
        return (
            f"{names} are nearly opposite (cosine {cosine:.3f}) and cancel in part: read them "
            "together, not one by one, and compare with one component fewer."
        )
    text = f"{names} have a cosine of {cosine:.4f}{_and_size(fitted, pair)}."
    other = _other_restart(fitted)
    return text if other is None else f"{text} {other}"


def _and_size(fitted: Fitted, pair: tuple[int, int] | None) -> str:
    """Compare two components with their sum."""
    if pair is None:
        return ""
    gram = component_gram(fitted)[np.ix_(pair, pair)]
    times = float(np.sqrt(gram.diagonal().max() / max(gram.sum(), 1e-300)))
    size = f"{times:.0f} times as large as" if times < 1e4 else "vastly larger than"
    return f" and are {size} their sum"


def cancelling_pair(fitted: Fitted) -> tuple[int, int] | None:
    """Return the two components that cancel each other most; None if no two do, or not known.

    Parameters
    ----------
    fitted : Fitted
    """
    degenerate = is_degenerate(fitted)
    if len(fitted.components) < 2 or fitted.sliced:
        return None
    if not degenerate and not fitted.number("triple_cosine") < CANCELLING:
        return None
    gram = component_gram(fitted)
    size = np.sqrt(np.maximum(gram.diagonal(), 0))
    norms = np.outer(size, size)
    cosine = np.divide(gram, norms, out=np.zeros_like(gram), where=norms > 0)
    np.fill_diagonal(cosine, 1)
    first, second = divmod(int(np.argmin(cosine)), len(cosine))
    return (min(first, second), max(first, second)) if cosine[first, second] < 0 else None


def component_gram(fitted: Fitted) -> np.ndarray:
    """Return the inner products of the components with each other, over all datasets and blocks.

    Parameters
    ----------
    fitted : Fitted
        Of a kind whose components are products of vectors. Datasets count as in the fit.

    Returns
    -------
    (R, R) array
    """
    total = np.zeros((len(fitted.components),) * 2)
    for dataset in fitted.datasets or (None,):
        for block in fitted.blocks or (None,):
            stacks = _vectors(fitted, dataset, block)
            scales = np.array([each.scales.get(dataset, 1.0) for each in fitted.components])
            if dataset is not None and "scales" in fitted.arrays:
                scales = scales * fitted["scales"][fitted.datasets.index(dataset)]
            products = [stack.T @ stack for stack in stacks]
            total += reduce(np.multiply, products, np.outer(scales, scales))
    return total


def _vectors(fitted: Fitted, dataset: str | None, block: object) -> list[np.ndarray]:
    """Return the factors that describe one dataset and block, zero where a component has none."""
    found: dict[str, np.ndarray] = {}
    for r, component in enumerate(fitted.components):
        for part in component.parts:
            if not part.is_vector or not part.within(dataset, block):
                continue
            values = np.nan_to_num(np.asarray(part.values, dtype=np.float64))
            if block is not None and part.dims == ("trial",):
                values = values[fitted.blocks[block]]
            empty = np.zeros((len(values), len(fitted.components)))
            found.setdefault(part.name, empty)[:, r] = values
    return list(found.values())


def about_unfinished(restarts: Sequence[Restart]) -> str:
    """State how many restarts were stopped before they came to rest; empty if none was.

    Parameters
    ----------
    restarts : sequence of Restart
        Best first.
    """
    n_left = sum(not restart.finished for restart in restarts[1:])
    if not n_left:
        return ""
    why = "because they were on the way to a solution already found or to a worse one"
    if restarts[0].stop_reason is StopReason.INTERRUPTED:
        why = "because the fit was interrupted"
    some = f"{n_left} of {len(restarts)} restarts were"
    return f"{some} stopped before they had converged, {why}: they don't count"


def _cosine(restart: Restart) -> float:
    first, second, third = (np.nan_to_num(np.asarray(f, np.float64)) for f in restart.factors[-3:])
    return triple_cosine((first, second, third))


def _other_restart(fitted: Fitted) -> str | None:
    """Name a restart without such components that explains the data nearly as well."""
    restarts = [each for each in fitted.record.restarts if len(each.factors) == 3]
    for i, restart in enumerate(restarts):
        if restart.loss > restarts[0].loss * (1 + _NEARLY):
            return None
        if restart.stop_reason in _SETTLED and _cosine(restart) > CANCELLING:
            excess = 100 * (restart.loss / restarts[0].loss - 1) if restarts[0].loss > 0 else 0.0
            return (
                f"Restart {i + 1} of {len(restarts)} has no such components, and its loss is only "
                f"{excess:.2g} % higher: see restarts_[{i}]."
            )
    return None
